/**
 * Gram matrices of per-sample gradients, K[i][j] = <g_i, g_j> with g_i = d log pi(a_i | s_i) / d parameters, without
 * one backward pass per sample: every layer computes its part of g_i from saved inputs and output gradients. For a
 * weight matrix g_i = sum over the sample's rows of x^T d, so K_ij is either a product of the g (materialised for this
 * parameter only) or the pairwise sum of (x_r . x_t)(d_r . d_t). The form with fewer multiplications is used, per
 * parameter. For weights shared over tokens and candidate actions, the rows of a sample are summed first, as in their
 * gradients.
 *
 * A matrix is computed in tiles, see gramTiles.ts.
 */
import { checkInteger, checkObject, refuse } from '../check/values.ts';
import { index64 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Parameter } from '../engine/layers/network.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import { type Pieces, runAtOnce } from '../eventLoop.ts';
import { factorBytes, placeFactors, recordFactors, recordScratchBytes, type Term, termsOf } from './gramFactors.ts';
import { type Entry, multiplyAll, type Request } from './gramTiles.ts';
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

/** Copies the parameters' matrices out of the arena. */
function readMatrices(arena: Arena, size: number, entries: readonly Entry[]): [Parameter, Float32Array][] {
  return entries.flatMap(({ term, k, kBias }) => [
    [term.parameter, arena.read(k, size)] as [Parameter, Float32Array],
    ...(term.bias ? [[term.bias, arena.read(kBias, size)] as [Parameter, Float32Array]] : []),
  ]);
}

function checkInto(into: Float64Array, size: number): void {
  const next = 'pass new Float64Array(rows * columns)';
  if (!(into instanceof Float64Array)) refuse('gramTotal', 'into', 'a Float64Array', into, next);
  if (into.length !== size) refuse('gramTotal', 'into.length', `${size}`, into.length, next);
}

function* compute(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples,
  rows: readonly [number, number],
  keepParts: boolean,
  into?: Float64Array,
): Pieces<{ total: Float64Array; matrices: Map<Parameter, Float32Array> }> {
  checkObject('gramMatrix', 'policy', policy, 'pass the result of createPolicy or policyOn');
  checkInteger('gramMatrix', 'weights', weights, 1, 2 ** 32 - 1, 'pass policy.weights');
  checkSamples(a);
  if (b !== a) checkSamples(b);
  if (into !== undefined) checkInto(into, a.states.length * b.states.length);
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
    // Only pieces of a symmetric matrix have elements that no tile writes.
    const total = arena.reserve(size * 8, b === a && request.rows < columns);
    let fresh = true;
    while (pending.length > 0) {
      const mark = arena.mark();
      const scratch = arena.reserve(recordScratchBytes(parts), false);
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
      yield* multiplyAll(arena, request, entries, total, fresh);
      fresh = false;
      if (keepParts)
        for (const [parameter, matrix] of readMatrices(arena, size, entries)) matrices.set(parameter, matrix);
      arena.release(mark);
    }
    const [first, end] = [index64(total), index64(total) + size];
    if (!into) return { total: arena.f64.slice(first, end), matrices };
    into.set(arena.f64.subarray(first, end));
    return { total: into, matrices };
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
 * In pieces: rows `from` to `to` - 1 of `gramMatrix`. `joinRows` joins blocks of rows. Of a symmetric matrix only the
 * elements on and above its diagonal are valid.
 *
 * @param rows see `rowBlocks`
 * @param parts false: without the matrices of parameters, which needs less time and memory
 */
export function* gramRows(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples,
  rows: readonly [from: number, to: number],
  parts = true,
): Pieces<Gram> {
  const { total, matrices } = yield* compute(policy, weights, a, b, rows, parts);
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

/**
 * Only the `total` of `gramMatrix`, f64[a, b], which needs less time and memory.
 *
 * @param into receives the matrix and is returned; default: a new array. New memory for 1,024 samples takes about a
 *   tenth of the time
 * @throws as `gramMatrix`, and if `into` has another type or length
 */
export function gramTotal(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples = a,
  into?: Float64Array,
): Float64Array {
  return runAtOnce(compute(policy, weights, a, b, [0, a?.states?.length], false, into)).total;
}
