/** What all forms of a layer's Gram matrix share: blocks of samples, reading, and adding a tile to the matrix. */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { FactorMatrix } from './bank.ts';

/** Number of samples in the rows and columns of a tile. */
export const TILE = 16;

/** Products of two floats in about the time in which one state is scored. */
export const PRODUCTS = 200_000;

/** Samples `from` to `to` - 1. */
export interface Block {
  readonly from: number;
  readonly to: number;
}

/** Divides the samples into blocks of at most `limit` bytes, each of at least one sample. */
export function blocksOf(samples: number, bytes: (sample: number) => number, limit: number): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < samples; i++) {
    const more = bytes(i);
    if (i > from && size + more > limit) {
      blocks.push({ from, to: i });
      from = i;
      size = 0;
    }
    size += more;
  }
  blocks.push({ from, to: samples });
  return blocks;
}

/** Reads whole rows to an address of the arena. */
export function readInto(arena: Arena, matrix: FactorMatrix, row: number, rows: number, address: number): void {
  const first = index32(address);
  matrix.read(row, rows, 0, matrix.width, arena.f32.subarray(first, first + rows * matrix.width));
}

/** Adds a tile at index `first` of `values`, with row stride `ld`, and its mirror image to f64[samples, samples]. */
export function addTile(
  values: Float32Array | Float64Array,
  first: number,
  ld: number,
  [i, rows]: readonly [number, number],
  [j, columns]: readonly [number, number],
  into: Float64Array,
  samples: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [row, column] = [i + r, j + c];
      if (column < row) continue;
      const value = values[first + r * ld + c];
      into[row * samples + column] += value;
      if (column > row) into[column * samples + row] += value;
    }
  }
}
