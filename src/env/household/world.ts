/**
 * The household world: contents of places, effects of actions. Integers and bit masks only.
 *
 * A place is a receptacle with the number `type * 2 + instance - 1`; bit p of a mask represents place p. Each action
 * has a fixed number, too, so actions have one sorted order, by ascending number: verb, then receptacle type and
 * instance, or object. Neither number depends on the order in which a layout was sampled.
 */

export const taskTypes = ['place', 'examine', 'clean', 'heat', 'cool', 'place-two'] as const;

export const EXAMINE = 1;
export const PLACE_TWO = 5;

export const objectNames = [
  'apple',
  'potato',
  'egg',
  'tomato',
  'mug',
  'plate',
  'knife',
  'cloth',
  'book',
  'pen',
  'phone',
  'bowl',
] as const;

export const receptacleNames = [
  'cabinet',
  'drawer',
  'countertop',
  'shelf',
  'desk',
  'fridge',
  'microwave',
  'sink',
  'sidetable',
  'dresser',
  'garbagecan',
  'armchair',
] as const;

export const DRAWER = 1;
export const FRIDGE = 5;
export const MICROWAVE = 6;
export const SINK = 7;

/** Number of places: two instances of each of the twelve receptacle types. */
export const PLACES = 24;

/** Actions `0..23` go to the place of that number; `TAKE + kind` takes an object of that kind. */
export const OPEN = 24;
export const TAKE = 25;
export const PUT = 37;
export const HEAT = 38;
export const COOL = 39;
export const CLEAN = 40;
export const LAMP = 41;
export const ACTIONS = 42;

/** State of an object after an appliance: 0 plain, 1 hot, 2 cold, 3 clean. Heating gives 1, cooling 2, cleaning 3. */
const requiredState = [0, 0, 3, 1, 2, 0];

/** Receptacle type of the appliance that a task needs, or -1. */
export const applianceOf: readonly number[] = [-1, -1, SINK, MICROWAVE, FRIDGE, -1];

/** The part of the world that is constant during an episode. */
export interface Game {
  /** Index into `taskTypes`. */
  readonly task: number;
  /** Kind of the task object, an index into `objectNames`. */
  readonly object: number;
  /** Receptacle type of the target, or -1 (examine). */
  readonly target: number;
  /** The existing places, ascending. */
  readonly places: readonly number[];
  /** The place with the lamp. */
  readonly lamp: number;
  readonly start: number;
  /** Kind and initial place of each object. */
  readonly kinds: readonly number[];
  readonly kindPlaces: readonly number[];
}

export interface World {
  readonly game: Game;
  location: number;
  /** Mask of the open places; places without a door are always open. */
  open: number;
  /** Mask of places whose contents the agent has seen. */
  seen: number;
  /** Place of each object. The held object keeps the place from which it was taken. */
  readonly objectPlace: Uint8Array;
  readonly objectState: Uint8Array;
  /** Index of the held object, or -1. */
  held: number;
  /** Mask of the object kinds in each place. */
  readonly contents: Uint16Array;
  /** Whether the last action used the lamp without effect. */
  nothingHappened: boolean;
  /** True after success, or when the task object is spoilt. */
  ended: boolean;
  succeeded: boolean;
}

const DOORS = (3 << (2 * DRAWER)) | (3 << (2 * FRIDGE)) | (3 << (2 * MICROWAVE));

/** Whether a receptacle of this place's type has a door. */
export const hasDoor = (place: number): boolean => ((DOORS >>> place) & 1) === 1;

export const typeOf = (place: number): number => place >>> 1;

export const isIn = (mask: number, place: number): boolean => ((mask >>> place) & 1) === 1;

export function startWorld(game: Game): World {
  const world: World = {
    game,
    location: game.start,
    open: ((1 << PLACES) - 1) & ~DOORS,
    seen: 0,
    objectPlace: Uint8Array.from(game.kindPlaces),
    objectState: new Uint8Array(game.kinds.length),
    held: -1,
    contents: new Uint16Array(PLACES),
    nothingHappened: false,
    ended: false,
    succeeded: false,
  };
  for (let i = 0; i < game.kinds.length; i++) world.contents[game.kindPlaces[i]] |= 1 << game.kinds[i];
  look(world);
  return world;
}

