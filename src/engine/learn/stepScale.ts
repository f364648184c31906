/**
 * Scales the step of an update so that the policy changes by a given amount: the mean KL divergence of the policy
 * before the step from the policy after it, over the states of the minibatch. Methods whose steps have different
 * lengths can then be compared at an equal change of the policy.
 */
import { index32 } from '../kernels/address.ts';
import { finiteLogProbs, type Policy } from '../policy/policy.ts';
import { cutBatches, loadStates } from '../states/loadBatch.ts';
import type { LossSet } from './shards.ts';

/** The states of a minibatch and the divergence that a step is to reach on them. */
export interface KlDial {
  /** The states are those of `order`; equal states of `repeats` are computed once. */
  readonly set: Pick<LossSet, 'list' | 'order' | 'repeats'>;
  readonly temperature: number;
  /** Mean KL(before || after) per state in nats, above 0. */
  readonly target: number;
}

/** A step after scaling. */
export interface ScaledStep {
  /** Mean KL(before || after) per state in nats. */
  readonly kl: number;
  /** Factor on the step of the optimiser. */
  readonly scale: number;
  /** Whether the divergence is within `KL_TOLERANCE` of the target. */
  readonly reached: boolean;
}

/**
 * `openDial` with its arguments. An update calls it before its step, and what it returns after it. The edge build has
 * no dial, so it does not contain the code of this file.
 */
export type OpenDial = () => () => ScaledStep;

/** Allowed relative difference of the divergence from its target. */
export const KL_TOLERANCE = 0.01;

/** Largest number of scales that are tried for a step, and largest factor from one to the next. */
const MOST_TRIES = 24;
const MOST_GROWTH = 8;

/** Each distinct state of the set, in the order of first occurrence, and the number of its occurrences. */
function countStates({ order, repeats }: KlDial['set']): { states: Int32Array; counts: Int32Array } {
  const counts = new Map<number, number>();
  for (const s of order) {
    const state = repeats ? repeats[s] : s;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return { states: Int32Array.from(counts.keys()), counts: Int32Array.from(counts.values()) };
}

/** log pi of all actions of the states, f32[actions of all states]. */
function logProbsOf(policy: Policy, { set, temperature }: KlDial, states: Int32Array): Float32Array {
  const { arena, network, weights } = policy;
  const { list } = set;
  let rows = 0;
  for (const s of states) rows += list.rowOffsets[s + 1] - list.rowOffsets[s];
  const out = new Float32Array(rows);
  let [from, row] = [0, 0];
  for (const to of cutBatches(list, states, network.batch.capacity)) {
    loadStates(arena, network.batch, list, states, from, to);
    finiteLogProbs(policy, weights, temperature);
    const { actions } = network.batch;
    const first = index32(policy.logProbs);
    out.set(arena.f32.subarray(first, first + actions), row);
    row += actions;
    from = to;
  }
  return out;
}

/**
 * Measures the policy before a step. The function that it returns is called after the step, with prepared weights: it
 * replaces the weights by before + scale * (after - before), prepared, for a scale with the divergence of the dial.
 *
 * The divergence is about quadratic in the scale, so the next scale is that of a parabola through the last one, within
 * the bracket of the scales tried so far. Each try is a forward pass over the distinct states. If no try is within
 * `KL_TOLERANCE`, for example because the step does not change the policy, the closest one is kept.
 */
export function openDial(policy: Policy, dial: KlDial): () => ScaledStep {
  const { arena, network, weights } = policy;
  const { kernels } = arena;
  const { list, order } = dial.set;
  const { states, counts } = countStates(dial.set);
  const before = logProbsOf(policy, dial, states);
  const probabilities = Float64Array.from(before, (x) => kernels.exp1(x));
  const start = arena.read(weights, network.size);
  const divergence = (): number => {
    const after = logProbsOf(policy, dial, states);
    let sum = 0;
    let row = 0;
    for (let k = 0; k < states.length; k++) {
      let ofState = 0;
      const end = row + list.rowOffsets[states[k] + 1] - list.rowOffsets[states[k]];
      for (; row < end; row++) ofState += probabilities[row] * (before[row] - after[row]);
      sum += counts[k] * ofState;
    }
    return Math.max(0, sum / order.length);
  };
  return () => {
    const step = arena.read(weights, network.size).map((x, i) => x - start[i]);
    const apply = (scale: number): number => {
      arena.write(
        weights,
        step.map((x, i) => start[i] + scale * x),
      );
      network.prepare(weights);
      return divergence();
    };
    const reaches = (kl: number): boolean => Math.abs(kl - dial.target) <= KL_TOLERANCE * dial.target;
    let [scale, low, high] = [1, 0, Number.POSITIVE_INFINITY];
    let best = { kl: Number.POSITIVE_INFINITY, scale: 0 };
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const kl = apply(scale);
      if (Math.abs(kl - dial.target) < Math.abs(best.kl - dial.target)) best = { kl, scale };
      if (reaches(kl)) return { ...best, reached: true };
      if (kl === 0) break;
      if (kl < dial.target) low = scale;
      else high = scale;
      const guess = scale * Math.min(MOST_GROWTH, Math.sqrt(dial.target / kl));
      scale = guess > low && guess < high ? guess : (low + high) / 2;
    }
    return { kl: apply(best.scale), scale: best.scale, reached: false };
  };
}
