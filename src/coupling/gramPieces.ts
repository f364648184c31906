/**
 * Partitions Gram matrices into pieces for several threads. The pieces are bitwise identical to the same rows of the
 * whole matrix.
 */
import type { Samples } from './samples.ts';

/** A requested matrix: `left` by `right`, or, where `right` is null, `left` by `left`. */
export interface GramRequest {
  readonly left: Samples;
  readonly right: Samples | null;
}

/** Rows `from` to `to` - 1 of the matrix of request number `request`. */
export interface GramPiece {
  readonly request: number;
  readonly rows: readonly [from: number, to: number];
}

/** Rows are partitioned at multiples of this number of samples. */
const BLOCK = 16;

/**
 * Rows of the matrix for each of up to `parts` threads, as [from, to) of the left samples. The blocks have about
 * equally many rows. Of a symmetric matrix, where row i starts at column i, they have about equally many elements.
 */
export function rowBlocks(samples: number, parts: number, symmetric = false): [number, number][] {
  const blocks = Math.ceil(samples / BLOCK);
  const count = Math.max(1, Math.min(parts, blocks));
  const cut = (k: number): number => {
    if (!symmetric) return Math.floor((k * blocks) / count);
    const even = Math.floor(blocks * (1 - Math.sqrt(1 - k / count)));
    // Leave at least one block for every part before and after.
    return Math.min(Math.max(even, k), blocks - (count - k));
  };
  return Array.from({ length: count }, (_, k) => [cut(k) * BLOCK, Math.min(samples, cut(k + 1) * BLOCK)]);
}

/** Number of elements that are computed for rows `from` to `to` - 1. */
function elementsOf({ left, right }: GramRequest, from: number, to: number): number {
  const n = left.states.length;
  return right ? (to - from) * right.states.length : ((to - from) * (2 * n - from - to + 1)) / 2;
}

/**
 * Assigns matrices to threads, so that each thread computes about equally many elements. Every piece repeats backward
 * passes of other pieces, so a matrix is partitioned only where there are more threads than matrices.
 *
 * @returns the pieces of each thread; an empty list for a thread where there are too few rows
 */
export function assignPieces(requests: readonly GramRequest[], threads: number): GramPiece[][] {
  const sizes = requests.map((request) => elementsOf(request, 0, request.left.states.length));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const pieces = requests.flatMap((matrix, request) => {
    const parts = Math.max(1, Math.round((threads * sizes[request]) / all));
    return rowBlocks(matrix.left.states.length, parts, matrix.right === null).map((rows) => ({
      request,
      rows,
      elements: elementsOf(matrix, ...rows),
    }));
  });
  // Assign the largest piece first, each to the thread with the fewest elements so far.
  pieces.sort((a, b) => b.elements - a.elements);
  const assigned: GramPiece[][] = Array.from({ length: threads }, () => []);
  const loads = new Array<number>(threads).fill(0);
  for (const { request, rows, elements } of pieces) {
    const thread = loads.indexOf(Math.min(...loads));
    assigned[thread].push({ request, rows });
    loads[thread] += elements;
  }
  return assigned;
}
