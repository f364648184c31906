import { randomStream } from '../../random.ts';
import type { TextEnvironment, TextStep } from '../environment.ts';
import { playRandomly } from '../randomPlay.ts';

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
 * @param environments one episode is played in each at a time; the result does not depend on their number
 * @param onEpisode called after each episode with the number of episodes that have ended
 * @throws Error if an environment violates its contract (no admissible action before the end, or no end by `maxSteps`);
 *   the signal's reason on abort
 */
export async function collectShownTexts(
  environments: readonly TextEnvironment[],
  { episodes, seed, signal }: CollectTextsOptions,
  onEpisode?: (done: number) => void,
): Promise<ShownTexts[]> {
  if (!Number.isInteger(episodes) || episodes < 1) {
    throw new RangeError(`collectTexts: episodes must be an integer >= 1, got ${episodes}`);
  }
  // Actions recur: each text is stored once, and lists hold references to it.
  const texts = new Map<string, string>();
  const stored = (text: string): string => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  const shown: ShownTexts[][] = Array.from({ length: episodes }, () => []);
  await playRandomly(environments, {
    ...{ caller: 'collectTexts', episodes, onEpisode, signal },
    random: (episode) => randomStream(seed, 'text/collect', episode),
    game: (_, random) => ({ seed: random.uint32(), split: 'train' }),
    onStep(episode, { observation, info }: TextStep, action) {
      const lastAction = action === null ? undefined : shown[episode].at(-1)?.actions[action];
      shown[episode].push({ observation, actions: info.admissibleActions.map(stored), lastAction });
    },
  });
  return shown.flat();
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
  return textsOf(await collectShownTexts([environment], options));
}
