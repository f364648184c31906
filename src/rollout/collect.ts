/** Plays episodes with a policy: all live environments advance together, so the policy scores them as one batch. */
import type { Environment, EnvironmentSpec, Step } from '../env/environment.ts';
import { cutBatches } from '../policy/load.ts';
import { type Policy, sample } from '../policy/policy.ts';
import { createRollout, type GameChoice, type Rollout } from './rollout.ts';
import { clearStates, createStateList, inputShape, pushState } from './states.ts';

export interface CollectOptions {
  /** Stream of the actions; see `actionKey`. The draw of step t of episode e has counter e * maxSteps + t. */
  readonly key: readonly [number, number];
  /** Number e of each game's episode, where `games` are a share of more; by default their place in `games`. */
  readonly numbers?: readonly number[];
  readonly temperature: number;
  readonly signal?: AbortSignal | undefined;
}

/** Promises only where the environment gives one: a synchronous environment costs no turn of the event loop. */
async function settle(steps: (Step | Promise<Step>)[]): Promise<Step[]> {
  return steps.some((step) => step instanceof Promise) ? Promise.all(steps) : (steps as Step[]);
}

/** `steps` counts those of the episode so far, this one included. */
function checkStep(step: Step, { name, maxSteps }: EnvironmentSpec, steps: number): void {
  // Sums and squares of such rewards are finite in double precision.
  if (!Number.isFinite(Math.fround(step.reward))) {
    throw new Error(`collect: reward must be a finite 32-bit float, got ${step.reward}; check environment ${name}`);
  }
  if (steps >= maxSteps && !step.terminated && !step.truncated) {
    throw new Error(
      `collect: an episode must end by step maxSteps = ${maxSteps}, got one that goes on; check environment ${name}`,
    );
  }
}

/** The actions of the states numbered `from` to `to` in the list, drawn batch by batch. */
function act(
  policy: Policy,
  rollout: Pick<Rollout, 'states' | 'taken' | 'logProb'>,
  from: number,
  to: number,
  counters: Int32Array,
  options: CollectOptions,
): void {
  const { arena, network } = policy;
  const order = Int32Array.from({ length: to - from }, (_, i) => from + i);
  let start = 0;
  for (const end of cutBatches(rollout.states, order, network.batch.capacity)) {
    sample(policy, rollout.states, order, start, end, options.key, counters, options.temperature);
    const count = end - start;
    const taken = policy.taken >> 2;
    const logProb = policy.takenLogProb >> 2;
    rollout.taken.set(arena.i32.subarray(taken, taken + count), from + start);
    rollout.logProb.set(arena.f32.subarray(logProb, logProb + count), from + start);
    start = end;
  }
}

/**
 * Plays one episode of each game, all at once, and records every state. Weights must be prepared.
 *
 * @param environments at least as many as games; each is reset
 * @throws if an environment breaks its contract (non-finite reward or observation, no admissible action, no end by `maxSteps`)
 */
export async function collect(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
): Promise<Rollout> {
  const { spec } = environments[0];
  const { numbers } = options;
  const rollout = createRollout(inputShape(spec), games, spec.maxSteps);
  const counters = new Int32Array(games.length * spec.maxSteps);
  let live = games.map((_, episode) => episode);
  let steps = await settle(games.map((game, episode) => environments[episode].reset(game)));
  while (live.length > 0) {
    options.signal?.throwIfAborted();
    const first = rollout.states.states;
    for (let i = 0; i < live.length; i++) {
      const episode = live[i];
      const n = first + i;
      const { observation, info } = steps[i];
      pushState(rollout.states, observation, info.admissibleActions);
      rollout.episode[n] = episode;
      rollout.step[n] = rollout.lengths[episode];
      counters[n] = (numbers?.[episode] ?? episode) * spec.maxSteps + rollout.lengths[episode];
      rollout.hash[n] = environments[episode].stateHash();
      if (spec.hasExpert) markExpert(rollout, n, environments[episode]);
    }
    act(policy, rollout, first, rollout.states.states, counters, options);
    const next = await settle(live.map((episode, i) => environments[episode].step(rollout.taken[first + i])));
    const stillLive: number[] = [];
    const stillSteps: Step[] = [];
    for (let i = 0; i < live.length; i++) {
      const episode = live[i];
      const n = first + i;
      const step = next[i];
      checkStep(step, spec, ++rollout.lengths[episode]);
      rollout.reward[n] = step.reward;
      rollout.returns[episode] += step.reward;
      rollout.terminated[n] = step.terminated ? 1 : 0;
      rollout.nextHash[n] = environments[episode].stateHash();
      if (!step.terminated && !step.truncated) {
        stillLive.push(episode);
        stillSteps.push(step);
      }
    }
    live = stillLive;
    steps = stillSteps;
  }
  return rollout;
}

function markExpert(rollout: Rollout, state: number, environment: Environment): void {
  const { rowOffsets, actions } = rollout.states;
  if (rollout.expert.length < actions) {
    const larger = new Uint8Array(Math.max(actions, rollout.expert.length * 2, 4096));
    larger.set(rollout.expert);
    rollout.expert = larger;
  }
  for (const action of environment.expertActions?.() ?? []) rollout.expert[rowOffsets[state] + action] = 1;
}

export interface PlayOptions extends CollectOptions {
  readonly onEpisode?: (done: number) => void;
}

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
  const list = createStateList(inputShape(spec));
  const returns = new Float64Array(games.length);
  const slots = Math.min(environments.length, games.length);
  const game = Array.from({ length: slots }, (_, slot) => slot);
  const length = new Int32Array(slots);
  const counters = new Int32Array(slots);
  const taken = new Int32Array(slots);
  const logProb = new Float32Array(slots);
  let nextGame = slots;
  let done = 0;
  let live = game.slice();
  let steps = await settle(live.map((slot) => environments[slot].reset(games[slot])));
  while (live.length > 0) {
    options.signal?.throwIfAborted();
    clearStates(list);
    for (let i = 0; i < live.length; i++) {
      pushState(list, steps[i].observation, steps[i].info.admissibleActions);
      const number = options.numbers?.[game[live[i]]] ?? game[live[i]];
      counters[i] = number * spec.maxSteps + length[live[i]];
    }
    act(policy, { states: list, taken, logProb }, 0, live.length, counters, options);
    const after = await settle(live.map((slot, i) => environments[slot].step(taken[i])));
    const stillLive: number[] = [];
    const continued: (Step | Promise<Step>)[] = [];
    for (let i = 0; i < live.length; i++) {
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
      stillLive.push(slot);
    }
    live = stillLive;
    steps = await settle(continued);
  }
  return returns;
}
