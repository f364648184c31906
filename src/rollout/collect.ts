/**
 * Plays episodes with a policy. All unfinished episodes advance by one step at a time, so the policy scores their
 * states as one batch.
 */

import { checkObject, refuse, shown } from '../check/values.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { Policy } from '../engine/policy/policy.ts';
import {
  closeKnownStates,
  copyStates,
  forgetStates,
  type KnownStates,
  meetStates,
  openKnownStates,
} from '../engine/states/knownStates.ts';
import { createStateList, grown, inputShape, pushState, type StateList } from '../engine/states/stateList.ts';
import type { Environment, EnvironmentSpec, Step } from '../env/environment.ts';
import { checkMaxSteps, requireEnd } from '../env/limits.ts';
import { pauses, unlessAborted } from '../eventLoop.ts';
import { type Hints, openHints } from './hints.ts';
import { createRollout, type GameChoice, growRollout, type Rollout } from './rollout.ts';
import { sampleScored, scoreWaiting } from './scores.ts';

/** How episodes are played. */
export interface CollectOptions {
  /** Key of the random stream of the actions; see `actionKey`. Step t of episode e uses counter e * maxSteps + t. */
  readonly key: readonly [number, number];
  /** Episode number e of each game, where `games` is a part of a larger list. Default: the index in `games`. */
  readonly numbers?: readonly number[];
  readonly temperature: number;
  /** Whether to record the actions of the environment's expert, where it has one; default true. */
  readonly expert?: boolean;
  /** Whether to record the states after the last steps of truncated episodes; default false. */
  readonly finals?: boolean;
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the thread yields to the event loop between steps, so that signals and timers are handled; default true. A
   * worker must not yield: its next call could then start and use the same arena.
   */
  readonly yields?: boolean;
  /** Called between steps; an error that it throws ends the episodes. For threads that do not yield. */
  readonly check?: () => void;
  /** Called as episodes end, with the number of those that have ended. */
  readonly onEpisode?: (done: number) => void;
}

/** @throws RangeError unless `environments` is a list of one or more environments */
export function checkEnvironments(caller: string, environments: unknown): void {
  const advice = 'pass one environment or more';
  if (!Array.isArray(environments) || environments.length === 0) {
    refuse(caller, 'environments', 'an array of environments', environments, advice);
  }
  for (const [i, environment] of environments.entries()) {
    checkObject(caller, `environments[${i}]`, environment, advice);
    checkObject(caller, `environments[${i}].spec`, environment.spec, advice);
  }
}

/**
 * Awaits only promises: steps of a synchronous environment are returned without a yield to the event loop. An abort
 * ends the wait.
 */
async function settle(steps: (Step | Promise<Step>)[], signal: AbortSignal | undefined): Promise<Step[]> {
  for (const step of steps) if (step instanceof Promise) return unlessAborted(Promise.all(steps), signal);
  return steps as Step[];
}

/** Results of episodes, by episode. */
export interface Played {
  /** f64[episodes]: sum of the rewards. */
  readonly returns: Float64Array;
  /** f64[episodes]: `success` of the last step where `spec.success` is `step`; empty otherwise. */
  readonly successes: Float64Array;
}

/**
 * The success that the last step of an episode states.
 *
 * @throws Error unless it is a boolean or a number in [0, 1]
 */
export function successOf({ success }: Pick<Step, 'success'>, { name }: Pick<EnvironmentSpec, 'name'>): number {
  if (typeof success === 'boolean') return success ? 1 : 0;
  if (typeof success === 'number' && success >= 0 && success <= 1) return success;
  throw new Error(
    `collect: success of the last step must be a boolean or a number in [0, 1], got ${shown(success)}; check environment ${name}, whose spec.success is "step"`,
  );
}

/** @throws Error unless the reward of a step is a finite 32-bit float */
export function checkReward(caller: string, step: Pick<Step, 'reward'>, { name }: Pick<EnvironmentSpec, 'name'>): void {
  // Sums and squares of 32-bit floats are finite in double precision.
  if (typeof step?.reward === 'number' && Number.isFinite(Math.fround(step.reward))) return;
  throw new Error(
    `${caller}: reward must be a finite 32-bit float, got ${shown(step?.reward)}; check environment ${name}`,
  );
}

/** Checks a step of an environment. `steps` is the number of steps of the episode, including this one. */
export function checkStep(step: Step, spec: EnvironmentSpec, steps: number): void {
  checkReward('collect', step, spec);
  requireEnd('collect', spec, step, steps);
}

