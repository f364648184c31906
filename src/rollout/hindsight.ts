/**
 * Hindsight: failed episodes under a goal that their actions achieved. The environment plays the same actions again
 * with this goal, so that observations, rewards and the end are those of a game with that goal.
 */

import { inputShape, pushState } from '../engine/states/stateList.ts';
import type { Environment, Step } from '../env/environment.ts';
import { type Pause, pauses, settled } from '../eventLoop.ts';
import { createRollout, type GameChoice, growRollout, type Rollout } from './rollout.ts';

/** An environment that names the goals that an episode achieved. */
export interface HindsightEnvironment extends Environment {
  achieved(): readonly number[];
}

/** @throws Error if the environment has no `achieved` */
export function requireAchieved(environment: Environment): HindsightEnvironment {
  if (environment.achieved) return environment as HindsightEnvironment;
  throw new Error(
    `config: hindsight needs an environment that names achieved goals, which ${environment.spec.name} does not; set hindsight to false, or implement achieved()`,
  );
}

/** Indices of the states of each episode of a rollout, in the order of its steps. */
function statesOf({ states, episode, games }: Rollout): number[][] {
  const byEpisode: number[][] = games.map(() => []);
  for (let n = 0; n < states.states; n++) byEpisode[episode[n]].push(n);
  return byEpisode;
}

/** Number of environment steps without a policy that take about as long as scoring one state. */
const STEPS_PER_STATE = 8;

/** Plays the actions again and calls `each` before every step with the state, its hash and its number of actions. */
async function playAgain(
  environment: Environment,
  game: GameChoice,
  actions: readonly number[],
  signal: AbortSignal | undefined,
  pause: Pause,
  each: (step: Step, action: number, hash: number) => void,
  after: (step: Step, hash: number) => void,
): Promise<void> {
  let step = await settled(environment.reset(game), signal);
  for (const action of actions) {
    if (step.terminated || step.truncated) return;
    each(step, action, environment.stateHash());
    step = await settled(environment.step(action), signal);
    after(step, environment.stateHash());
    await pause(1 / STEPS_PER_STATE);
  }
}

/** The relabelled episodes of a rollout, and the share of its failed episodes that were relabelled. */
export interface Hindsight {
  /**
   * The relabelled episodes, one after another, up to the step that achieves the goal. Their games have a `goal`.
   * `logProb` is 0: the policy did not choose these actions under these goals. `first` is not computed.
   */
  readonly rollout: Rollout;
  /** null if no episode failed. */
  readonly share: number | null;
}

/**
 * Relabels each failed episode with every goal, other than its own, that it achieved.
 *
 * @param successes f64[episodes]; an episode has failed if its success is not above 0
 * @throws Error if the actions do not achieve a goal that `achieved` named; the signal's reason on abort
 */
export async function relabelFailed(
  environment: HindsightEnvironment,
  rollout: Rollout,
  successes: Float64Array,
  signal?: AbortSignal | undefined,
): Promise<Hindsight> {
  const { spec } = environment;
  const pause = pauses(signal);
  const nothing = (): void => {};
  const chosen: { readonly game: GameChoice; readonly actions: readonly number[] }[] = [];
  let failed = 0;
  let relabelledEpisodes = 0;
  for (const [episode, states] of statesOf(rollout).entries()) {
    if (successes[episode] > 0) continue;
    failed++;
    const game = rollout.games[episode];
    const actions = states.map((n) => rollout.taken[n]);
    await playAgain(environment, game, actions, signal, pause, nothing, nothing);
    const goals = environment.achieved();
    if (goals.length > 0) relabelledEpisodes++;
    for (const goal of goals) chosen.push({ game: { ...game, goal }, actions });
  }
  const relabelled = createRollout(
    inputShape(spec),
    chosen.map(({ game }) => game),
    spec.maxSteps,
  );
  const expert: number[] = [];
  for (const [episode, { game, actions }] of chosen.entries()) {
    let n = relabelled.states.states;
    await playAgain(
      environment,
      game,
      actions,
      signal,
      pause,
      (step, action, hash) => {
        n = relabelled.states.states;
        pushState(relabelled.states, step.observation, step.info.admissibleActions);
        growRollout(relabelled, n + 1);
        const good = environment.expertActions?.() ?? [];
        for (let a = 0; a < step.info.admissibleActions.length; a++) expert.push(good.includes(a) ? 1 : 0);
        relabelled.episode[n] = episode;
        relabelled.step[n] = relabelled.lengths[episode]++;
        relabelled.taken[n] = action;
        relabelled.hash[n] = hash;
      },
      (step, hash) => {
        relabelled.nextHash[n] = hash;
        relabelled.reward[n] = step.reward;
        relabelled.terminated[n] = step.terminated ? 1 : 0;
        relabelled.returns[episode] += step.reward;
      },
    );
    if (relabelled.returns[episode] > 0) continue;
    throw new Error(
      `hindsight: the actions of an episode must achieve goal ${game.goal} that achieved() named in game ${game.seed} of ${game.split}, got return ${relabelled.returns[episode]}; check environment ${spec.name}`,
    );
  }
  if (spec.hasExpert) relabelled.expert = Uint8Array.from(expert);
  return { rollout: relabelled, share: failed === 0 ? null : relabelledEpisodes / failed };
}
