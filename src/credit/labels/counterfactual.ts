/** Labels from trying every candidate: what would have come of it, played on with the present policy. */
import { randomStream, sampleToFront } from '../../random.ts';
import type { Branches } from '../../rollout/branch.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { gameKey, rowOfAction } from './memory.ts';

export interface CounterfactualConfig {
  readonly seed: number;
  /** States whose candidates are tried, per rollout. */
  readonly counterfactualStates: number;
  /** Times each candidate is tried. */
  readonly counterfactualRollouts: number;
  /** A mean return this little below the best still counts as the best. */
  readonly labelMargin: number;
}

/** Tries each candidate of the chosen states of a rollout, as `branch` does. */
export type TryCandidates = (rollout: Rollout, chosen: Int32Array, iteration: number) => Promise<Branches>;

export interface CounterfactualLabels {
  /** Labels the action rows of a rollout, i8[action rows], counts the environment steps it took, and weighs the labels by their number. */
  label(rollout: Rollout, iteration: number): Promise<{ labels: Int8Array; envSteps: number; weight: number }>;
}

/**
 * Share of a rollout's states whose labels weigh in full. The label losses are means over what has a label: a handful of states would outweigh
 * all others, and what they ask for would reach every state that looks like them.
 */
const FULL_SHARE = 0.1;

/** States equal in game and hash, by the first of them: what is true of one is true of all. */
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

/** Up to `count` of the numbers, without repetition, in ascending order. */
function draw(numbers: readonly number[], count: number, seed: number, iteration: number): Int32Array {
  const random = randomStream(seed, 'labels/counterfactual', iteration);
  const left = Int32Array.from(numbers);
  const chosen = Math.min(count, left.length);
  sampleToFront(random, left, chosen);
  return left.slice(0, chosen).sort((a, b) => a - b);
}

/**
 * Draws `counterfactualStates` of the rollout's distinct states and tries each of their candidates. A candidate is good where its mean return
 * is within labelMargin of the best, else bad; a state whose candidates are all good has no labels. States equal to one that was drawn share
 * its labels.
 */
export function createCounterfactualLabels(
  { seed, counterfactualStates, counterfactualRollouts, labelMargin }: CounterfactualConfig,
  tryCandidates: TryCandidates,
): CounterfactualLabels {
  return {
    async label(rollout, iteration) {
      const equal = equalStates(rollout);
      const chosen = draw([...equal.keys()], counterfactualStates, seed, iteration);
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
