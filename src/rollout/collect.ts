/** Plays episodes with a policy: all live environments advance together, so the policy scores them as one batch. */

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
import { grown, inputShape } from '../engine/states/stateList.ts';
import type { Environment, EnvironmentSpec, Step } from '../env/environment.ts';
import { checkMaxSteps, requireEnd } from '../env/limits.ts';
import { pauses, unlessAborted } from '../eventLoop.ts';
import { createRollout, type GameChoice, growRollout, type Rollout } from './rollout.ts';
import { drawScored, scoreWaiting } from './scores.ts';

/** How episodes are played. */
export interface CollectOptions {
  /** Stream of the actions; see `actionKey`. The draw of step t of episode e has counter e * maxSteps + t. */
  readonly key: readonly [number, number];
  /**
   * Number e of each game's episode, where `games` are a share of more; by default their place in `games`.
   *
   * @internal
   */
  readonly numbers?: readonly number[];
  readonly temperature: number;
  /** Whether to record what the environment's expert would do, where it has one; default true. */
  readonly expert?: boolean;
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the thread yields to the event loop between steps, so that signals and timers are handled; default true. A worker, which receives
   * one call after another, does not: the next call could reach its arena.
   *
   * @internal
   */
  readonly yields?: boolean;
  /**
   * Called between steps; what it throws ends the episodes. For threads that do not yield.
   *
   * @internal
   */
  readonly check?: () => void;
}

/** @throws RangeError unless there is one environment or more */
export function checkEnvironments(caller: string, environments: unknown): void {
  const advice = 'give one environment or more';
  if (!Array.isArray(environments) || environments.length === 0) {
    refuse(caller, 'environments', 'an array of environments', environments, advice);
  }
  for (const [i, environment] of environments.entries()) {
    checkObject(caller, `environments[${i}]`, environment, advice);
    checkObject(caller, `environments[${i}].spec`, environment.spec, advice);
  }
}

/** Promises only where the environment gives one: a synchronous environment costs no turn of the event loop. An abort ends the wait for them. */
async function settle(steps: (Step | Promise<Step>)[], signal: AbortSignal | undefined): Promise<Step[]> {
  for (const step of steps) if (step instanceof Promise) return unlessAborted(Promise.all(steps), signal);
  return steps as Step[];
}

/** `steps` counts those of the episode so far, this one included. */
export function checkStep(step: Step, spec: EnvironmentSpec, steps: number): void {
  // Sums and squares of such rewards are finite in double precision.
  if (typeof step?.reward !== 'number' || !Number.isFinite(Math.fround(step.reward))) {
    throw new Error(
      `collect: reward must be a finite 32-bit float, got ${shown(step?.reward)}; check environment ${spec.name}`,
    );
  }
  requireEnd('collect', spec, step, steps);
}

/** The episodes that go on: i32 of their numbers and counters, f64 of their hashes by number. */
interface Live {
  count: number;
  readonly episodes: Int32Array;
  readonly counters: Int32Array;
  readonly hashes: Float64Array;
}

/** Records the states from number `from` on, which the live episodes are in. */
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

/** Records what the actions in the states from number `from` on led to; only the steps of episodes that go on stay in `steps`. */
function recordSteps(
  rollout: Rollout,
  live: Live,
  steps: Step[],
  environments: readonly Environment[],
  from: number,
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
    if (step.terminated || step.truncated) continue;
    live.episodes[stillLive] = episode;
    steps[stillLive++] = step;
  }
  live.count = stillLive;
}

/**
 * Plays one episode of each game, all at once, and records every state. Weights must be prepared.
 *
 * @param environments at least as many as games; each is reset
 * @param games seed, split and number of the rollout of each episode
 * @param spent see `createRollout`
 * @throws if an environment breaks its contract (non-finite reward or observation, no admissible action, no end by `maxSteps`)
 */
export async function collect(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
  spent: Rollout | null = null,
): Promise<Rollout> {
  checkEnvironments('collect', environments);
  if (!Array.isArray(games) || games.length > environments.length) {
    const rule = `an array of at most ${environments.length} games, as many as there are environments`;
    refuse('collect', 'games', rule, games, 'give an environment for each game');
  }
  const { spec } = environments[0];
  checkMaxSteps('collect', spec);
  const rollout = createRollout(inputShape(spec), games, spec.maxSteps, spent);
  const known = openKnownStates(policy.arena, spec);
  try {
    await playAll(policy, environments, games, options, rollout, known);
    copyStates(known, rollout.states, rollout.first);
  } finally {
    closeKnownStates(known);
  }
  return rollout;
}

/** Plays `collect`'s episodes; the states stay in `known`. */
async function playAll(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
  rollout: Rollout,
  known: KnownStates,
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
  while (live.count > 0) {
    options.signal?.throwIfAborted();
    options.check?.();
    await pause?.(live.count);
    const from = known.states;
    meetStates(known, steps, live.count);
    growRollout(rollout, known.states);
    recordStates(rollout, known, live, from, environments, options);
    scoreWaiting(policy, known, options.temperature);
    drawScored(policy, known, from, live.count, options.key, live.counters, rollout, from);
    const pending: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < live.count; i++) pending.push(environments[live.episodes[i]].step(rollout.taken[from + i]));
    steps = await settle(pending, options.signal);
    recordSteps(rollout, live, steps, environments, from);
  }
}

function markExpert(
  rollout: Rollout,
  { arena, room, actions }: KnownStates,
  s: number,
  environment: Environment,
): void {
  rollout.expert = grown(rollout.expert, actions);
  const row = arena.i32[index32(room.addresses.rowOffsets) + s];
  for (const action of environment.expertActions?.() ?? []) rollout.expert[row + action] = 1;
}

export interface PlayOptions extends CollectOptions {
  readonly onEpisode?: (done: number) => void;
}

/** States kept to be recognised when they come again; more are forgotten, which costs time alone. */
const KEPT_STATES = 8192;

/**
 * Returns of one episode per game, without recording: `environments.length` games at a time, the next game started as one ends.
 *
 * @returns f64[games]
 */
export async function play(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: PlayOptions,
): Promise<Float64Array> {
  const { spec } = environments[0];
  checkMaxSteps('play', spec);
  const known = openKnownStates(policy.arena, spec);
  try {
    return await playFor(policy, environments, games, options, known);
  } finally {
    closeKnownStates(known);
  }
}

async function playFor(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: PlayOptions,
  known: KnownStates,
): Promise<Float64Array> {
  const { spec } = environments[0];
  const returns = new Float64Array(games.length);
  const slots = Math.min(environments.length, games.length);
  const game = Int32Array.from({ length: slots }, (_, slot) => slot);
  const live = game.slice();
  const length = new Int32Array(slots);
  const counters = new Int32Array(slots);
  const draws = { taken: new Int32Array(slots), logProb: new Float32Array(slots) };
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
    meetStates(known, steps, count);
    for (let i = 0; i < count; i++) {
      const slot = live[i];
      counters[i] = (options.numbers?.[game[slot]] ?? game[slot]) * spec.maxSteps + length[slot];
    }
    scoreWaiting(policy, known, options.temperature);
    drawScored(policy, known, from, count, options.key, counters, draws, 0);
    const pending: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < count; i++) pending.push(environments[live[i]].step(draws.taken[i]));
    const after = await settle(pending, options.signal);
    let stillLive = 0;
    const continued: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < count; i++) {
      const slot = live[i];
      const step = after[i];
      checkStep(step, spec, ++length[slot]);
      returns[game[slot]] += step.reward;
      if (step.terminated || step.truncated) {
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
  return returns;
}
