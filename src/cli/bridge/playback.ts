/** Plays episodes of a bridge with random actions that are the same each time, and records every step. */
import type { Environment, Features, Split, Step, TextEnvironment, TextStep } from '../../env/environment.ts';
import { tokenize } from '../../env/text/tokenizer.ts';
import { randomStream } from '../../random.ts';

export interface Game {
  readonly seed: number;
  readonly split: Split;
}

/** One episode. */
export interface Played extends Game {
  /** Each step in JSON: observation, reward, end, success, actions, state hash. */
  readonly steps: readonly string[];
  readonly return: number;
  readonly terminated: boolean;
}

/** The largest sizes that were met. */
export interface Sizes {
  observationTokens: number;
  actionTokens: number;
  actions: number;
}

type Shown = Step | TextStep;

/** Number of tokens of a text, or of features or numbers. */
function lengthOf(value: Shown['observation'] | number | Features): number {
  if (typeof value === 'number') return 1;
  return typeof value === 'string' ? tokenize(value).length : value.length;
}

function measure(sizes: Sizes, { observation, info: { admissibleActions } }: Shown): void {
  sizes.observationTokens = Math.max(sizes.observationTokens, lengthOf(observation));
  sizes.actions = Math.max(sizes.actions, admissibleActions.length);
  for (const action of admissibleActions) sizes.actionTokens = Math.max(sizes.actionTokens, lengthOf(action));
}

function recordOf(step: Shown, hash: number | undefined): string {
  const { observation, reward, terminated, truncated, success, info } = step;
  const shown = typeof observation === 'string' ? observation : Array.from(observation);
  return JSON.stringify([shown, reward, terminated, truncated, success ?? null, info.admissibleActions, hash ?? null]);
}

/**
 * Plays one episode. All games have the same random numbers, so that two games differ only if their episodes do.
 *
 * @param signal once it is aborted, the next step throws its reason
 */
export async function playEpisode(
  environment: Environment | TextEnvironment,
  game: Game,
  seed: number,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<Played> {
  const random = randomStream(seed, 'bridge check');
  const steps: string[] = [];
  let total = 0;
  let step: Shown = await environment.reset(game);
  if (step.reward !== 0) {
    throw new Error(`reward must be 0 after reset, got ${step.reward} (seed ${game.seed}, split ${game.split})`);
  }
  for (;;) {
    signal.throwIfAborted();
    steps.push(recordOf(step, environment.stateHash?.()));
    measure(sizes, step);
    total += step.reward;
    if (step.terminated || step.truncated) return { ...game, steps, return: total, terminated: step.terminated };
    step = await environment.step(random.below(step.info.admissibleActions.length));
  }
}

/** Starts an episode and leaves it after up to two steps. */
export async function abandonEpisode(environment: Environment | TextEnvironment, game: Game): Promise<void> {
  let step: Shown = await environment.reset(game);
  for (let i = 0; i < 2 && !step.terminated && !step.truncated; i++) step = await environment.step(0);
}

/** The first difference of two plays of one game, as text; null if all steps are bitwise identical. */
export function difference(expected: Played, got: Played): string | null {
  const count = Math.max(expected.steps.length, got.steps.length);
  for (let i = 0; i < count; i++) {
    const [before, after] = [expected.steps[i], got.steps[i]];
    if (before === after) continue;
    const from = [...(before ?? '')].findIndex((character, at) => character !== [...(after ?? '')][at]);
    const part = (text: string | undefined): string =>
      text === undefined ? 'no step' : text.slice(Math.max(0, from - 40), Math.max(0, from - 40) + 120);
    return `seed ${expected.seed}, split ${expected.split}, step ${i}: first ${part(before)}, then ${part(after)}`;
  }
  return null;
}
