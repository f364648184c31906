/** Label noise: inverts labels at random. */
import { randomStream } from '../../random.ts';

/** Inverts each label with probability `fraction`, in place. Rows without a label (-1) stay without one. */
export function flipLabels(labels: Int8Array, fraction: number, seed: number, iteration: number): Int8Array {
  if (fraction === 0) return labels;
  const random = randomStream(seed, 'labels/noise', iteration);
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] >= 0 && random.uniform() < fraction) labels[row] = 1 - labels[row];
  }
  return labels;
}
