/**
 * The tree in which the gradients of shards are summed: (0 + 1) + (2 + 3) + ... Shards alone determine the tree, so the
 * sum has the same bits for any assignment of shards to threads.
 *
 * A thread that computes consecutive shards closes each sum as soon as its right operand is complete. It then needs one
 * vector for each open sum instead of one for each shard, and these few vectors stay in its cache.
 */
import type { Network } from '../layers/network.ts';

/** Number of sums that are open before term n: sums of earlier terms that wait for their right operand. */
export function openSums(n: number): number {
  let open = 0;
  for (let bits = n; bits > 0; bits >>>= 1) open += bits & 1;
  return open;
}

/** Number of vectors that a thread needs for `count` consecutive terms: one for each open sum, and one for the term. */
export function vectorsFor(count: number): number {
  return 32 - Math.clz32(count);
}

/**
 * Closes the sums whose right operand is complete with term n, which is in `vectors[openSums(n)]`. After the last term
 * the first vector holds the sum of all.
 */
export function closeSums(
  { addGradient }: Pick<Network, 'addGradient'>,
  vectors: readonly number[],
  n: number,
  isLast: boolean,
): void {
  let at = openSums(n);
  for (let bits = n; bits > 0 && (isLast || (bits & 1) === 1); bits >>>= 1) {
    if ((bits & 1) === 0) continue;
    addGradient(vectors[at - 1], vectors[at]);
    at--;
  }
}

/**
 * Sums part number `part` of `parts` of each vector in the tree. The first vector then holds this part of the sum; the
 * other vectors are reusable.
 */
export function sumPart(
  { addGradient }: Pick<Network, 'addGradient'>,
  vectors: readonly number[],
  part: number,
  parts: number,
): void {
  const count = vectors.length;
  for (let stride = 1; stride < count; stride *= 2) {
    for (let left = 0; left + stride < count; left += 2 * stride) {
      addGradient(vectors[left], vectors[left + stride], part, parts);
    }
  }
}
