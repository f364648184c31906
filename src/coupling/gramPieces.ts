/** Gram matrices in pieces for several threads; the pieces have the bits that they have in the whole. */
import type { Samples } from './samples.ts';

/** A matrix that is asked for: between `left` and `right`, or, where that is null, among `left`. */
export interface GramRequest {
  readonly left: Samples;
  readonly right: Samples | null;
}

/** Rows [from, to) of the matrix of request number `request`. */
export interface GramPiece {
  readonly request: number;
  readonly rows: readonly [from: number, to: number];
}

/** Rows are cut at multiples of this many samples. */
const BLOCK = 16;

/**
 * Rows of the matrix for each of up to `parts` threads, as [from, to) of the left samples: equally many, or of a symmetric matrix, where
 * row i starts at column i, about equally many elements.
 */
export function rowBlocks(samples: number, parts: number, symmetric = false): [number, number][] {
  const blocks = Math.ceil(samples / BLOCK);
  const count = Math.max(1, Math.min(parts, blocks));
  const cut = (k: number): number => {
    if (!symmetric) return Math.floor((k * blocks) / count);
    const even = Math.floor(blocks * (1 - Math.sqrt(1 - k / count)));
    // At least one block for every part before and after.
    return Math.min(Math.max(even, k), blocks - (count - k));
  };
  return Array.from({ length: count }, (_, k) => [cut(k) * BLOCK, Math.min(samples, cut(k + 1) * BLOCK)]);
}

/** Elements that are computed for rows [from, to). */
function elementsOf({ left, right }: GramRequest, from: number, to: number): number {
  const n = left.states.length;
  return right ? (to - from) * right.states.length : ((to - from) * (2 * n - from - to + 1)) / 2;
}

/**
 * Shares matrices out over threads, so that each computes about equally many elements. Every piece repeats backward passes of others, so a
 * matrix is cut only where there are more threads than matrices.
 *
 * @returns the pieces of each thread, none where there are too few rows
 */
export function assignPieces(requests: readonly GramRequest[], threads: number): GramPiece[][] {
  const sizes = requests.map((request) => elementsOf(request, 0, request.left.states.length));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const pieces = requests.flatMap((asked, request) => {
    const parts = Math.max(1, Math.round((threads * sizes[request]) / all));
    return rowBlocks(asked.left.states.length, parts, asked.right === null).map((rows) => ({
      request,
      rows,
      elements: elementsOf(asked, ...rows),
    }));
  });
  // The largest first, each to the thread that has least.
  pieces.sort((a, b) => b.elements - a.elements);
  const dealt: GramPiece[][] = Array.from({ length: threads }, () => []);
  const loads = new Array<number>(threads).fill(0);
  for (const { request, rows, elements } of pieces) {
    const thread = loads.indexOf(Math.min(...loads));
    dealt[thread].push({ request, rows });
    loads[thread] += elements;
  }
  return dealt;
}
