/**
 * Gram matrices of per-sample gradients, K[i][j] = <g_i, g_j> with g_i = d log pi(a_i | s_i) / d parameters, without
 * one backward pass per sample: every layer computes its part of g_i from saved inputs and output gradients. For a
 * weight matrix g_i = sum over the sample's rows of x^T d, so K_ij is either a product of the g (materialised for this
 * parameter only) or the pairwise sum of (x_r . x_t)(d_r . d_t). The form with fewer multiplications is used, per
 * parameter. For weights shared over tokens and candidate actions, the rows of a sample are summed first, as in their
 * gradients.
 *
 * A matrix is computed in tiles. Each tile is computed for all parameters before the next one, while its sum is in the
 * cache. Of a symmetric matrix only the tiles on and above the diagonal are computed.
 */
import { checkInteger, checkObject } from '../check/values.ts';
import { index64 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Parameter } from '../engine/layers/network.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import { type Pieces, runAtOnce } from '../eventLoop.ts';
import {
  type Factors,
  factorBytes,
  multiplyFactors,
  placeFactors,
  placeTileRoom,
  recordFactors,
  recordScratchBytes,
  type Term,
  type TileRoom,
  termsOf,
} from './gramFactors.ts';
import { checkSamples, gradientBatches, type Samples, sliceSamples } from './samples.ts';

/** A Gram matrix of per-sample gradients. */
export interface Gram {
  /** Rows and columns. */
  readonly rows: number;
  readonly columns: number;
  /** f64[rows, columns]: sums over all parameters. */
  readonly total: Float64Array;
  /**
   * f32[rows, columns] of each parameter, in the network's order, without the parameters whose gradient is 0
   * everywhere.
   */
  readonly byParameter: ReadonlyMap<string, Float32Array>;
}

/**
 * Budget in bytes for recorded factors and matrices of parameters. Parameters that exceed it are computed in further
 * passes.
 */
const BUDGET_BYTES = 192 * 2 ** 20;

/** Number of samples in the columns, and in the rows, of a tile. */
const TILE = 32;
const TILE_ROWS = 256;
/** Approximate bytes of the tiles: products, sums and their scratch memory. */
const TILE_BYTES = 2 ** 20;

/**
 * Copies the elements above the diagonal of matrix[n, n] below it, in blocks of 8 x 8: 8 rows fit in the first-level
 * cache.
 */
function mirrorUpper(matrix: Float32Array | Float64Array, n: number): void {
  for (let i0 = 0; i0 < n; i0 += 8) {
    const iEnd = Math.min(n, i0 + 8);
    for (let j0 = 0; j0 <= i0; j0 += 8) {
      for (let i = i0; i < iEnd; i++) {
        const jEnd = Math.min(i, j0 + 8);
        for (let j = j0; j < jEnd; j++) matrix[i * n + j] = matrix[j * n + i];
      }
    }
  }
}

/**
 * Rows 0 to `rows` - 1 of the matrix of the samples `left` by `right`; both are the same object for a symmetric matrix.
 */
interface Request {
  readonly left: Samples;
  readonly right: Samples;
  readonly rows: number;
  /** Number of columns of the result. */
  readonly columns: number;
  /** Column of the first right sample. */
  readonly firstColumn: number;
}

interface Entry {
  readonly term: Term;
  readonly sides: readonly Factors[];
  /** Addresses of f32[rows, columns] for the parameter and for its bias, or 0. */
  readonly k: number;
  readonly kBias: number;
}

/** In pieces: a backward pass over the samples of each side that records the factors of all entries. */
function* recordAll(
  policy: Policy,
  weights: number,
  sides: readonly Samples[],
  entries: readonly Entry[],
  scratch: number,
): Pieces<void> {
  const { network } = policy;
  const byParameter = new Map(entries.map((entry) => [entry.term.parameter, entry]));
  for (const [side, samples] of sides.entries()) {
    yield* gradientBatches(policy, weights, samples, 0, (first) => {
      for (const [parameter, part] of network.gradientParts(weights)) {
        const entry = byParameter.get(parameter);
        if (entry) recordFactors(network, entry.term, part, entry.sides[side], first, scratch);
      }
    });
  }
}

/**
 * Addresses of tiles, each contiguous in memory. Rows of the whole matrix can be a power of two apart in memory, and
 * would then evict each other from the cache.
 */
interface Tiles extends TileRoom {
  readonly k: number;
  readonly kBias: number;
  readonly sum: number;
}