/** The unfinished episodes. */
interface Live {
  count: number;
  /** i32[count], numbers of the episodes. */
  readonly episodes: Int32Array;
  /** i32[count], random counter of the next action of each. */
  readonly counters: Int32Array;
  /** f64[episodes], current state hash by episode number. */
  readonly hashes: Float64Array;
}

/** Records the current states of the unfinished episodes, as states number `from` and later. */
function recordStates(
  rollout: Rollout,
  known: KnownStates,
  live: Live,
  from: number,
  environments: readonly Environment[],
  options: CollectOptions,
): void {
  const { spec } = environments[0];
  const { numbers, expert = true } = options;
  for (let i = 0; i < live.count; i++) {
    const episode = live.episodes[i];
    const n = from + i;
    rollout.episode[n] = episode;
    rollout.step[n] = rollout.lengths[episode];
    live.counters[i] = (numbers?.[episode] ?? episode) * spec.maxSteps + rollout.lengths[episode];
    rollout.hash[n] = live.hashes[episode];
    if (expert && spec.hasExpert) markExpert(rollout, known, n, environments[episode]);
  }
}

/** The states after the last steps of truncated episodes so far. */
interface Finals {
  readonly states: StateList;
  readonly episode: number[];
}

/**
 * Records the state that a truncated episode ended in. Where the environment lists no actions after the end, these are
 * all ids of a vector environment, otherwise those of the state `before` it.
 */
function recordFinal(finals: Finals, spec: EnvironmentSpec, episode: number, step: Step, before: Step): void {
  const listed = step.info.admissibleActions;
  const all = spec.form === 'vector' ? Array.from({ length: spec.actionCount }, (_, id) => id) : null;
  pushState(finals.states, step.observation, listed.length > 0 ? listed : (all ?? before.info.admissibleActions));
  finals.episode.push(episode);
}

/**
 * Records the results of the actions in the states number `from` and later. Only steps of unfinished episodes stay in
 * `steps`.
 *
 * @param before the steps that led to these states
 */
function recordSteps(
  rollout: Rollout,
  live: Live,
  steps: Step[],
  before: readonly Step[],
  environments: readonly Environment[],
  from: number,
  finals: Finals | null,
): void {
  const { spec } = environments[0];
  let stillLive = 0;
  for (let i = 0; i < live.count; i++) {
    const episode = live.episodes[i];
    const n = from + i;
    const step = steps[i];
    checkStep(step, spec, ++rollout.lengths[episode]);
    rollout.reward[n] = step.reward;
    rollout.returns[episode] += step.reward;
    rollout.terminated[n] = step.terminated ? 1 : 0;
    live.hashes[episode] = rollout.nextHash[n] = environments[episode].stateHash();
    if (finals && step.truncated && !step.terminated) recordFinal(finals, spec, episode, step, before[i]);
    if (step.terminated || step.truncated) {
      if (spec.success === 'step') rollout.successes[episode] = successOf(step, spec);
      continue;
    }
    live.episodes[stillLive] = episode;
    steps[stillLive++] = step;
  }
  live.count = stillLive;
}

/**
 * Plays one episode of each game, all at the same time, and records every state. Weights must be prepared.
 *
 * @param environments at least as many as games; each is reset
 * @param reusable see `createRollout`
 * @throws if an environment violates its contract (non-finite reward or observation, no admissible action, no end by
 * `maxSteps`)
 */
export async function collect(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
  reusable: Rollout | null = null,
): Promise<Rollout> {
  checkEnvironments('collect', environments);
  if (!Array.isArray(games) || games.length > environments.length) {
    const rule = `an array of at most ${environments.length} games, as many as there are environments`;
    refuse('collect', 'games', rule, games, 'give an environment for each game');
  }
  const { spec } = environments[0];
  checkMaxSteps('collect', spec);
  const rollout = createRollout(inputShape(spec), games, spec.maxSteps, reusable);
  if (spec.success === 'step') rollout.successes = new Float64Array(games.length);
  const known = openKnownStates(policy.arena, spec);
  const hints = openHints(policy, spec, options.temperature);
  try {
    await playAll(policy, environments, games, options, rollout, known, hints);
    copyStates(known, rollout.states, rollout.first);
  } finally {
    hints?.close();
    closeKnownStates(known);
  }
  return rollout;
}

