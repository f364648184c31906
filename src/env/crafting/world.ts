/**
 * The crafting world: recipes, contents of rooms, effects of actions. Integers and bit masks only.
 *
 * A product has an effect and a form. The effect determines one ingredient. The form determines another one, and the
 * station where the two are mixed. A recipe therefore follows from products that share its effect and products that
 * share its form. Each ingredient exists once.
 *
 * Rooms and ingredients have the numbers of the lists below; bit i of a mask represents number i. Each action has a
 * fixed number, too, so actions have one sorted order, by ascending number: verb, then room or ingredient.
 */

export const effectNames = ['healing', 'sleeping', 'glowing', 'cooling', 'warming', 'growing'] as const;

export const formNames = ['potion', 'candle', 'powder', 'ink', 'paper', 'perfume'] as const;

/** First the ingredient of each effect, then the ingredient of each form. */
export const ingredientNames = [
  ...['sage', 'poppy', 'amber', 'mint', 'pepper', 'clover'],
  ...['water', 'wax', 'chalk', 'soot', 'reed', 'oil'],
] as const;

export const stationNames = ['cauldron', 'mortar', 'press'] as const;

export const roomNames = [
  ...['attic', 'cellar', 'garden', 'hall', 'kitchen'],
  ...['library', 'pantry', 'shed', 'stable', 'tower'],
] as const;

export const INGREDIENTS = ingredientNames.length;
export const ROOMS = roomNames.length;
export const STATIONS = stationNames.length;

/**
 * Action numbers: going to a room has the number of the room; then taking and dropping an ingredient; then mixing the
 * two held.
 */
const GOTO = 0;
export const TAKE = GOTO + ROOMS;
export const DROP = TAKE + INGREDIENTS;
export const MIX = DROP + INGREDIENTS;
export const ACTIONS = MIX + 1;

export const NO_STATION = -1;

export interface Product {
  /** Index into `effectNames`. */
  readonly effect: number;
  /** Index into `formNames`. */
  readonly form: number;
}

/** The two ingredients of a product, ascending. */
export const ingredientsOf = ({ effect, form }: Product): [number, number] => [effect, effectNames.length + form];

/** Mask of the two ingredients of a product. */
export const neededFor = ({ effect, form }: Product): number => (1 << effect) | (1 << (effectNames.length + form));

/** The station of a product; two forms share each. */
export const stationFor = ({ form }: Product): number => form >>> 1;

/** The part of the world that is constant during an episode. */
export interface Game {
  readonly product: Product;
  /** The existing rooms, ascending. */
  readonly rooms: readonly number[];
  /** Station of each of the `ROOMS` rooms, or `NO_STATION`. */
  readonly stations: readonly number[];
  readonly start: number;
  /** Mask of the ingredients that start in each of the `ROOMS` rooms. */
  readonly contents: readonly number[];
}

export interface World {
  readonly game: Game;
  location: number;
  /** Mask of rooms the agent has been in. */
  seen: number;
  /** Mask of the ingredients in each room. */
  readonly contents: Uint16Array;
  /** Mask of the ingredients held, at most two. */
  held: number;
  /** Whether the last action was a failed mix. */
  mixFailed: boolean;
  /** True after success, or when a needed ingredient is destroyed. */
  ended: boolean;
  succeeded: boolean;
}

export function startWorld(game: Game): World {
  return {
    game,
    location: game.start,
    seen: 1 << game.start,
    contents: Uint16Array.from(game.contents),
    held: 0,
    mixFailed: false,
    ended: false,
    succeeded: false,
  };
}

export function copyWorld(world: World): World {
  return { ...world, contents: world.contents.slice() };
}

export const isIn = (mask: number, number: number): boolean => ((mask >>> number) & 1) === 1;

/** Number of the lowest bit of a mask that is not 0. */
export const lowest = (mask: number): number => 31 - Math.clz32(mask & -mask);

/** Whether both hands are full. */
const holdsTwo = (held: number): boolean => (held & (held - 1)) !== 0;

/** Numbers of the actions that are currently possible, ascending. */
export function possibleActions({ game, location: here, contents, held }: World): number[] {
  const actions: number[] = [];
  for (let i = 0; i < game.rooms.length; i++) if (game.rooms[i] !== here) actions.push(game.rooms[i]);
  const full = holdsTwo(held);
  if (!full) for (let rest = contents[here]; rest !== 0; rest &= rest - 1) actions.push(TAKE + lowest(rest));
  for (let rest = held; rest !== 0; rest &= rest - 1) actions.push(DROP + lowest(rest));
  if (full && game.stations[here] !== NO_STATION) actions.push(MIX);
  return actions;
}

/**
 * Executes one of `possibleActions`. With `irreversible`, a wrong mix destroys both ingredients; if one of them is
 * needed, the episode ends.
 */
export function act(world: World, action: number, irreversible: boolean): void {
  const { location: here, contents } = world;
  world.mixFailed = false;
  if (action < TAKE) {
    world.location = action;
    world.seen |= 1 << action;
  } else if (action < DROP) {
    const bit = 1 << (action - TAKE);
    contents[here] &= ~bit;
    world.held |= bit;
  } else if (action < MIX) {
    const bit = 1 << (action - DROP);
    world.held &= ~bit;
    contents[here] |= bit;
  } else mix(world, irreversible);
}

function mix(world: World, irreversible: boolean): void {
  const { product, stations } = world.game;
  const needed = neededFor(product);
  if (world.held === needed && stations[world.location] === stationFor(product)) {
    world.succeeded = true;
    world.ended = true;
    return;
  }
  world.mixFailed = true;
  if (!irreversible) return;
  world.ended = (world.held & needed) !== 0;
  world.held = 0;
}