function placeTiles(arena: Arena, entries: readonly Entry[]): Tiles {
  const room = placeTileRoom(
    arena,
    entries.map(({ term }) => term),
    TILE,
  );
  const [k, kBias] = [arena.floats(TILE_ROWS * TILE), arena.floats(TILE_ROWS * TILE)];
  return { ...room, k, kBias, sum: arena.reserve(TILE_ROWS * TILE * 8) };
}

/** In pieces: adds the tiles of all entries to f64[rows, columns] at address `total`. */
function* multiplyAll(arena: Arena, request: Request, entries: readonly Entry[], total: number): Pieces<void> {
  const { kernels } = arena;
  const { left, right, rows, columns, firstColumn } = request;
  const tiles = placeTiles(arena, entries);
  const n = right.states.length;
  for (let j = 0; j < n; j += TILE) {
    const nj = Math.min(TILE, n - j);
    const end = left === right ? Math.min(rows, j + nj) : rows;
    for (let i = 0; i < end; i += TILE_ROWS) {
      const ni = Math.min(TILE_ROWS, end - i);
      /**
       * Copies a tile with elements of 2^shift bytes to its position in the matrix, and its mirror image if the matrix
       * has all rows.
       */
      const put = (tile: number, matrix: number, shift: number): void => {
        const [row, column] = [firstColumn + i, firstColumn + j];
        const stride = columns << shift;
        kernels.copyRows(ni, nj << shift, tile, TILE << shift, matrix + i * stride + (column << shift), stride);
        if (left !== right || rows < columns) return;
        kernels.mirrorTile(ni, nj, tile, TILE, matrix + j * stride + (row << shift), columns, j - i, shift);
      };
      /** Adds a parameter's tile to the sum, and copies it to the parameter's matrix if there is one. */
      const take = (name: string, tile: number, matrix: number): void => {
        if (!Number.isFinite(kernels.gramAdd(ni, nj, tile, TILE, tiles.sum))) {
          throw new Error(
            `gramMatrix: products of gradients must be finite, got one of ${name} beyond a 32-bit float; ` +
              'lower learningRate, or check the environment for extreme observations',
          );
        }
        if (matrix) put(tile, matrix, 2);
      };
      const place = total + (i * columns + firstColumn + j) * 8;
      kernels.copyRows(ni, nj * 8, place, columns * 8, tiles.sum, TILE * 8);
      for (const { term, sides, k, kBias } of entries) {
        multiplyFactors(
          arena,
          term,
          i,
          ni,
          sides[0],
          j,
          nj,
          sides[sides.length - 1],
          tiles.k,
          tiles.kBias,
          TILE,
          tiles,
        );
        take(term.parameter.name, tiles.k, k);
        if (term.bias) take(term.bias.name, tiles.kBias, kBias);
      }
      put(tiles.sum, total, 3);
      // A tile takes about as long as scoring this number of states.
      yield TILE;
    }
  }
}

/** Copies the parameters' matrices out of the arena. */
function readMatrices(arena: Arena, size: number, entries: readonly Entry[]): [Parameter, Float32Array][] {
  return entries.flatMap(({ term, k, kBias }) => [
    [term.parameter, arena.read(k, size)] as [Parameter, Float32Array],
    ...(term.bias ? [[term.bias, arena.read(kBias, size)] as [Parameter, Float32Array]] : []),
  ]);
}

function* compute(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples,
  rows: readonly [number, number],
  keepParts: boolean,
): Pieces<{ total: Float64Array; matrices: Map<Parameter, Float32Array> }> {
  checkObject('gramMatrix', 'policy', policy, 'pass the result of createPolicy or policyOn');
  checkInteger('gramMatrix', 'weights', weights, 1, 2 ** 32 - 1, 'pass policy.weights');
  checkSamples(a);
  if (b !== a) checkSamples(b);
  const { arena, network } = policy;
  for (const { list, states } of [a, b]) growForStates(network.batch, list, states);
  const parts = network.gradientParts(weights);
  const pending = termsOf(parts, a, b);
  const [from, to] = rows;
  const columns = b.states.length;
  // Row i of a symmetric matrix needs the samples from i on.
  const left = sliceSamples(a, from, b === a ? columns : to);
  const request: Request = {
    left,
    right: b === a ? left : b,
    rows: to - from,
    columns,
    firstColumn: b === a ? from : 0,
  };
  const size = request.rows * columns;
  const matrices = new Map<Parameter, Float32Array>();
  const start = arena.mark();
  try {
    const total = arena.reserve(size * 8);
    while (pending.length > 0) {
      const mark = arena.mark();
      const scratch = arena.reserve(recordScratchBytes(parts));
      const sides = b === a ? [left] : [left, b];
      const entries: Entry[] = [];
      while (pending.length > 0 && (entries.length === 0 || arena.mark() - mark < BUDGET_BYTES)) {
        const term = pending.shift() as Term;
        entries.push({
          term,
          sides: sides.map((samples) => placeFactors(arena, term, samples)),
          k: keepParts ? arena.floats(size) : 0,
          kBias: keepParts && term.bias ? arena.floats(size) : 0,
        });
      }
      yield* recordAll(policy, weights, sides, entries, scratch);
      yield* multiplyAll(arena, request, entries, total);
      if (keepParts)
        for (const [parameter, matrix] of readMatrices(arena, size, entries)) matrices.set(parameter, matrix);
      arena.release(mark);
    }
    return { total: arena.f64.slice(index64(total), index64(total) + size), matrices };
  } finally {
    arena.release(start);
  }
}

