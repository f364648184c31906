/** Labels of a set quality: wrong ones mixed in. */
import { randomStream } from '../../random.ts';

/** Turns each label into its opposite with probability `fraction`, in place; rows without a label (-1) keep none. */
export function flipLabels(labels: Int8Array, fraction: number, seed: number, iteration: number): Int8Array {
  if (fraction === 0) return labels;
  const random = randomStream(seed, 'labels/noise', iteration);
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] >= 0 && random.uniform() < fraction) labels[row] = 1 - labels[row];
  }
  return labels;
}
