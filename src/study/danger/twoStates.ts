/**
 * The danger-zone task of one seed: the states s and s', episodes in them, and observations for cloning and evaluation.
 */

import { index32 } from '../../engine/kernels/address.ts';
import type { Policy } from '../../engine/policy/policy.ts';
import { actionKey, finiteLogProbs } from '../../engine/policy/policy.ts';
import { loadStates } from '../../engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../engine/states/stateList.ts';
import type { Chain } from '../../env/chain.ts';
import { createLookAlike, stateVectors } from '../../env/lookAlike.ts';
import { randomStream } from '../../random.ts';
import { collect } from '../../rollout/collect.ts';
import type { GameChoice } from '../../rollout/rollout.ts';
import type { DangerPreset } from './presets.ts';

const GROUPS = 6;
export const GROUP_SIZE = 8;

/** Number of observations of s' over which p(bad | s') is averaged. */
const EVALUATED = 64;

/** Batches of `GROUPS * GROUP_SIZE` episodes over which the return after training is averaged: 480 episodes. */
const RETURN_BATCHES = 10;

export interface TwoStates {
  readonly seed: number;
  /** Initialisation of the networks; by default as in all runs of this engine. */
  readonly preset?: DangerPreset;
  /** One per episode of an iteration. */
  readonly environments: readonly Chain[];
  /** `cloned` observations of s, then as many of s'. Each is repeated once per action, in consecutive rows. */
  readonly cloning: StateList;
  readonly evaluated: StateList;
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
    evaluated: observations([1], EVALUATED, 1, 'danger/judged'),
  };
}

/**
 * Games of one batch, each `GROUP_SIZE` times.
 *
 * @param purpose name of the random stream: `danger/games` for training, with the iteration as `batch`
 */
export function gamesOf(seed: number, batch: number, purpose = 'danger/games'): GameChoice[] {
  const random = randomStream(seed, purpose, batch);
  return Array.from({ length: GROUPS }, () => random.uint32()).flatMap((game) =>
    Array.from({ length: GROUP_SIZE }, (_, rollout) => ({ seed: game, split: 'train' as const, rollout })),
  );
}

/** p(action 0 | s'), where action 0 is the good action of s: mean over the evaluation observations. */
export function badProbability(policy: Policy, { evaluated }: TwoStates): number {
  const { arena, network, logProbs } = policy;
  const order = Int32Array.from({ length: evaluated.states }, (_, i) => i);
  loadStates(arena, network.batch, evaluated, order, 0, evaluated.states);
  finiteLogProbs(policy);
  let sum = 0;
  for (let s = 0; s < evaluated.states; s++)
    sum += arena.kernels.exp1(arena.f32[index32(logProbs) + evaluated.rowOffsets[s]]);
  return sum / evaluated.states;
}

/**
 * Mean return of 480 episodes in games that training does not use, with the actions sampled from the policy. A return
 * is 0 or 1, so it is also the success rate. Policies of one seed play the same games with the same random numbers.
 */
export async function meanReturn(policy: Policy, { seed, environments }: TwoStates): Promise<number> {
  let sum = 0;
  for (let batch = 0; batch < RETURN_BATCHES; batch++) {
    const games = gamesOf(seed, batch, 'danger/return-games');
    const key = actionKey(seed, 'danger/return', batch);
    const { returns } = await collect(policy, environments, games, {
      key,
      temperature: 1,
      expert: false,
      yields: false,
    });
    for (const value of returns) sum += value;
  }
  return sum / (RETURN_BATCHES * GROUPS * GROUP_SIZE);
}
