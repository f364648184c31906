/** An episode of a game with a world: the rules, the currently possible actions, and the actions taken so far. */

import { parseJson } from '../check/parseJson.ts';
import { checkKeys, shown, withoutControls } from '../check/values.ts';
import { type Split, splits } from './environment.ts';

/** The fields that every world has. */
export interface World {
  /** Number of the agent's place. */
  readonly location: number;
  /** True after success or an irreversible mistake. */
  readonly ended: boolean;
  readonly succeeded: boolean;
}

export interface Rules {
  /** Steps after which an episode is truncated. */
  readonly maxSteps: number;
  /** Whether a mistake can end an episode or destroy something that is needed. */
  readonly irreversible: boolean;
}

/** Generates games and executes actions, which are identified by number. */
export interface Game<W extends World, R extends Rules> {
  readonly name: string;
  /** Version of rules and wording. It must be increased with any change of an episode. */
  readonly version: string;
  /** Action numbers are below this. */
  readonly actionCount: number;
  drawWorld(seed: number, split: Split, rules: R): W;
  /** The goals, other than the world's own, that a game of the split with its layout can have, ascending. */
  otherGoals(world: W, split: Split): readonly number[];
  /** The start of the game of a world with one of `otherGoals`. The same actions are possible in it until an end. */
  startWith(world: W, goal: number): W;
  copyWorld(world: W): W;
  /** Ascending. */
  possibleActions(world: W): readonly number[];
  act(world: W, action: number, irreversible: boolean): void;
}

export interface Episode<W extends World> {
  readonly seed: number;
  readonly split: Split;
  /** The goal, where it is not that of the game. */
  readonly goal: number | undefined;
  readonly world: W;
  /** Numbers of the currently possible actions, ascending; empty after the end. */
  possible: readonly number[];
  /** Numbers of the actions taken. */
  readonly taken: number[];
}

/**
 * The options with defaults filled in.
 *
 * @param ranges smallest and largest value of each integer; the other options are booleans
 * @throws Error that names an unknown option; RangeError with the option, its range and the value
 */
export function checkRules<R extends Rules>(
  caller: string,
  options: { readonly [K in keyof R]?: R[K] | undefined },
  defaults: R,
  ranges: { readonly [name: string]: readonly [number, number] },
): R {
  checkKeys(caller, 'options', options, defaults);
  const rules: Record<string, unknown> = {};
  for (const name of Object.keys(defaults) as (keyof R & string)[]) {
    const value: unknown = options[name] === undefined ? defaults[name] : options[name];
    const [low, high] = ranges[name] ?? [];
    const isInRange =
      low === undefined
        ? typeof value === 'boolean'
        : typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
    if (!isInRange) {
      const rule = low === undefined ? 'true or false' : `an integer in [${low}, ${high}]`;
      throw new RangeError(`${caller}: ${name} must be ${rule}, got ${shownValue(value)}; change options.${name}`);
    }
    rules[name] = value;
  }
  return rules as R;
}

/** A value of an option for a message: a word without quotes. */
export function shownValue(value: unknown): string {
  return typeof value === 'string' ? withoutControls(value.slice(0, 80)) : shown(value);
}

export function startEpisode<W extends World, R extends Rules>(
  game: Game<W, R>,
  seed: number,
  split: Split,
  rules: R,
  goal?: number,
): Episode<W> {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `${game.name}.reset: seed must be an integer in [0, 2^53), got ${shown(seed)}; choose another seed`,
    );
  }
  if (!splits.includes(split)) {
    throw new RangeError(
      `${game.name}.reset: split must be one of ${splits.join(', ')}, got ${shownValue(split)}; choose one of them`,
    );
  }
  const drawn = game.drawWorld(seed, split, rules);
  if (goal !== undefined && !game.otherGoals(drawn, split).includes(goal)) {
    throw new RangeError(
      `${game.name}.reset: goal must be one that achieved() named in this game, got ${shown(goal)}; leave it out`,
    );
  }
  const world = goal === undefined ? drawn : game.startWith(drawn, goal);
  return { seed, split, goal, world, possible: game.possibleActions(world), taken: [] };
}

