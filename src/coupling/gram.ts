/**
 * Gram matrices of per-sample gradients, K[i][j] = <g_i, g_j> with g_i = d log pi(a_i | s_i) / d parameters, without one backward pass per
 * sample: every layer gives its part of g_i from saved inputs and output gradients. For a weight matrix g_i = sum over the sample's rows of
 * x^T d, so K_ij is either a product of the g (materialised for this parameter only) or the pairwise sum of (x_r . x_t)(d_r . d_t); the
 * cheaper one by count of multiplications is taken, per parameter. Weights shared over tokens and candidate actions are summed inside a
 * sample first, as their gradients are.
 */
import { type Arena, matmulScratchBytes } from '../kernels/arena.ts';
import type { Batch } from '../layers/batch.ts';
import { type GradientPart, type Network, type Parameter, type Rows, sampleRows } from '../layers/network.ts';
import { cutBatches, loadStates } from '../policy/load.ts';
import { finiteLogProbs, type Policy } from '../policy/policy.ts';
import type { StateList } from '../rollout/states.ts';

/** Samples (s, a): indices into a list of states and, for each, the index of the action among its candidates. */
export interface Samples {
  readonly list: StateList;
  readonly states: ArrayLike<number>;
  readonly taken: ArrayLike<number>;
}

export interface Gram {
  /** Rows and columns. */
  readonly rows: number;
  readonly columns: number;
  /** f64[rows, columns]: sums over all parameters. */
  readonly total: Float64Array;
  /** f32[rows, columns] of each parameter, in the network's order; those with no gradient anywhere are left out. */
  readonly byParameter: ReadonlyMap<string, Float32Array>;
}

/** Most bytes of recorded factors at a time; more parameters than fit are done in further passes. */
const BUDGET_BYTES = 192 * 2 ** 20;

/** Rows of pairs are summed block by block of this many samples, so that the bits do not depend on which thread has which rows. */
const BLOCK = 16;

/** Rows of the matrix for each of up to `parts` threads, as [from, to) of the left samples. */
export function rowBlocks(samples: number, parts: number): [number, number][] {
  const blocks = Math.ceil(samples / BLOCK);
  const count = Math.max(1, Math.min(parts, blocks));
  return Array.from({ length: count }, (_, k) => [
    Math.floor((k * blocks) / count) * BLOCK,
    Math.min(samples, Math.floor(((k + 1) * blocks) / count) * BLOCK),
  ]);
}

/** One side's record of one parameter: its per-sample gradients, or the rows from which pairs are made. */
interface Record {
  readonly pairwise: boolean;
  readonly g: number;
  readonly x: number;
  readonly d: number;
  /** i32[samples + 1]: first row of each sample, in rows of the part. */
  readonly offsets: number;
}

function rowsOf(list: StateList, state: number, rows: Rows): number {
  const actions = list.rowOffsets[state + 1] - list.rowOffsets[state];
  if (rows === 'state') return 1;
  if (rows === 'stateSlot') return list.shape.stateSlots;
  return rows === 'action' ? actions : actions * list.shape.actionSlots;
}

function totalRows(samples: Samples, rows: Rows): number {
  let total = 0;
  for (let i = 0; i < samples.states.length; i++) total += rowsOf(samples.list, samples.states[i], rows);
  return total;
}

/** Multiplications of both ways for a weight with a single use; several uses share one gradient, which must be materialised. */
function choosePairwise(parts: readonly GradientPart[], a: Samples, b: Samples): boolean {
  const [part] = parts;
  if (parts.length > 1 || part.kind !== 'outer') return false;
  const rowsA = totalRows(a, part.rows);
  const rowsB = totalRows(b, part.rows);
  const pairs = rowsA * rowsB * (part.width + part.dWidth);
  const explicit = (rowsA + rowsB + a.states.length * b.states.length) * part.width * part.dWidth;
  return pairs < explicit;
}

function reserve(
  arena: Arena,
  parameter: Parameter,
  parts: readonly GradientPart[],
  pairwise: boolean,
  samples: Samples,
): Record {
  const n = samples.states.length;
  const [part] = parts;
  if (!pairwise || part.kind !== 'outer') {
    return { pairwise: false, g: arena.floats(n * parameter.size), x: 0, d: 0, offsets: 0 };
  }
  const rows = totalRows(samples, part.rows);
  const offsets = arena.floats(n + 1);
  let row = 0;
  for (let i = 0; i < n; i++) {
    arena.i32[(offsets >> 2) + i] = row;
    row += rowsOf(samples.list, samples.states[i], part.rows);
  }
  arena.i32[(offsets >> 2) + n] = row;
  return { pairwise: true, g: 0, x: arena.floats(rows * part.width), d: arena.floats(rows * part.dWidth), offsets };
}

