/**
 * Labels from same-state comparison: compares the returns of the actions taken in one state. The states are the anchor
 * states of GiGPO (Feng et al., "Group-in-Group Policy Optimization for LLM Agent Training", arXiv 2505.10978).
 */

import { splits } from '../../env/environment.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { discountedReturns } from '../advantages/anchorState.ts';
import { gameKey, requireSaved, rowOfAction } from './memory.ts';

export interface AnchorLabelsConfig {
  /** Discount per step of the compared returns. */
  readonly graphDiscount: number;
  /** Number of iterations whose steps are compared, including the current one. */
  readonly anchorIterations: number;
  /** Differences of mean return up to this give no label. */
  readonly labelMargin: number;
}

export interface AnchorLabels {
  /** Adds the rollout to the compared rollouts, then labels its action rows: i8[action rows]. */
  label(rollout: Rollout): Int8Array;
  /**
   * `lengths`: number of steps of each stored rollout, oldest first. `steps`: split, seed, hash, action and return of
   * each step.
   */
  save(): { lengths: Float64Array; steps: Float64Array };
  restore(saved: Record<string, Float64Array>): void;
}

const COLUMNS = 5;
/** Smallest margin: sums of equal returns can differ by rounding. */
const ROUNDING = 1e-9;

/** Returns observed in one state: sum and number, for each action tried there and in total. */
interface Anchor {
  readonly sums: Map<number, number>;
  readonly counts: Map<number, number>;
  sum: number;
  count: number;
}

function addReturn(anchor: Anchor, action: number, value: number): void {
  anchor.sums.set(action, (anchor.sums.get(action) ?? 0) + value);
  anchor.counts.set(action, (anchor.counts.get(action) ?? 0) + 1);
  anchor.sum += value;
  anchor.count++;
}

/** An empty anchor for each state of the rollout, and the same anchors by game and hash. */
function anchorsOf(rollout: Rollout): { anchors: Anchor[]; games: Map<string, Map<number, Anchor>> } {
  const games = new Map<string, Map<number, Anchor>>();
  const anchors: Anchor[] = [];
  for (let n = 0; n < rollout.states.states; n++) {
    const { split, seed } = rollout.games[rollout.episode[n]];
    const key = gameKey(split, seed);
    const ofGame = games.get(key) ?? new Map<number, Anchor>();
    games.set(key, ofGame);
    anchors[n] = ofGame.get(rollout.hash[n]) ?? { sums: new Map(), counts: new Map(), sum: 0, count: 0 };
    ofGame.set(rollout.hash[n], anchors[n]);
  }
  return { anchors, games };
}

/**
 * m(s, a) is the mean discounted return of the steps that took a in s, and m(s) that of all steps in s. An action that
 * was taken is good where m(s, a) > m(s) + labelMargin, bad where m(s, a) < m(s) - labelMargin, and has no label in
 * between. An action that was not taken has no label.
 *
 * @throws RangeError (in `label`) if states of one hash differ in their number of actions
 */
export function createAnchorLabels({ graphDiscount, anchorIterations, labelMargin }: AnchorLabelsConfig): AnchorLabels {
  const margin = Math.max(labelMargin, ROUNDING);
  /** Steps of the stored rollouts, oldest first. */
  let memory: Float64Array[] = [];

  const remember = (rollout: Rollout): void => {
    const returns = discountedReturns(rollout, graphDiscount);
    const steps = new Float64Array(rollout.states.states * COLUMNS);
    for (let n = 0; n < rollout.states.states; n++) {
      const { split, seed } = rollout.games[rollout.episode[n]];
      steps.set([splits.indexOf(split), seed, rollout.hash[n], rollout.taken[n], returns[n]], n * COLUMNS);
    }
    memory.push(steps);
    if (memory.length > anchorIterations) memory.shift();
  };

  return {
    label(rollout) {
      remember(rollout);
      const { anchors, games } = anchorsOf(rollout);
      for (const steps of memory) {
        for (let at = 0; at < steps.length; at += COLUMNS) {
          const anchor = games.get(gameKey(splits[steps[at]], steps[at + 1]))?.get(steps[at + 2]);
          if (anchor) addReturn(anchor, steps[at + 3], steps[at + 4]);
        }
      }
      const labels = new Int8Array(rollout.states.actions).fill(-1);
      for (let n = 0; n < rollout.states.states; n++) {
        const { sums, counts, sum, count } = anchors[n];
        for (const [action, total] of sums) {
          const row = rowOfAction(rollout, n, action);
          const difference = total / (counts.get(action) as number) - sum / count;
          if (difference > margin) labels[row] = 1;
          else if (difference < -margin) labels[row] = 0;
        }
      }
      return labels;
    },

    save() {
      const steps = new Float64Array(memory.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of memory) {
        steps.set(part, at);
        at += part.length;
      }
      return { lengths: Float64Array.from(memory, (part) => part.length / COLUMNS), steps };
    },

    restore(saved) {
      requireSaved('anchor', saved, ['lengths', 'steps']);
      memory = [];
      let at = 0;
      for (const length of saved.lengths) {
        memory.push(saved.steps.slice(at, at + length * COLUMNS));
        at += length * COLUMNS;
      }
    },
  };
}