/**
 * Upper bound of the bytes of an arena that `gramRows` uses for rows of `a` by `b`; both are the same object for a
 * symmetric matrix.
 */
export function gramBytes({ network, weights }: Policy, a: Samples, b: Samples): number {
  const parts = network.gradientParts(weights);
  const size = a.states.length * b.states.length;
  let pass = 0;
  let most = 0;
  for (const term of termsOf(parts, a, b)) {
    if (pass >= BUDGET_BYTES) pass = 0;
    pass += factorBytes(term, a) + (b === a ? 0 : factorBytes(term, b)) + 4 * size * (term.bias ? 2 : 1);
    most = Math.max(most, pass);
  }
  return most + 8 * size + recordScratchBytes(parts) + TILE_BYTES;
}

/**
 * In pieces: rows `from` to `to` - 1 of `gramMatrix`, with the parts of all parameters. `joinRows` joins blocks of
 * rows. Of a symmetric matrix only the elements on and above its diagonal are valid.
 *
 * @param rows see `rowBlocks`
 */
export function* gramRows(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples,
  rows: readonly [from: number, to: number],
): Pieces<Gram> {
  const { total, matrices } = yield* compute(policy, weights, a, b, rows, true);
  const named = policy.network.parameters.flatMap((parameter) => {
    const matrix = matrices.get(parameter);
    return matrix ? [[parameter.name, matrix] as const] : [];
  });
  return { rows: rows[1] - rows[0], columns: b.states.length, total, byParameter: new Map(named) };
}

/** Joins blocks of rows, in their order, to one matrix, and mirrors a symmetric one. */
export function joinRows(blocks: readonly Gram[], symmetric: boolean): Gram {
  if (blocks.length === 1) return withoutZeros(blocks[0]);
  const [{ columns, byParameter: parts }] = blocks;
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const total = new Float64Array(rows * columns);
  const byParameter = new Map([...parts.keys()].map((name) => [name, new Float32Array(rows * columns)]));
  let first = 0;
  for (const block of blocks) {
    total.set(block.total, first * columns);
    for (const [name, matrix] of block.byParameter) byParameter.get(name)?.set(matrix, first * columns);
    first += block.rows;
  }
  if (symmetric) for (const matrix of [total, ...byParameter.values()]) mirrorUpper(matrix, rows);
  return withoutZeros({ rows, columns, total, byParameter });
}

function withoutZeros(gram: Gram): Gram {
  return { ...gram, byParameter: new Map([...gram.byParameter].filter(([, matrix]) => matrix.some((x) => x !== 0))) };
}

/**
 * K[i][j] = <g_i, g_j> between the samples of `a` and of `b` (default: the same samples, a symmetric matrix).
 *
 * Each gradient is that of log pi of one sample at temperature 1, without averaging. It is 0 for the classifier head.
 * Call `network.prepare(weights)` first.
 *
 * @throws if samples are empty or name a state or an action that does not exist, or a product of gradients is not
 * finite
 */
export function gramMatrix(policy: Policy, weights: number, a: Samples, b: Samples = a): Gram {
  return joinRows([runAtOnce(gramRows(policy, weights, a, b, [0, a?.states?.length]))], a === b);
}

/** Only the `total` of `gramMatrix`, f64[a, b], which needs less time and memory. */
export function gramTotal(policy: Policy, weights: number, a: Samples, b: Samples = a): Float64Array {
  return runAtOnce(compute(policy, weights, a, b, [0, a?.states?.length], false)).total;
}