/** Whether the actions succeed in a world at its start. Which actions are possible must not depend on the goal. */
function succeeds<W extends World, R extends Rules>(
  game: Game<W, R>,
  world: W,
  actions: readonly number[],
  { irreversible }: Rules,
): boolean {
  for (const action of actions) {
    if (world.ended) break;
    game.act(world, action, irreversible);
  }
  return world.succeeded;
}

/** See `Environment.achieved`. Plays the actions of the episode again for every goal that its layout can have. */
export function achievedGoals<W extends World, R extends Rules>(
  game: Game<W, R>,
  { seed, split, goal, taken }: Episode<W>,
  rules: R,
): number[] {
  const drawn = game.drawWorld(seed, split, rules);
  return game
    .otherGoals(drawn, split)
    .filter((other) => other !== goal && succeeds(game, game.startWith(drawn, other), taken, rules));
}

export function copyEpisode<W extends World, R extends Rules>(game: Game<W, R>, episode: Episode<W>): Episode<W> {
  return { ...episode, world: game.copyWorld(episode.world), taken: episode.taken.slice() };
}

export function isTruncated({ world, taken }: Episode<World>, { maxSteps }: Rules): boolean {
  return !world.ended && taken.length >= maxSteps;
}

/** Executes the action with this index in `episode.possible` and returns its number. */
export function advance<W extends World, R extends Rules>(
  game: Game<W, R>,
  episode: Episode<W>,
  index: number,
  rules: R,
): number {
  const { world, possible, taken } = episode;
  if (possible.length === 0) throw new Error(`${game.name}.step: the episode has ended; call reset first`);
  if (!Number.isInteger(index) || index < 0 || index >= possible.length) {
    throw new RangeError(
      `${game.name}.step: action must be an integer in [0, ${possible.length}), got ${shown(index)}; pass an index into info.admissibleActions`,
    );
  }
  const action = possible[index];
  game.act(world, action, rules.irreversible);
  taken.push(action);
  episode.possible = world.ended || taken.length >= rules.maxSteps ? [] : game.possibleActions(world);
  return action;
}

/** JSON text of an episode: name of the game, rules, and the actions taken. */
export function writeEpisode<W extends World, R extends Rules>(
  { name, version }: Game<W, R>,
  { seed, split, goal, taken }: Episode<W>,
  rules: R,
): string {
  return JSON.stringify({ environment: name, version, rules, seed, split, goal, taken });
}

/** Replays the episode of `writeEpisode`, so that only states that play can reach are restored. */
export function readEpisode<W extends World, R extends Rules>(game: Game<W, R>, text: string, rules: R): Episode<W> {
  const { name, version, actionCount } = game;
  const fail = (what: string): never => {
    throw new Error(`${name}.restore: ${what}; pass text from serialize of a ${name} with the same options`);
  };
  let stored: Record<string, unknown> = {};
  try {
    stored = parseJson(text) as Record<string, unknown>;
  } catch {
    fail('state must be JSON');
  }
  if (typeof stored !== 'object' || stored === null || stored.environment !== name) {
    fail(`state must be an episode of the ${name}`);
  }
  if (stored.version !== version) fail(`version must be ${version}, got ${stored.version}`);
  if (JSON.stringify(stored.rules) !== JSON.stringify(rules)) {
    fail(`rules must be ${JSON.stringify(rules)}, got ${JSON.stringify(stored.rules)}`);
  }
  const { seed, split, goal, taken } = stored;
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed) || seed < 0)
    fail(`seed must be an integer in [0, 2^53), got ${seed}`);
  if (!splits.includes(split as Split)) fail(`split must be one of ${splits.join(', ')}, got ${split}`);
  if (!Array.isArray(taken)) return fail(`taken must be an array, got ${taken}`);
  if (goal !== undefined && typeof goal !== 'number') fail(`goal must be a number or absent, got ${goal}`);
  const episode = startEpisode(game, seed as number, split as Split, rules, goal as number | undefined);
  for (const action of taken) {
    const index = episode.possible.indexOf(action);
    if (index < 0) fail(`taken must list possible action numbers below ${actionCount}, got ${action}`);
    advance(game, episode, index, rules);
  }
  return episode;
}
