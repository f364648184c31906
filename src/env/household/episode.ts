/** An episode of the household: options, one world in play, and the list of actions that led to it. */

import { type Split, splits } from '../environment.ts';
import { drawGame } from './games.ts';
import { ACTIONS, act, copyWorld, possibleActions, startWorld, type World } from './world.ts';

export interface HouseholdRules {
  /** Receptacle types beside fridge, microwave, sink and target; integer in [1, 8], default 2. */
  extraReceptacles?: number;
  /** Objects of other kinds than the task's; integer in [0, 20], default 3. */
  distractorObjects?: number;
  /** Steps after which an episode is truncated; integer in [1, 1000], default 20. */
  maxSteps?: number;
  /** Whether processing the task object with the wrong appliance ends the episode without reward; default true. */
  irreversible?: boolean;
}

export type Rules = Readonly<Required<HouseholdRules>>;

const ranges = { extraReceptacles: [1, 8], distractorObjects: [0, 20], maxSteps: [1, 1000] } as const;

/** Fills in the defaults. Throws a RangeError that names the option, its range and the value. */
export function checkRules(caller: string, options: HouseholdRules): Rules {
  const rules = {
    extraReceptacles: options.extraReceptacles ?? 2,
    distractorObjects: options.distractorObjects ?? 3,
    maxSteps: options.maxSteps ?? 20,
    irreversible: options.irreversible ?? true,
  };
  for (const name of ['extraReceptacles', 'distractorObjects', 'maxSteps'] as const) {
    const [low, high] = ranges[name];
    const value = rules[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(
        `${caller}: ${name} must be an integer in [${low}, ${high}], got ${value}; change options.${name}`,
      );
    }
  }
  if (typeof rules.irreversible !== 'boolean') {
    throw new RangeError(
      `${caller}: irreversible must be true or false, got ${rules.irreversible}; change options.irreversible`,
    );
  }
  return rules;
}

export interface Episode {
  readonly seed: number;
  readonly split: Split;
  readonly world: World;
  /** Numbers of the actions possible now, ascending; empty after the end. */
  possible: readonly number[];
  /** Numbers of the actions taken. */
  readonly taken: number[];
}

export function startEpisode(seed: number, split: Split, rules: Rules): Episode {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`household.reset: seed must be an integer in [0, 2^53), got ${seed}; choose another seed`);
  }
  if (!splits.includes(split)) {
    throw new RangeError(
      `household.reset: split must be one of ${splits.join(', ')}, got ${split}; choose one of them`,
    );
  }
  const world = startWorld(drawGame(seed, split, rules.extraReceptacles, rules.distractorObjects));
  return { seed, split, world, possible: possibleActions(world), taken: [] };
}

export function copyEpisode(episode: Episode): Episode {
  return { ...episode, world: copyWorld(episode.world), taken: episode.taken.slice() };
}

export const isTruncated = (episode: Episode, rules: Rules): boolean =>
  !episode.world.ended && episode.taken.length >= rules.maxSteps;

/** Takes the action with this index in `episode.possible`; returns its number. */
export function advance(episode: Episode, index: number, rules: Rules): number {
  const { world, possible, taken } = episode;
  if (possible.length === 0) throw new Error('household.step: the episode has ended; call reset first');
  if (!Number.isInteger(index) || index < 0 || index >= possible.length) {
    throw new RangeError(
      `household.step: action must be an integer in [0, ${possible.length}), got ${index}; pass an index into info.admissibleActions`,
    );
  }
  const action = possible[index];
  act(world, action, rules.irreversible);
  taken.push(action);
  episode.possible = world.ended || taken.length >= rules.maxSteps ? [] : possibleActions(world);
  return action;
}

/** JSON text of an episode: the game's name, the rules it was drawn by and the actions taken. */
export function writeEpisode(episode: Episode, rules: Rules, version: string): string {
  const { seed, split, taken } = episode;
  return JSON.stringify({ environment: 'household', version, rules, seed, split, taken });
}

/** Plays the episode of `writeEpisode` again: every state it can return is one that play reaches. */
export function readEpisode(text: string, rules: Rules, version: string): Episode {
  const fail = (what: string): never => {
    throw new Error(`household.restore: ${what}; pass text from serialize of a household with the same options`);
  };
  let stored: Record<string, unknown> = {};
  try {
    stored = JSON.parse(text);
  } catch {
    fail('state must be JSON');
  }
  if (typeof stored !== 'object' || stored === null || stored.environment !== 'household') {
    fail('state must be an episode of the household');
  }
  if (stored.version !== version) fail(`version must be ${version}, got ${stored.version}`);
  if (JSON.stringify(stored.rules) !== JSON.stringify(rules)) {
    fail(`rules must be ${JSON.stringify(rules)}, got ${JSON.stringify(stored.rules)}`);
  }
  const { seed, split, taken } = stored;
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed) || seed < 0)
    fail(`seed must be an integer in [0, 2^53), got ${seed}`);
  if (!splits.includes(split as Split)) fail(`split must be one of ${splits.join(', ')}, got ${split}`);
  if (!Array.isArray(taken)) return fail(`taken must be an array, got ${taken}`);
  const episode = startEpisode(seed as number, split as Split, rules);
  for (const action of taken) {
    const index = episode.possible.indexOf(action);
    if (index < 0) fail(`taken must list possible action numbers below ${ACTIONS}, got ${action}`);
    advance(episode, index, rules);
  }
  return episode;
}
