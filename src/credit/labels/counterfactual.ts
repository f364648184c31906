/**
 * Labels from trying every candidate action: compares the returns after each candidate, continued with the current
 * policy.
 */
import { randomStream, sampleToFront } from '../../random.ts';
import type { Branches } from '../../rollout/branch.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { gameKey, rowOfAction } from './memory.ts';

export interface CounterfactualConfig {
  readonly seed: number;
  /** Number of states per rollout whose candidates are tried. */
  readonly counterfactualStates: number;
  /** Number of times that each candidate is tried. */
  readonly counterfactualRollouts: number;
  /** A mean return at most this much below the best counts as the best. */
  readonly labelMargin: number;
}

/** Tries each candidate of the chosen states of a rollout, as `branch` does. */
export type TryCandidates = (rollout: Rollout, chosen: Int32Array, iteration: number) => Promise<Branches>;

export interface CounterfactualLabels {
  /**
   * Returns i8[action rows] of labels, the number of environment steps, and a weight that depends on the number of
   * labelled states.
   */
  label(rollout: Rollout, iteration: number): Promise<{ labels: Int8Array; envSteps: number; weight: number }>;
}

/**
 * Share of a rollout's states that must have labels for the full weight of 1. The label losses are means over the
 * labelled rows: without this weight, a few labelled states would outweigh all others, and their effect would extend to
 * all similar states.
 */
const FULL_SHARE = 0.1;

/**
 * Lists of states with equal game and hash, by the first state of each list. A label of one state holds for its whole
 * list.
 */
function equalStates(rollout: Rollout): Map<number, number[]> {
  const firsts = new Map<string, number>();
  const equal = new Map<number, number[]>();
  for (let n = 0; n < rollout.states.states; n++) {
    const { split, seed } = rollout.games[rollout.episode[n]];
    const key = `${gameKey(split, seed)}/${rollout.hash[n]}`;
    const first = firsts.get(key) ?? n;
    firsts.set(key, first);
    const others = equal.get(first) ?? [];
    others.push(n);
    equal.set(first, others);
  }
  return equal;
}

/** Samples up to `count` of the numbers, without repetition, in ascending order. */
function choose(numbers: readonly number[], count: number, seed: number, iteration: number): Int32Array {
  const random = randomStream(seed, 'labels/counterfactual', iteration);
  const left = Int32Array.from(numbers);
  const chosen = Math.min(count, left.length);
  sampleToFront(random, left, chosen);
  return left.slice(0, chosen).sort((a, b) => a - b);
}

/**
 * Samples `counterfactualStates` of the rollout's distinct states and tries each of their candidates. A candidate is
 * good where its mean return is within labelMargin of the best, otherwise bad. A state whose candidates are all good
 * has no labels. States that equal a sampled state share its labels.
 */
export function createCounterfactualLabels(
  { seed, counterfactualStates, counterfactualRollouts, labelMargin }: CounterfactualConfig,
  tryCandidates: TryCandidates,
): CounterfactualLabels {
  return {
    async label(rollout, iteration) {
      const equal = equalStates(rollout);
      const chosen = choose([...equal.keys()], counterfactualStates, seed, iteration);
      const { returns, envSteps } = await tryCandidates(rollout, chosen, iteration);
      const labels = new Int8Array(rollout.states.actions).fill(-1);
      const { rowOffsets } = rollout.states;
      let at = 0;
      let labelled = 0;
      for (const n of chosen) {
        const means = Array.from({ length: rowOffsets[n + 1] - rowOffsets[n] }, () => {
          const end = at + counterfactualRollouts;
          const sum = returns.subarray(at, end).reduce((total, x) => total + x, 0);
          at = end;
          return sum / counterfactualRollouts;
        });
        const least = means.reduce((best, x) => Math.max(best, x)) - labelMargin;
        if (means.every((x) => x >= least)) continue;
        const equals = equal.get(n) as number[];
        labelled += equals.length;
        for (const state of equals) {
          for (const [action, x] of means.entries()) labels[rowOfAction(rollout, state, action)] = x >= least ? 1 : 0;
        }
      }
      return { labels, envSteps, weight: Math.min(1, labelled / (FULL_SHARE * rollout.states.states)) };
    },
  };
}
