/** Plays episodes with uniformly random actions: for vocabularies and for the baseline of random play. */
import { pauses, settled } from '../eventLoop.ts';
import type { RandomStream } from '../random.ts';
import type { MaybePromise, Split } from './environment.ts';
import { checkMaxSteps, requireEnd } from './limits.ts';

/** What random play uses of a step of any form. */
export interface PlayedStep {
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly info: { readonly admissibleActions: readonly unknown[] };
}

/** What random play uses of an environment of any form. */
export interface Playable<S extends PlayedStep> {
  readonly spec: { readonly name: string; readonly maxSteps: number };
  reset(game: { seed: number; split: Split; rollout?: number }): MaybePromise<S>;
  step(action: number): MaybePromise<S>;
}

export interface RandomPlayOptions<S extends PlayedStep> {
  /** Function that errors name. */
  readonly caller: string;
  readonly episodes: number;
  /** The random numbers of an episode; its actions are sampled after `game` was called. */
  readonly random: (episode: number) => RandomStream;
  readonly game: (episode: number, random: RandomStream) => { seed: number; split: Split; rollout?: number };
  /** Called after reset (`action` null) and after each step. Steps of one episode come in order. */
  readonly onStep: (episode: number, step: S, action: number | null) => void;
  /** Called after each episode with the number of episodes that have ended. */
  readonly onEpisode?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Plays `episodes` episodes, one in each environment at a time. The steps of an episode depend on its number alone, so
 * they are the same with any number of environments.
 *
 * @throws Error if an environment violates its contract (no admissible action before the end, or no end by `maxSteps`);
 *   the signal's reason on abort
 */
export async function playRandomly<S extends PlayedStep>(
  environments: readonly Playable<S>[],
  { caller, episodes, random: streamOf, game, onStep, onEpisode, signal }: RandomPlayOptions<S>,
): Promise<void> {
  for (const { spec } of environments) checkMaxSteps(caller, spec);
  const pause = pauses(signal);
  let next = 0;
  let done = 0;
  let failed = false;
  const playOn = async (environment: Playable<S>): Promise<void> => {
    while (next < episodes && !failed) {
      const episode = next++;
      const random = streamOf(episode);
      let step = await settled(environment.reset(game(episode, random)), signal);
      onStep(episode, step, null);
      for (let steps = 1; !step.terminated && !step.truncated; steps++) {
        if (failed) return;
        signal?.throwIfAborted();
        const actions = step.info.admissibleActions;
        if (actions.length === 0) {
          throw new Error(
            `${caller}: admissibleActions must not be empty before the end of an episode, got []; check environment ${environment.spec.name}`,
          );
        }
        const action = random.below(actions.length);
        step = await settled(environment.step(action), signal);
        requireEnd(caller, environment.spec, step, steps);
        onStep(episode, step, action);
        await pause(1);
      }
      onEpisode?.(++done);
    }
  };
  await Promise.all(
    environments.slice(0, episodes).map((environment) =>
      playOn(environment).catch((error: unknown) => {
        // The other episodes end after their present step.
        failed = true;
        throw error;
      }),
    ),
  );
}
