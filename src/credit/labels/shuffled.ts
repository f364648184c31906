/** A control: labels with the same coverage and the same share of good labels, but without information. */
import { randomStream, shuffle } from '../../random.ts';

/**
 * Permutes the labels among the rows that have one (Fisher-Yates), in place. Rows without a label (-1) stay without
 * one.
 */
export function shuffleLabels(labels: Int8Array, seed: number, iteration: number): Int8Array {
  const shuffled = labels.filter((label) => label >= 0);
  shuffle(randomStream(seed, 'labels/shuffle', iteration), shuffled);
  let next = 0;
  for (let row = 0; row < labels.length; row++) if (labels[row] >= 0) labels[row] = shuffled[next++];
  return labels;
}
