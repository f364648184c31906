/** A control: labels with the same coverage and the same share of good labels, but without information. */
import { randomStream } from '../../random.ts';

/**
 * Permutes the labels among the rows that have one (Fisher-Yates), in place. Rows without a label (-1) stay without
 * one.
 */
export function shuffleLabels(labels: Int8Array, seed: number, iteration: number): Int8Array {
  const rows = new Int32Array(labels.length);
  let count = 0;
  for (let row = 0; row < labels.length; row++) if (labels[row] >= 0) rows[count++] = row;
  const random = randomStream(seed, 'labels/shuffle', iteration);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const label = labels[rows[i]];
    labels[rows[i]] = labels[rows[j]];
    labels[rows[j]] = label;
  }
  return labels;
}
