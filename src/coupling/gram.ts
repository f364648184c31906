/**
 * Gram matrices of per-sample gradients, K[i][j] = <g_i, g_j> with g_i = d log pi(a_i | s_i) / d parameters, without one backward pass per
 * sample: every layer gives its part of g_i from saved inputs and output gradients. For a weight matrix g_i = sum over the sample's rows of
 * x^T d, so K_ij is either a product of the g (materialised for this parameter only) or the pairwise sum of (x_r . x_t)(d_r . d_t); the
 * cheaper one by count of multiplications is taken, per parameter. Weights shared over tokens and candidate actions are summed inside a
 * sample first, as their gradients are.
 *
 * A matrix is made in tiles, each for all parameters while its sum is near; of a symmetric one only those on and above the diagonal.
 */
import { checkInteger, checkObject } from '../check/values.ts';
import { index64 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Parameter } from '../engine/layers/network.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import { atOnce, type Pieces } from '../eventLoop.ts';
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
  /** f32[rows, columns] of each parameter, in the network's order; those with no gradient anywhere are left out. */
  readonly byParameter: ReadonlyMap<string, Float32Array>;
}

/** Most bytes of recorded factors and matrices of parameters at a time; more parameters than fit are done in further passes. */
const BUDGET_BYTES = 192 * 2 ** 20;

/** Samples in a tile's columns and rows. */
const TILE = 32;
const TILE_ROWS = 256;
/** About what tiles take: products, sums and the scratch of both. */
const TILE_BYTES = 2 ** 20;

/** Copies the elements above the diagonal of matrix[n, n] below it, 8 x 8 at a time: that many rows find room in the first cache. */
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

/** What is asked for: rows [0, rows) of the samples `left` by `right`, the same object for a symmetric matrix. */
interface Request {
  readonly left: Samples;
  readonly right: Samples;
  readonly rows: number;
  /** Columns of the result, and the one where the first right sample stands. */
  readonly columns: number;
  readonly firstColumn: number;
}

interface Entry {
  readonly term: Term;
  readonly sides: readonly Factors[];
  /** f32[rows, columns] of the parameter and of its bias, or 0. */
  readonly k: number;
  readonly kBias: number;
}

/** One backward pass over the samples of each side, leaving the factors of all entries. */
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

/** Tiles of one size, each side by side in memory: rows of the whole matrix may be a power of two apart and push each other out of the cache. */
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

/** Adds the tiles of all entries to `total`, f64[rows, columns]. */
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
      /** Puts a tile of elements of 2^shift bytes where it belongs, and its mirror image if all rows are there. */
      const put = (tile: number, matrix: number, shift: number): void => {
        const [row, column] = [firstColumn + i, firstColumn + j];
        const stride = columns << shift;
        kernels.copyRows(ni, nj << shift, tile, TILE << shift, matrix + i * stride + (column << shift), stride);
        if (left !== right || rows < columns) return;
        kernels.mirrorTile(ni, nj, tile, TILE, matrix + j * stride + (row << shift), columns, j - i, shift);
      };
      /** Adds a parameter's tile to the sum, and keeps it if its matrix is asked for. */
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
      // About as long as that many states take.
      yield TILE;
    }
  }
}

/** Copies of the parameters' matrices, by parameter. */
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
  checkObject('gramMatrix', 'policy', policy, 'give what createPolicy or policyOn returned');
  checkInteger('gramMatrix', 'weights', weights, 1, 2 ** 32 - 1, 'give policy.weights');
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

/** Most bytes of an arena that `gramRows` takes for rows of `a` by `b`, the same object for a symmetric matrix. */
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
 * In pieces, rows [from, to) of `gramMatrix`, with the parts of all parameters; `joinRows` puts blocks of them together. Of a symmetric matrix only the
 * elements on and above its diagonal are those of the matrix.
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

/** Blocks of rows, one under the other, as one matrix; a symmetric one is mirrored. */
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
 * Gradients are of log pi at temperature 1, not averaged over anything; the classifier head has none. Call `network.prepare(weights)` first.
 *
 * @throws if samples are empty or name a state or an action that does not exist, or a product of gradients is not finite
 */
export function gramMatrix(policy: Policy, weights: number, a: Samples, b: Samples = a): Gram {
  return joinRows([atOnce(gramRows(policy, weights, a, b, [0, a?.states?.length]))], a === b);
}

/** The `total` of `gramMatrix` alone, f64[a, b], which takes less time and memory. */
export function gramTotal(policy: Policy, weights: number, a: Samples, b: Samples = a): Float64Array {
  return atOnce(compute(policy, weights, a, b, [0, a?.states?.length], false)).total;
}
