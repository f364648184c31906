/** An episode of crafting: options, one world in play, and the number of steps taken. */

import { type Split, splits } from '../environment.ts';
import { drawGame } from './games.ts';
import { act, possibleActions, startWorld, type World } from './world.ts';

export interface CraftingRules {
  /** Number of rooms, three of which have a station; integer in [3, 10], default 5. */
  rooms?: number;
  /** Ingredients beside the two needed; integer in [0, 10], default 3. */
  distractors?: number;
  /** Steps after which an episode is truncated; integer in [1, 1000], default 20. */
  maxSteps?: number;
  /** Whether a wrong mix ruins what was mixed; default true. */
  irreversible?: boolean;
}

export type Rules = Readonly<Required<CraftingRules>>;

const ranges = { rooms: [3, 10], distractors: [0, 10], maxSteps: [1, 1000] } as const;

/** Fills in the defaults. Throws a RangeError that names the option, its range and the value. */
export function checkRules(caller: string, options: CraftingRules): Rules {
  const { rooms = 5, distractors = 3, maxSteps = 20, irreversible = true } = options;
  const rules = { rooms, distractors, maxSteps, irreversible };
  for (const name of ['rooms', 'distractors', 'maxSteps'] as const) {
    const [low, high] = ranges[name];
    const value = rules[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(
        `${caller}: ${name} must be an integer in [${low}, ${high}], got ${value}; change options.${name}`,
      );
    }
  }
  if (typeof irreversible !== 'boolean') {
    throw new RangeError(
      `${caller}: irreversible must be true or false, got ${irreversible}; change options.irreversible`,
    );
  }
  return rules;
}

export interface Episode {
  readonly world: World;
  /** Numbers of the actions possible now, ascending; empty after the end. */
  possible: readonly number[];
  steps: number;
}

export function startEpisode(seed: number, split: Split, { rooms, distractors }: Rules): Episode {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`crafting.reset: seed must be an integer in [0, 2^53), got ${seed}; choose another seed`);
  }
  if (!splits.includes(split)) {
    throw new RangeError(`crafting.reset: split must be one of ${splits.join(', ')}, got ${split}; choose one of them`);
  }
  const world = startWorld(drawGame(seed, split, rooms, distractors));
  return { world, possible: possibleActions(world), steps: 0 };
}

export function copyEpisode(episode: Episode): Episode {
  const { world } = episode;
  return { ...episode, world: { ...world, contents: world.contents.slice() } };
}

export const isTruncated = ({ world, steps }: Episode, { maxSteps }: Rules): boolean =>
  !world.ended && steps >= maxSteps;

/** Takes the action with this index in `episode.possible`; returns its number. */
export function advance(episode: Episode, index: number, rules: Rules): number {
  const { world, possible } = episode;
  if (possible.length === 0) throw new Error('crafting.step: the episode has ended; call reset first');
  if (!Number.isInteger(index) || index < 0 || index >= possible.length) {
    throw new RangeError(
      `crafting.step: action must be an integer in [0, ${possible.length}), got ${index}; pass an index into info.admissibleActions`,
    );
  }
  const action = possible[index];
  act(world, action, rules.irreversible);
  episode.steps++;
  episode.possible = world.ended || episode.steps >= rules.maxSteps ? [] : possibleActions(world);
  return action;
}
