/**
 * Branches: tries every candidate action of some states of a rollout on copies of the environment, and continues each
 * episode with the policy.
 */

import type { Policy } from '../engine/policy/policy.ts';
import {
  closeKnownStates,
  forgetStates,
  type KnownStates,
  meetStates,
  openKnownStates,
} from '../engine/states/knownStates.ts';
import type { Environment, Step } from '../env/environment.ts';
import { type Pause, pauses, settled } from '../eventLoop.ts';
import { checkStep } from './collect.ts';
import { openHints } from './hints.ts';
import type { Rollout } from './rollout.ts';
import { sampleScored, scoreWaiting } from './scores.ts';

export interface BranchOptions {
  /** Key of the random stream of the actions; see `actionKey`. */
  readonly key: readonly [number, number];
  /** Number of times that each candidate is tried. */
  readonly repeats: number;
  readonly temperature: number;
  /** Discount of the returns, per step. */
  readonly discount: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came of trying candidates. */
export interface Branches {
  /**
   * f64[candidates of the chosen states * repeats]: discounted return from the state on, ordered by state, candidate
   * and repeat.
   */
  readonly returns: Float64Array;
  /** Number of environment steps: those in the branches, and those that replay the episodes up to the states. */
  readonly envSteps: number;
}

/** Number of environment steps without a policy that take about as long as scoring one state. */
const STEPS_PER_STATE = 8;

/** An episode that continues from one candidate. */
interface Branch {
  readonly environment: Environment;
  /** Index in `returns`. */
  readonly at: number;
  /** Index of the state and the repeat: all candidates of a state share their random numbers. */
  readonly number: number;
  /** Number of steps of the episode before the state. */
  readonly before: number;
  /** Number of steps since then. */
  steps: number;
  /** discount^steps */
  weight: number;
}

/** An environment that can copy itself in the middle of an episode. */
export interface CopiableEnvironment extends Environment {
  clone(): CopiableEnvironment;
}

/** @throws Error if the environment cannot be copied */
export function requireCopies(environment: Environment): CopiableEnvironment {
  if (environment.clone) return environment as CopiableEnvironment;
  throw new Error(
    `branch: the environment must have clone, got ${environment.spec.name} without; choose other labels than "counterfactual"`,
  );
}

/** Index of the state at each step of each episode of a rollout. */
function statesByStep({ states, episode, games }: Rollout): number[][] {
  const byStep: number[][] = games.map(() => []);
  for (let n = 0; n < states.states; n++) byStep[episode[n]].push(n);
  return byStep;
}

/** Replays the rollout's episodes up to the chosen states and returns a copy of the environment in each state. */
async function copiesAt(
  environment: CopiableEnvironment,
  rollout: Rollout,
  chosen: Int32Array,
  signal: AbortSignal | undefined,
  pause: Pause,
): Promise<{ copies: CopiableEnvironment[]; envSteps: number }> {
  const copies: CopiableEnvironment[] = [];
  const place = new Map(Array.from(chosen, (state, i) => [state, i]));
  let envSteps = 0;
  for (const [episode, states] of statesByStep(rollout).entries()) {
    let left = states.filter((state) => place.has(state)).length;
    if (left > 0) await settled(environment.reset(rollout.games[episode]), signal);
    for (const state of states) {
      const i = place.get(state);
      if (i !== undefined) {
        copies[i] = environment.clone();
        left--;
      }
      if (left === 0) break;
      await settled(environment.step(rollout.taken[state]), signal);
      envSteps++;
      await pause(1 / STEPS_PER_STATE);
    }
  }
  return { copies, envSteps };
}

/**
 * Tries each candidate of the states `chosen` of a rollout `repeats` times and continues with the policy to the end of
 * the episode. For repeat k, the random numbers at the t-th step after a state are the same for all candidates of the
 * state (common random numbers), so that differences in return are due to the candidate. Weights must be prepared.
 *
 * @param chosen i32, indices of states of the rollout
 * @throws the signal's reason on abort
 */
export async function branch(
  policy: Policy,
  environment: CopiableEnvironment,
  rollout: Rollout,
  chosen: Int32Array,
  options: BranchOptions,
): Promise<Branches> {
  const { spec } = environment;
  const { repeats, discount, signal } = options;
  signal?.throwIfAborted();
  const pause = pauses(signal);
  const { copies, envSteps } = await copiesAt(environment, rollout, chosen, signal, pause);
  const { rowOffsets } = rollout.states;
  const rows = chosen.reduce((sum, n) => sum + rowOffsets[n + 1] - rowOffsets[n], 0);
  const returns = new Float64Array(rows * repeats);
  let total = envSteps;
  let live: Branch[] = [];

  /** Takes a step in each branch. Afterwards `live` and `known` contain the branches whose episodes continue. */
  const stepAll = async (
    known: KnownStates,
    branches: readonly Branch[],
    actions: ArrayLike<number>,
  ): Promise<void> => {
    live = [];
    const steps: Step[] = [];
    for (const [i, b] of branches.entries()) {
      const step = await settled(b.environment.step(actions[i]), signal);
      checkStep(step, spec, b.before + ++b.steps);
      total++;
      returns[b.at] += b.weight * step.reward;
      b.weight *= discount;
      if (step.terminated || step.truncated) continue;
      steps.push(step);
      live.push(b);
    }
    forgetStates(known);
    meetStates(known, hints?.show(steps, live.length) ?? steps, live.length);
    await pause(branches.length);
  };

  const first: Branch[] = [];
  const candidates: number[] = [];
  for (const [i, n] of chosen.entries()) {
    for (let a = 0; a < rowOffsets[n + 1] - rowOffsets[n]; a++) {
      for (let k = 0; k < repeats; k++) {
        const copy = copies[i].clone();
        const number = i * repeats + k;
        first.push({ environment: copy, at: first.length, number, before: rollout.step[n], steps: 0, weight: 1 });
        candidates.push(a);
      }
    }
  }
  const known = openKnownStates(policy.arena, spec);
  const hints = openHints(policy, spec, options.temperature);
  try {
    await stepAll(known, first, candidates);
    while (live.length > 0) {
      const counters = Int32Array.from(live, (b) => b.number * spec.maxSteps + b.steps - 1);
      const sampled = { taken: new Int32Array(live.length), logProb: new Float32Array(live.length) };
      scoreWaiting(policy, known, options.temperature);
      sampleScored(policy, known, 0, live.length, options.key, counters, sampled, 0);
      await stepAll(known, live, sampled.taken);
    }
  } finally {
    hints?.close();
    closeKnownStates(known);
  }
  return { returns, envSteps: total };
}
