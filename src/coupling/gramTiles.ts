/**
 * Multiplies the recorded factors of all parameters, tile by tile. Each tile is computed for all parameters before the
 * next one, while its sum is in the cache. Of a symmetric matrix only the tiles on and above the diagonal are computed.
 */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import { type Factors, multiplyFactors, placeTiles, type Term, type TilePlace, type Tiles } from './gramFactors.ts';
import type { Samples } from './samples.ts';

/** Number of samples in the columns, and in the rows, of a tile. */
const TILE = 64;
const TILE_ROWS = 256;
/**
 * Number of samples in the columns of neighbouring tiles that are computed one after the other, while the factors of
 * their common rows are in the second-level cache.
 */
const BAND = 512;

/**
 * Rows 0 to `rows` - 1 of the matrix of the samples `left` by `right`; both are the same object for a symmetric matrix.
 */
export interface Request {
  readonly left: Samples;
  readonly right: Samples;
  readonly rows: number;
  /** Number of columns of the result. */
  readonly columns: number;
  /** Column of the first right sample. */
  readonly firstColumn: number;
}

export interface Entry {
  readonly term: Term;
  readonly sides: readonly Factors[];
  /** Addresses of f32[rows, columns] for the parameter and for its bias, or 0. */
  readonly k: number;
  readonly kBias: number;
}

/**
 * In pieces: adds the tiles of all entries to f64[rows, columns] at address `total`, or writes them there if it is
 * `fresh`.
 */
export function* multiplyAll(
  arena: Arena,
  request: Request,
  entries: readonly Entry[],
  total: number,
  fresh: boolean,
): Pieces<void> {
  const { left, right, rows } = request;
  const terms = entries.map(({ term }) => term);
  const tiles = placeTiles(arena, terms, TILE_ROWS, TILE);
  const n = right.states.length;
  for (let band = 0; band < n; band += BAND) {
    for (let i = 0; i < rows; i += TILE_ROWS) {
      for (let j = band; j < Math.min(n, band + BAND); j += TILE) {
        const nj = Math.min(TILE, n - j);
        const end = left === right ? Math.min(rows, j + nj) : rows;
        const ni = Math.min(TILE_ROWS, end - i);
        if (ni <= 0) continue;
        multiplyTile(arena, request, entries, tiles, { i, ni, j, nj }, total, fresh);
        // A tile takes about as long as scoring this number of states.
        yield nj;
      }
    }
  }
}

/** Adds the tile at `place` of all entries to the matrix at address `total`; see `multiplyAll`. */
function multiplyTile(
  arena: Arena,
  { left, right, rows, columns, firstColumn }: Request,
  entries: readonly Entry[],
  tiles: Tiles,
  place: TilePlace,
  total: number,
  fresh: boolean,
): void {
  const { kernels } = arena;
  const { i, ni, j, nj } = place;
  const symmetric = left === right;
  const above = symmetric ? j - i : ni;
  const [row, column] = [firstColumn + i, firstColumn + j];
  const at = i * columns + column;
  /** Copies the mirror image of a tile with elements of 2^shift bytes, if the matrix has all rows. */
  const mirror = (tile: number, matrix: number, shift: number): void => {
    if (!symmetric || rows < columns) return;
    kernels.mirrorTile(ni, nj, tile, TILE, matrix + ((j * columns + row) << shift), columns, above, shift);
  };
  const keep = (tile: number, matrix: number): void => {
    if (!matrix) return;
    kernels.copyRows(ni, nj * 4, tile, TILE * 4, matrix + at * 4, columns * 4);
    mirror(tile, matrix, 2);
  };
  if (fresh) kernels.fill(tiles.sum, ni * TILE * 2, 0);
  else kernels.copyRows(ni, nj * 8, total + at * 8, columns * 8, tiles.sum, TILE * 8);
  for (const { term, sides, k, kBias } of entries) {
    multiplyFactors(kernels, term, place, sides, above, tiles, k > 0, TILE);
    keep(tiles.k, k);
    keep(tiles.kBias, kBias);
  }
  if (!Number.isFinite(kernels.gramPut(ni, nj, tiles.sum, TILE, total + at * 8, columns)))
    throw overflowError(arena, entries, tiles, place, above);
  mirror(tiles.sum, total, 3);
}

/** The error for a tile whose sum is not finite. Computes the tile again to find the parameter. */
function overflowError(arena: Arena, entries: readonly Entry[], tiles: Tiles, place: TilePlace, above: number): Error {
  const bad = entries.find(({ term, sides }) => {
    multiplyFactors(arena.kernels, term, place, sides, above, tiles, true, TILE);
    for (let r = 0; r < place.ni; r++) {
      for (let c = Math.max(0, r - above); c < place.nj; c++)
        if (!Number.isFinite(arena.f32[index32(tiles.k) + r * TILE + c])) return true;
    }
    return false;
  });
  // A product of a bias is a factor of that of its weight, so the weight has one that is not finite, too.
  return new Error(
    `gramMatrix: products of gradients must be finite, got one of ${bad?.term.parameter.name} beyond a 32-bit float; ` +
      'lower learningRate, or check the environment for extreme observations',
  );
}
