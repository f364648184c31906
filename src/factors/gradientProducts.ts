/** The Gram matrix of a weight as inner products of gradients, which are stored or computed from their factors. */
import { index32, index64 } from '../engine/kernels/address.ts';
import { type Arena, matmulScratchBytes } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import type { DenseRows, FactorMatrix } from './bank.ts';
import { addTile, type Block, blocksOf, PRODUCTS, readInto } from './blocks.ts';

/** Number of columns of gradients that are multiplied before their products are added in 64 bits. */
const COLUMNS = 16_384;

/** Largest number of samples of a block of stored gradients. */
const BLOCK = 256;

/**
 * In pieces: adds the inner products of gradients. `load` writes columns of the gradients of a block of samples to an
 * address, without gaps, `stride` columns at a time.
 */
function* addGradients(
  arena: Arena,
  size: number,
  stride: number,
  blocks: readonly Block[],
  load: (block: Block, column: number, columns: number, address: number) => void,
  samples: number,
  into: Float64Array,
): Pieces<void> {
  const start = arena.mark();
  try {
    const most = Math.max(...blocks.map(({ from, to }) => to - from));
    const tile = arena.reserve(4 * most * most, false);
    const sum = arena.reserve(8 * most * most, false);
    const scratch = arena.reserve(matmulScratchBytes(256, most), false);
    const [a, b] = [arena.reserve(4 * most * stride, false), arena.reserve(4 * most * stride, false)];
    for (const [k, left] of blocks.entries()) {
      const ni = left.to - left.from;
      // A block whose columns all fit is loaded once for all blocks on the right.
      if (stride === size) load(left, 0, size, a);
      for (const right of blocks.slice(k)) {
        const nj = right.to - right.from;
        arena.kernels.fill(sum, 2 * ni * nj, 0);
        for (let column = 0; column < size; column += stride) {
          const columns = Math.min(stride, size - column);
          if (stride < size) load(left, column, columns, a);
          if (right !== left) load(right, column, columns, b);
          const other = right === left ? a : b;
          for (let c = 0; c < columns; c += COLUMNS) {
            const width = Math.min(COLUMNS, columns - c);
            const { kernels } = arena;
            kernels.matmulNT(ni, nj, width, a + 4 * c, columns, other + 4 * c, columns, tile, nj, 0, 0, 0, scratch);
            kernels.gramAdd(ni, nj, tile, nj, sum);
            yield (ni * nj * width) / PRODUCTS;
          }
        }
        addTile(arena.f64, index64(sum), nj, [left.from, ni], [right.from, nj], into, samples);
      }
    }
  } finally {
    arena.release(start);
  }
}

/** In pieces: adds the inner products of stored gradients. */
export function* addStoredGradients(
  arena: Arena,
  gradients: FactorMatrix,
  samples: number,
  into: Float64Array,
): Pieces<void> {
  const stride = Math.min(gradients.width, COLUMNS);
  const blocks = blocksOf(samples, () => 1, BLOCK);
  const load = ({ from, to }: Block, column: number, columns: number, address: number): void => {
    const first = index32(address);
    const target = arena.f32.subarray(first, first + (to - from) * columns);
    gradients.read(from, to - from, column, columns, target);
  };
  yield* addGradients(arena, gradients.width, stride, blocks, load, samples, into);
}

/** In pieces: adds the inner products of gradients that are computed from their factors, block by block. */
export function* addComputedGradients(
  arena: Arena,
  { x, d, offsets }: DenseRows,
  samples: number,
  into: Float64Array,
  budget: number,
): Pieces<void> {
  const size = x.width * d.width;
  const most = Math.max(1, Math.floor(budget / 2 / (4 * size)));
  const blocks = blocksOf(samples, () => 1, most);
  const load = ({ from, to }: Block, _: number, __: number, address: number): void => {
    const mark = arena.mark();
    const scratch = arena.reserve(matmulScratchBytes(256, d.width), false);
    for (let i = from; i < to; i++) {
      const inner = arena.mark();
      const rows = offsets[i + 1] - offsets[i];
      const g = address + 4 * size * (i - from);
      const [xs, ds] = [arena.reserve(4 * rows * x.width, false), arena.reserve(4 * rows * d.width, false)];
      readInto(arena, x, offsets[i], rows, xs);
      readInto(arena, d, offsets[i], rows, ds);
      arena.kernels.matmulTN(x.width, d.width, rows, xs, x.width, ds, d.width, g, d.width, 0, 0, scratch);
      arena.release(inner);
    }
    arena.release(mark);
  };
  yield* addGradients(arena, size, size, blocks, load, samples, into);
}