/** Adds one part of the loaded batch's per-sample gradients, samples from `first` on, to the record. */
function recordPart(
  network: Network,
  parameter: Parameter,
  part: GradientPart,
  record: Record,
  first: number,
  scratch: number,
): void {
  const { arena, batch } = network;
  const { kernels } = arena;
  const n = batch.states;
  if (record.pairwise && part.kind === 'outer') {
    const row = arena.i32[(record.offsets >> 2) + first];
    const count = network.rowCount(part.rows);
    arena.copy(record.x + row * part.width * 4, part.x, count * part.width * 4);
    arena.copy(record.d + row * part.dWidth * 4, part.d, count * part.dWidth * 4);
    return;
  }
  const { size } = parameter;
  const g = record.g + first * size * 4;
  if (part.kind === 'scatter') {
    const [features, offsets, slots, rows] = scatterSource(batch, part.source);
    kernels.perSampleScatter(n, rows, features, offsets, slots, part.dWidth, part.d, g, size);
    return;
  }
  const { offsets, unit } = sampleRows(batch, part.rows);
  if (part.kind === 'outer') {
    // Adds to the zeroed record, so that several uses of one weight sum up.
    kernels.perSampleOuter(n, offsets, unit, part.x, part.width, part.d, part.dWidth, g, size, 1, scratch);
  } else if (part.kind === 'sum') kernels.perSampleSum(n, offsets, unit, part.period, part.dWidth, part.d, g, size);
  else kernels.perSampleProduct(n, offsets, unit, part.dWidth, part.d, part.x, g, size);
}

function scatterSource(batch: Batch, source: 'state' | 'action'): [number, number, number, number] {
  return source === 'state'
    ? [batch.stateFeatures, batch.stateOffsets, batch.shape.stateSlots, 0]
    : [batch.actionFeatures, batch.actionOffsets, batch.shape.actionSlots, batch.rowOffsets];
}

/**
 * Runs the samples through the network batch by batch; calls `visit` with the number of the first sample after each backward pass of
 * log pi(taken | state), whose gradients are added to `g` unless it is 0.
 */
export function forEachGradientBatch(
  policy: Policy,
  weights: number,
  samples: Samples,
  g: number,
  visit: (first: number) => void,
): void {
  const { network, arena } = policy;
  const { batch, heads } = network;
  let from = 0;
  for (const to of cutBatches(samples.list, samples.states, batch.capacity)) {
    loadStates(arena, batch, samples.list, samples.states, from, to);
    finiteLogProbs(policy, weights);
    for (let i = from; i < to; i++) arena.i32[(policy.taken >> 2) + i - from] = samples.taken[i];
    arena.kernels.logProbGradient(batch.states, batch.rowOffsets, policy.logProbs, policy.taken, heads.logit.grad);
    arena.kernels.fill(heads.classifier.grad, batch.actions, 0);
    network.backward(weights, g);
    visit(from);
    from = to;
  }
}

function byParameter(parts: [Parameter, GradientPart][]): Map<Parameter, GradientPart[]> {
  const map = new Map<Parameter, GradientPart[]>();
  for (const [parameter, part] of parts) map.set(parameter, [...(map.get(parameter) ?? []), part]);
  return map;
}

function checkSamples(samples: Samples): void {
  const { list, states, taken } = samples;
  if (states.length === 0)
    throw new RangeError('gramMatrix: samples must not be empty, got 0; raise the number of samples');
  if (taken.length !== states.length) {
    throw new RangeError(`gramMatrix: taken must have ${states.length} elements as states has, got ${taken.length}`);
  }
  for (let i = 0; i < states.length; i++) {
    if (!(states[i] >= 0 && states[i] < list.states)) {
      throw new RangeError(`gramMatrix: states must be in [0, ${list.states}), got ${states[i]}`);
    }
    const actions = rowsOf(list, states[i], 'action');
    if (!(taken[i] >= 0 && taken[i] < actions)) {
      throw new RangeError(`gramMatrix: taken must be in [0, ${actions}) for state ${states[i]}, got ${taken[i]}`);
    }
  }
}

function slice(samples: Samples, from: number, to: number): Samples {
  const { list, states, taken } = samples;
  const part = (all: ArrayLike<number>): Int32Array => Int32Array.from({ length: to - from }, (_, i) => all[from + i]);
  return { list, states: part(states), taken: part(taken) };
}

