/** The Gram matrix of a weight as sums over pairs of rows of its factors. No gradient is computed. */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import type { DenseRows } from './bank.ts';
import { addTile, type Block, blocksOf, PRODUCTS, readInto, TILE } from './blocks.ts';

/** Largest sum of the widths of x and d. 64 rows of both, packed for the kernel, then take 128 MiB. */
export const maxWidths = 2 ** 19;

/** In pieces: adds the sums over pairs of rows, (x_r . x_t)(d_r . d_t). */
export function* addRowPairs(
  arena: Arena,
  { x, d, offsets }: DenseRows,
  samples: number,
  into: Float64Array,
  budget: number,
): Pieces<void> {
  const width = x.width + d.width;
  const bytes = (i: number): number => 4 * width * (offsets[i + 1] - offsets[i]);
  const blocks = blocksOf(samples, bytes, budget / 2);
  const start = arena.mark();
  try {
    // The size that assembly/gramPairs.ts requires.
    const work = arena.reserve(4 * (2 * 64 * 64 + 64 + 64 * width) + 128, false);
    const tile = arena.reserve(TILE * TILE * 4, false);
    const load = ({ from, to }: Block): { x: number; d: number; at: number } => {
      const [first, rows] = [offsets[from], offsets[to] - offsets[from]];
      const at = arena.floats(to - from + 1);
      for (let i = from; i <= to; i++) arena.i32[index32(at) + i - from] = offsets[i] - first;
      const place = { x: arena.reserve(4 * rows * x.width, false), d: arena.reserve(4 * rows * d.width, false), at };
      readInto(arena, x, first, rows, place.x);
      readInto(arena, d, first, rows, place.d);
      return place;
    };
    for (const [b, left] of blocks.entries()) {
      const leftMark = arena.mark();
      const a = load(left);
      for (const right of blocks.slice(b)) {
        const rightMark = arena.mark();
        const c = right === left ? a : load(right);
        for (let i = left.from; i < left.to; i += TILE) {
          const ni = Math.min(TILE, left.to - i);
          for (let j = right === left ? i : right.from; j < right.to; j += TILE) {
            const nj = Math.min(TILE, right.to - j);
            const [offsetsI, offsetsJ] = [a.at + 4 * (i - left.from), c.at + 4 * (j - right.from)];
            const { kernels } = arena;
            kernels.gramPairwise(ni, offsetsI, a.x, a.d, nj, offsetsJ, c.x, c.d, x.width, d.width, tile, TILE, work);
            addTile(arena.f32, index32(tile), TILE, [i, ni], [j, nj], into, samples);
            yield ((offsets[i + ni] - offsets[i]) * (offsets[j + nj] - offsets[j]) * width) / PRODUCTS;
          }
        }
        arena.release(rightMark);
      }
      arena.release(leftMark);
    }
  } finally {
    arena.release(start);
  }
}