/** Plays the episodes of `collect`. The states stay in `known`. */
async function playAll(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
  rollout: Rollout,
  known: KnownStates,
  hints: Hints | null,
): Promise<void> {
  const count = games.length;
  const live: Live = {
    count,
    episodes: Int32Array.from(games, (_, episode) => episode),
    counters: new Int32Array(count),
    hashes: new Float64Array(count),
  };
  let steps = await settle(
    games.map((game, episode) => environments[episode].reset(game)),
    options.signal,
  );
  for (let e = 0; e < count; e++) live.hashes[e] = environments[e].stateHash();
  const pause = options.yields === false ? null : pauses(options.signal);
  const finals: Finals | null = options.finals ? { states: createStateList(known.shape, 0), episode: [] } : null;
  while (live.count > 0) {
    options.signal?.throwIfAborted();
    options.check?.();
    await pause?.(live.count);
    const from = known.states;
    meetStates(known, hints?.show(steps, live.count) ?? steps, live.count);
    growRollout(rollout, known.states);
    recordStates(rollout, known, live, from, environments, options);
    scoreWaiting(policy, known, options.temperature);
    sampleScored(policy, known, from, live.count, options.key, live.counters, rollout, from);
    const pending: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < live.count; i++) pending.push(environments[live.episodes[i]].step(rollout.taken[from + i]));
    const before = steps;
    steps = await settle(pending, options.signal);
    const playing = live.count;
    recordSteps(rollout, live, steps, before, environments, from, finals);
    if (live.count < playing) options.onEpisode?.(count - live.count);
  }
  rollout.finals = finals && { states: finals.states, episode: Int32Array.from(finals.episode) };
}

function markExpert(
  rollout: Rollout,
  { arena, arrays, actions }: KnownStates,
  s: number,
  environment: Environment,
): void {
  rollout.expert = grown(rollout.expert, actions);
  const row = arena.i32[index32(arrays.addresses.rowOffsets) + s];
  for (const action of environment.expertActions?.() ?? []) rollout.expert[row + action] = 1;
}

/**
 * Number of states that are kept so that a repeated state is not scored again. Above it all are removed, which costs
 * only time.
 */
const KEPT_STATES = 8192;

/**
 * Plays one episode per game without recording. It plays `environments.length` games at a time, and starts the next
 * game when one ends.
 *
 * @returns the results, by game
 */
export async function play(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
): Promise<Played> {
  const { spec } = environments[0];
  checkMaxSteps('play', spec);
  const known = openKnownStates(policy.arena, spec);
  const hints = openHints(policy, spec, options.temperature);
  try {
    return await playFor(policy, environments, games, options, known, hints);
  } finally {
    hints?.close();
    closeKnownStates(known);
  }
}

async function playFor(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
  known: KnownStates,
  hints: Hints | null,
): Promise<Played> {
  const { spec } = environments[0];
  const returns = new Float64Array(games.length);
  const successes = new Float64Array(spec.success === 'step' ? games.length : 0);
  const slots = Math.min(environments.length, games.length);
  const game = Int32Array.from({ length: slots }, (_, slot) => slot);
  const live = game.slice();
  const length = new Int32Array(slots);
  const counters = new Int32Array(slots);
  const sampled = { taken: new Int32Array(slots), logProb: new Float32Array(slots) };
  let nextGame = slots;
  let done = 0;
  let steps = await settle(
    Array.from(live, (slot) => environments[slot].reset(games[slot])),
    options.signal,
  );
  const pause = options.yields === false ? null : pauses(options.signal);
  for (let count = slots; count > 0; ) {
    options.signal?.throwIfAborted();
    options.check?.();
    await pause?.(count);
    if (known.states > KEPT_STATES) forgetStates(known);
    const from = known.states;
    meetStates(known, hints?.show(steps, count) ?? steps, count);
    for (let i = 0; i < count; i++) {
      const slot = live[i];
      counters[i] = (options.numbers?.[game[slot]] ?? game[slot]) * spec.maxSteps + length[slot];
    }
    scoreWaiting(policy, known, options.temperature);
    sampleScored(policy, known, from, count, options.key, counters, sampled, 0);
    const pending: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < count; i++) pending.push(environments[live[i]].step(sampled.taken[i]));
    const after = await settle(pending, options.signal);
    let stillLive = 0;
    const continued: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < count; i++) {
      const slot = live[i];
      const step = after[i];
      checkStep(step, spec, ++length[slot]);
      returns[game[slot]] += step.reward;
      if (step.terminated || step.truncated) {
        if (spec.success === 'step') successes[game[slot]] = successOf(step, spec);
        options.onEpisode?.(++done);
        if (nextGame === games.length) continue;
        game[slot] = nextGame++;
        length[slot] = 0;
        continued.push(environments[slot].reset(games[game[slot]]));
      } else continued.push(step);
      live[stillLive++] = slot;
    }
    count = stillLive;
    steps = await settle(continued, options.signal);
  }
  return { returns, successes };
}