/** K of one parameter, f32[na, nb] at k, from what its rows left. */
function pairwiseProducts(
  arena: Arena,
  part: GradientPart & { kind: 'outer' },
  na: number,
  left: Record,
  nb: number,
  right: Record,
  k: number,
  room: { readonly offsets: number; readonly work: number; readonly scratch: number },
): void {
  const { kernels } = arena;
  const { width, dWidth } = part;
  const leftOffsets = left.offsets >> 2;
  for (let from = 0; from < na; from += BLOCK) {
    const count = Math.min(BLOCK, na - from);
    const first = arena.i32[leftOffsets + from];
    for (let i = 0; i <= count; i++) arena.i32[(room.offsets >> 2) + i] = arena.i32[leftOffsets + from + i] - first;
    const x = left.x + first * width * 4;
    const d = left.d + first * dWidth * 4;
    const rows = k + from * nb * 4;
    kernels.gramPairwise(
      count,
      room.offsets,
      x,
      d,
      nb,
      right.offsets,
      right.x,
      right.d,
      1,
      width,
      dWidth,
      0,
      rows,
      room.work,
      room.scratch,
    );
  }
}

/**
 * K[i][j] = <g_i, g_j> between the samples of `a` and of `b` (default: the same samples, a symmetric matrix).
 *
 * Gradients are of log pi at temperature 1, not averaged over anything; the classifier head has none. Call `network.prepare(weights)` first.
 *
 * @param rows computes only the rows [from, to) of the matrix, and keeps the parts of all parameters; see `rowBlocks`
 * @throws if samples are empty or name a state or an action that does not exist, or a product of gradients is not finite
 */
export function gramMatrix(
  policy: Policy,
  weights: number,
  a: Samples,
  b: Samples = a,
  rows: readonly [number, number] | null = null,
): Gram {
  checkSamples(a);
  if (b !== a) checkSamples(b);
  const { arena, network } = policy;
  const { kernels } = arena;
  const left = rows ? slice(a, rows[0], rows[1]) : a;
  const na = left.states.length;
  const nb = b.states.length;
  const parts = byParameter(network.gradientParts(weights));
  const widest = Math.max(nb, 64, ...[...parts.values()].flat().map((part) => part.dWidth));
  const total = new Float64Array(na * nb);
  const matrices = new Map<string, Float32Array>();
  const pending = [...parts.keys()];
  while (pending.length > 0) {
    const mark = arena.mark();
    const scratch = arena.reserve(matmulScratchBytes(256, widest));
    const group = new Map<Parameter, { sides: Record[]; uses: GradientPart[] }>();
    while (pending.length > 0 && (group.size === 0 || arena.mark() - mark < BUDGET_BYTES)) {
      const parameter = pending.shift() as Parameter;
      const uses = parts.get(parameter) as GradientPart[];
      const pairwise = choosePairwise(uses, a, b);
      const sides = [reserve(arena, parameter, uses, pairwise, left)];
      if (b !== left) sides.push(reserve(arena, parameter, uses, pairwise, b));
      group.set(parameter, { sides, uses });
    }
    [left, b].slice(0, b === left ? 1 : 2).forEach((samples, side) => {
      forEachGradientBatch(policy, weights, samples, 0, (first) => {
        for (const [parameter, part] of network.gradientParts(weights)) {
          const entry = group.get(parameter);
          if (entry) recordPart(network, parameter, part, entry.sides[side], first, scratch);
        }
      });
    });
    const k = arena.floats(na * nb);
    const room = { offsets: arena.floats(BLOCK + 1), work: arena.floats(2 * 64 * 64), scratch };
    for (const [parameter, { sides, uses }] of group) {
      const [own] = sides;
      const other = sides[sides.length - 1];
      const [use] = uses;
      kernels.fill(k, na * nb, 0);
      if (own.pairwise && use.kind === 'outer') {
        pairwiseProducts(arena, use, na, own, nb, other, k, room);
      } else {
        const { size } = parameter;
        kernels.matmulNT(na, nb, size, own.g, size, other.g, size, k, nb, 0, 0, scratch);
      }
      if (!Number.isFinite(kernels.sumOfSquares(k, na * nb))) {
        throw new Error(
          `gramMatrix: products of gradients must be finite, got one of ${parameter.name} beyond a 32-bit float; ` +
            'lower learningRate, or check the environment for extreme observations',
        );
      }
      const matrix = arena.read(k, na * nb);
      if (rows || matrix.some((x) => x !== 0)) matrices.set(parameter.name, matrix);
      for (let i = 0; i < total.length; i++) total[i] += matrix[i];
    }
    arena.release(mark);
  }
  return { rows: na, columns: nb, total, byParameter: matrices };
}
