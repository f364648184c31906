/**
 * The danger-zone task of one seed: the states s and s', episodes in them, and observations for cloning and evaluation.
 */

import { index32 } from '../../engine/kernels/address.ts';
import type { Policy } from '../../engine/policy/policy.ts';
import { finiteLogProbs } from '../../engine/policy/policy.ts';
import { loadStates } from '../../engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../engine/states/stateList.ts';
import type { Chain } from '../../env/chain.ts';
import { createLookAlike, stateVectors } from '../../env/lookAlike.ts';
import { randomStream } from '../../random.ts';
import type { GameChoice } from '../../rollout/rollout.ts';
import type { DangerPreset } from './presets.ts';

const GROUPS = 6;
export const GROUP_SIZE = 8;

/** Number of observations of s' over which p(bad | s') is averaged. */
const JUDGED = 64;

export interface TwoStates {
  readonly seed: number;
  /** Initialisation of the networks; by default as in all runs of this engine. */
  readonly preset?: DangerPreset;
  /** One per episode of an iteration. */
  readonly environments: readonly Chain[];
  /** `cloned` observations of s, then as many of s'. Each is repeated once per action, in consecutive rows. */
  readonly cloning: StateList;
  readonly judged: StateList;
}

/** @param cloned number of observations of each state for cloning */
export function createTwoStates(rho: number, seed: number, cloned: number): TwoStates {
  // Each seed has its own directions, so a mean over seeds is also a mean over pairs of states.
  const options = { rho, layoutSeed: seed };
  const environments = Array.from({ length: GROUPS * GROUP_SIZE }, () => createLookAlike(options));
  const { spec } = environments[0];
  const observations = (needs: readonly (0 | 1)[], count: number, copies: number, purpose: string): StateList => {
    const actions = Array.from({ length: spec.actionCount }, (_, action) => action);
    const list = createStateList(inputShape(spec));
    for (const need of needs) {
      const rows = stateVectors(options, need, count, { seed, purpose: `${purpose}/${need}` });
      for (let i = 0; i < count; i++) {
        const row = rows.subarray(i * spec.vectorWidth, (i + 1) * spec.vectorWidth);
        for (let copy = 0; copy < copies; copy++) pushState(list, row, actions);
      }
    }
    return list;
  };
  return {
    seed,
    environments,
    cloning: observations([0, 1], cloned, spec.actionCount, 'danger/cloning'),
    judged: observations([1], JUDGED, 1, 'danger/judged'),
  };
}

/** New games for iteration `iteration`, each `GROUP_SIZE` times. */
export function gamesOf(seed: number, iteration: number): GameChoice[] {
  const random = randomStream(seed, 'danger/games', iteration);
  return Array.from({ length: GROUPS }, () => random.uint32()).flatMap((game) =>
    Array.from({ length: GROUP_SIZE }, (_, rollout) => ({ seed: game, split: 'train' as const, rollout })),
  );
}

/** p(action 0 | s'), where action 0 is the good action of s: mean over the evaluation observations. */
export function badProbability(policy: Policy, { judged }: TwoStates): number {
  const { arena, network, logProbs } = policy;
  const order = Int32Array.from({ length: judged.states }, (_, i) => i);
  loadStates(arena, network.batch, judged, order, 0, judged.states);
  finiteLogProbs(policy);
  let sum = 0;
  for (let s = 0; s < judged.states; s++)
    sum += arena.kernels.exp1(arena.f32[index32(logProbs) + judged.rowOffsets[s]]);
  return sum / judged.states;
}
