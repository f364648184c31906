import { pauses, settled } from '../../eventLoop.ts';
import { randomStream } from '../../random.ts';
import type { TextEnvironment } from '../environment.ts';
import { checkMaxSteps, requireEnd } from '../limits.ts';

/** Options of `collectTexts`. */
export interface CollectTextsOptions {
  /** Number of episodes to play. */
  readonly episodes: number;
  /** Seed of games and actions: equal seeds return equal texts. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** The texts of one step. */
export interface ShownTexts {
  readonly observation: string;
  readonly actions: readonly string[];
  /** The action that led to this step; undefined after reset. */
  readonly lastAction: string | undefined;
}

/**
 * Every step of episodes of the train split, played with uniformly random actions.
 *
 * @throws Error if the environment violates its contract (no admissible action before the end, or no end by
 *   `maxSteps`); the signal's reason on abort
 */
export async function collectShownTexts(
  environment: TextEnvironment,
  options: CollectTextsOptions,
): Promise<ShownTexts[]> {
  const { episodes, seed, signal } = options;
  if (!Number.isInteger(episodes) || episodes < 1) {
    throw new RangeError(`collectTexts: episodes must be an integer >= 1, got ${episodes}`);
  }
  const { spec } = environment;
  checkMaxSteps('collectTexts', spec);
  const shown: ShownTexts[] = [];
  const pause = pauses(signal);
  for (let episode = 0; episode < episodes; episode++) {
    const random = randomStream(seed, 'text/collect', episode);
    let step = await settled(environment.reset({ seed: random.uint32(), split: 'train' }), signal);
    let lastAction: string | undefined;
    for (let steps = 1; ; steps++) {
      signal?.throwIfAborted();
      const actions = step.info.admissibleActions;
      shown.push({ observation: step.observation, actions, lastAction });
      if (step.terminated || step.truncated) break;
      if (actions.length === 0) {
        throw new Error(
          `collectTexts: admissibleActions must not be empty before the end of an episode, got []; check environment ${spec.name}`,
        );
      }
      const action = random.below(actions.length);
      lastAction = actions[action];
      step = await settled(environment.step(action), signal);
      requireEnd('collectTexts', spec, step, steps);
      await pause(1);
    }
  }
  return shown;
}

/** The observation and the admissible actions of each step, in order. */
export function textsOf(shown: readonly ShownTexts[]): string[] {
  return shown.flatMap(({ observation, actions }) => [observation, ...actions]);
}

/**
 * The texts from which a vocabulary is built: each observation and admissible action in episodes of the train split,
 * played with uniformly random actions. Repeats are kept, because words are counted.
 *
 * @throws as `collectShownTexts` does
 */
export async function collectTexts(environment: TextEnvironment, options: CollectTextsOptions): Promise<string[]> {
  return textsOf(await collectShownTexts(environment, options));
}