export function copyWorld(world: World): World {
  return {
    ...world,
    objectPlace: world.objectPlace.slice(),
    objectState: world.objectState.slice(),
    contents: world.contents.slice(),
  };
}

function look(world: World): void {
  world.seen |= world.open & (1 << world.location);
}

/** Numbers of the actions that are currently possible, ascending. */
export function possibleActions(world: World): number[] {
  const { places, lamp } = world.game;
  const here = world.location;
  const actions: number[] = [];
  for (let i = 0; i < places.length; i++) if (places[i] !== here) actions.push(places[i]);
  if (!isIn(world.open, here)) actions.push(OPEN);
  else if (world.held >= 0) actions.push(PUT);
  else {
    for (let kinds = world.contents[here]; kinds !== 0; kinds &= kinds - 1) {
      actions.push(TAKE + 31 - Math.clz32(kinds & -kinds));
    }
  }
  if (world.held >= 0) {
    const type = typeOf(here);
    if (type === MICROWAVE) actions.push(HEAT);
    else if (type === FRIDGE) actions.push(COOL);
    else if (type === SINK) actions.push(CLEAN);
  }
  if (here === lamp) actions.push(LAMP);
  return actions;
}

/**
 * Executes one of `possibleActions`. With `irreversible`, a wrong appliance spoils the task object and ends the
 * episode.
 */
export function act(world: World, action: number, irreversible: boolean): void {
  const { game, location: here } = world;
  world.nothingHappened = false;
  if (action < OPEN) {
    world.location = action;
    look(world);
  } else if (action === OPEN) {
    world.open |= 1 << here;
    look(world);
  } else if (action < PUT) {
    take(world, action - TAKE);
  } else if (action === PUT) {
    world.objectPlace[world.held] = here;
    world.contents[here] |= 1 << game.kinds[world.held];
    world.held = -1;
    if (countPlaced(world) >= (game.task === PLACE_TWO ? 2 : 1)) succeed(world);
  } else if (action < LAMP) {
    const state = action - HEAT + 1;
    world.objectState[world.held] = state;
    if (irreversible && game.kinds[world.held] === game.object && state !== requiredState[game.task])
      world.ended = true;
  } else if (game.task === EXAMINE && world.held >= 0 && game.kinds[world.held] === game.object) {
    succeed(world);
  } else {
    world.nothingHappened = true;
  }
}

function succeed(world: World): void {
  world.ended = true;
  world.succeeded = true;
}

/**
 * Among objects of one kind, takes the one in the lowest state, so that the result is independent of the order of the
 * objects.
 */
function take(world: World, kind: number): void {
  const { kinds } = world.game;
  const here = world.location;
  let chosen = -1;
  let more = false;
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== kind || world.objectPlace[i] !== here) continue;
    if (chosen >= 0) more = true;
    if (chosen < 0 || world.objectState[i] < world.objectState[chosen]) chosen = i;
  }
  world.held = chosen;
  if (!more) world.contents[here] &= ~(1 << kind);
}

/**
 * Whether object `i` can still solve the task: it has the required state, or an appliance can change it to that state.
 */
export function isUsable(world: World, i: number): boolean {
  const { task, object, kinds } = world.game;
  if (kinds[i] !== object) return false;
  return applianceOf[task] >= 0 || task === EXAMINE || world.objectState[i] === requiredState[task];
}

export function hasRequiredState(world: World, i: number): boolean {
  return world.objectState[i] === requiredState[world.game.task];
}

/** Number of task objects in the required state that lie in a receptacle of the target type. */
export function countPlaced(world: World): number {
  const { object, target, kinds } = world.game;
  let placed = 0;
  for (let i = 0; i < kinds.length; i++) {
    if (
      kinds[i] === object &&
      i !== world.held &&
      typeOf(world.objectPlace[i]) === target &&
      hasRequiredState(world, i)
    ) {
      placed++;
    }
  }
  return placed;
}
