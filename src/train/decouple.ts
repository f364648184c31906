/** Replaces the advantages of an update by decoupled ones, under the weights before the update. */

import type { Config } from '../config/config.ts';
import { termsOf } from '../config/method.ts';
import { choleskySolver } from '../coupling/choleskySolver.ts';
import { type DecouplePath, decoupleAdvantages, type SolveDefinite } from '../coupling/remedies/decouple.ts';
import { permuteCosines, selectPairs } from '../coupling/remedies/decouplePairs.ts';
import { actionWords } from '../coupling/samplePairs.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { MOST_ACTIONS } from '../env/limits.ts';
import type { Spread } from '../parallel/spread.ts';
import { randomStream } from '../random.ts';
import type { PreparedRollout, UpdateTask } from './minibatch.ts';

/** Samples that one system of equations takes apart. */
export interface Chunk {
  /** Positions in the order of the set; equal samples are neighbours. */
  readonly positions: Int32Array;
  /** By position: number of its distinct sample. Samples of equal state and action have one gradient. */
  readonly distinct: Int32Array;
  /** State and action of each distinct sample. */
  readonly states: Int32Array;
  readonly taken: Int32Array;
}

/**
 * Cuts the samples of a set whose advantage is not 0 into chunks of up to `size`. Samples of equal state and action are
 * collected at the place of the first one.
 *
 * @param first i32[states]: the first state with equal observation and actions
 */
export function cutChunks({ order, taken, advantage }: LossSet, first: Int32Array, size: number): Chunk[] {
  const groups = new Map<number, number[]>();
  order.forEach((s, position) => {
    if (advantage[s] === 0) return;
    const key = first[s] * MOST_ACTIONS + taken[s];
    const group = groups.get(key);
    if (group) group.push(position);
    else groups.set(key, [position]);
  });
  const all = [...groups.values()].flatMap((group, number) => group.map((position) => ({ position, number })));
  const chunks: Chunk[] = [];
  for (let from = 0; from < all.length; from += size) {
    const part = all.slice(from, from + size);
    const lead = part.filter(({ number }, i) => i === 0 || number !== part[i - 1].number);
    chunks.push({
      positions: Int32Array.from(part, ({ position }) => position),
      distinct: Int32Array.from(part, ({ number }) => number - part[0].number),
      states: Int32Array.from(lead, ({ position }) => first[order[position]]),
      taken: Int32Array.from(lead, ({ position }) => taken[order[position]]),
    });
  }
  return chunks;
}

/** The matrix f64[n, n] of the samples of a chunk from that of its distinct samples. */
function expand(gram: Float64Array, { distinct, states }: Chunk): Float64Array {
  const n = distinct.length;
  const whole = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = distinct[i] * states.length;
    for (let j = 0; j < n; j++) whole[i * n + j] = gram[row + distinct[j]];
  }
  return whole;
}

/** Sums over the systems of an iteration. */
interface Totals {
  readonly systems: Record<DecouplePath, number>;
  lambda: number;
  samples: number;
  opposed: number;
  pairs: number;
  selected: number;
  /** Sums of A A, alpha alpha and A alpha over the samples, each with its weight in the loss. */
  own: number;
  decoupled: number;
  product: number;
}

const noTotals = (): Totals => ({
  systems: { cholesky: 0, damped: 0, zero: 0 },
  ...{ lambda: 0, samples: 0, opposed: 0, pairs: 0, selected: 0, own: 0, decoupled: 0, product: 0 },
});

/** Decouples the updates of a run. */
export interface Decoupler {
  /**
   * The task with decoupled advantages in its first set, computed under the current weights.
   *
   * @param update number of the update in the run
   */
  decouple(task: UpdateTask, prepared: PreparedRollout, update: number): Promise<UpdateTask>;
  /** Metrics of the updates since the last call. */
  metrics(): Record<string, number>;
}

/**
 * The decoupler of a run, or null if its method has none.
 *
 * A sample's gradient enters the loss with weight w_i, so the system is solved for w_i alpha_i from w_i A_i.
 */
export function createDecoupler(config: Config, arena: Arena, gramTotals: Spread['gramTotals']): Decoupler | null {
  if (!termsOf(config.method).includes('decouple')) return null;
  const solve = choleskySolver(arena);
  let totals = noTotals();
  return {
    async decouple(task, prepared, update) {
      const [own, ...others] = task.sets;
      const { list } = own;
      const chunks = cutChunks(own, prepared.rollout.first, config.decoupleChunk);
      const grams = await gramTotals(chunks.map(({ states, taken }) => ({ list, states, taken })));
      const advantage = own.advantage.slice();
      chunks.forEach((chunk, k) => {
        const gram = expand(grams[k], chunk);
        const used =
          config.decouplePairs === 'permuted'
            ? permuteCosines(gram, chunk.positions.length, randomStream(config.seed, 'decouple/permuted', update, k))
            : gram;
        decoupleChunk(own, prepared, chunk, used, config, solve, totals).forEach((alpha, i) => {
          advantage[own.order[chunk.positions[i]]] = alpha;
        });
      });
      return { ...task, sets: [{ ...own, advantage }, ...others] };
    },
    metrics() {
      const found = metricsOf(totals);
      totals = noTotals();
      return found;
    },
  };
}

/** The decoupled advantages of a chunk. Adds to the totals. */
function decoupleChunk(
  { list, order, advantage, weight }: LossSet,
  { rollout, labels }: PreparedRollout,
  { positions }: Chunk,
  gram: Float64Array,
  config: Config,
  solve: SolveDefinite,
  totals: Totals,
): Float64Array {
  const n = positions.length;
  const states = Int32Array.from(positions, (position) => order[position]);
  const rows = states.map((s) => list.rowOffsets[s] + rollout.taken[s]);
  const heaviest = positions.reduce((most, position) => Math.max(most, weight[position]), 0);
  const weights = Float64Array.from(positions, (position) => weight[position] / heaviest);
  const weighted = Float64Array.from(states, (s, i) => weights[i] * advantage[s]);
  const words = config.decouplePairs === 'opposite-words' ? numberWords(list, rows) : rows;
  const features = {
    state: states.map((s) => rollout.first[s]),
    words,
    label: Array.from(rows, (row) => labels[row]),
    advantage: weighted,
  };
  const pairs = selectPairs(config.decouplePairs, features, gram);
  const { advantage: alpha, path, lambda } = decoupleAdvantages(solve, gram, weighted, pairs, config.decoupleLambda);
  totals.systems[path]++;
  totals.lambda += lambda;
  totals.samples += n;
  totals.pairs += n * (n - 1);
  totals.selected += pairs ? pairs.reduce((sum, pair) => sum + pair, 0) : n * (n - 1);
  for (let i = 0; i < n; i++) {
    if (alpha[i] * weighted[i] < 0) totals.opposed++;
    totals.own += weighted[i] * weighted[i];
    totals.decoupled += alpha[i] * alpha[i];
    totals.product += weighted[i] * alpha[i];
  }
  return alpha.map((x, i) => x / weights[i]);
}

/** A number for each row of actions; equal numbers for equal words. */
function numberWords(list: LossSet['list'], rows: Int32Array): Int32Array {
  const numbers = new Map<string, number>();
  return rows.map((row) => {
    const words = actionWords(list, row);
    const number = numbers.get(words) ?? numbers.size;
    numbers.set(words, number);
    return number;
  });
}

function metricsOf({ systems, lambda, samples, opposed, pairs, selected, own, decoupled, product }: Totals) {
  const solved = systems.cholesky + systems.damped;
  return {
    'decouple/cholesky': systems.cholesky,
    'decouple/damped': systems.damped,
    'decouple/zero': systems.zero,
    ...(solved > 0 && { 'decouple/lambda': lambda / solved }),
    ...(pairs > 0 && { 'decouple/pairs': selected / pairs }),
    ...(own > 0 && decoupled > 0 && { 'decouple/cosine': product / Math.sqrt(own * decoupled) }),
    ...(samples > 0 && { 'decouple/opposed': opposed / samples }),
  };
}
