/**
 * Token form: the vocabulary and the features of states and actions.
 *
 * State slots: 0 effect and 1 form of the product, 2 room of the agent, 3 station there, 4 bag of the ingredients held,
 * 5 whether the last action was a failed mix, 6 bag of the ingredients in the room.
 * Action slots: 0 verb, 1 ingredient (two of a mix), 2 room, 3 station seen there, 4 visited or not, 5 bag of the
 * ingredients seen there.
 * In slots 0 to 5 (state) and 0 to 4 (action), `none` means that the slot does not apply.
 */

import type { Features } from '../environment.ts';
import {
  DROP,
  effectNames,
  formNames,
  INGREDIENTS,
  ingredientNames,
  isIn,
  lowest,
  MIX,
  ROOMS,
  roomNames,
  stationNames,
  TAKE,
  type World,
} from './world.ts';

const NONE = 0;
const EFFECT = 1;
const FORM = EFFECT + effectNames.length;
const INGREDIENT = FORM + formNames.length;
const ROOM = INGREDIENT + ingredientNames.length;
const STATION = ROOM + roomNames.length;
const GOTO_VERB = STATION + stationNames.length;
const TAKE_VERB = GOTO_VERB + 1;
const DROP_VERB = TAKE_VERB + 1;
const MIX_VERB = DROP_VERB + 1;
const VISITED = MIX_VERB + 1;
const UNVISITED = VISITED + 1;
const MIX_FAILED = UNVISITED + 1;
const OK = MIX_FAILED + 1;

export const vocabulary: readonly string[] = [
  'none',
  ...effectNames,
  ...formNames,
  ...ingredientNames,
  ...roomNames,
  ...stationNames,
  ...['goto', 'take', 'drop', 'mix', 'visited', 'unvisited', 'mix-failed', 'ok'],
];

export const STATE_SLOTS = 7;
export const ACTION_SLOTS = 6;

const WORDS = vocabulary.length;

const stationWord = (station: number): number => (station < 0 ? NONE : STATION + station);

function pushIngredients(features: number[], base: number, ingredients: number): void {
  for (let rest = ingredients; rest !== 0; rest &= rest - 1) features.push(base + lowest(rest));
}

/** Features of the state, ascending. */
export function stateFeatures(world: World): Features {
  const { game, location: here, held } = world;
  const features = [
    EFFECT + game.product.effect,
    WORDS + FORM + game.product.form,
    2 * WORDS + ROOM + here,
    3 * WORDS + stationWord(game.stations[here]),
  ];
  if (held === 0) features.push(4 * WORDS + NONE);
  else pushIngredients(features, 4 * WORDS + INGREDIENT, held);
  features.push(5 * WORDS + (world.mixFailed ? MIX_FAILED : OK));
  pushIngredients(features, 6 * WORDS + INGREDIENT, world.contents[here]);
  return features;
}

const words = (verb: number, ingredient: number, room: number, station: number, visited: number): number[] => [
  verb,
  WORDS + ingredient,
  2 * WORDS + ROOM + room,
  3 * WORDS + station,
  4 * WORDS + visited,
];

const forRooms = (make: (room: number) => Features): Features[] => Array.from({ length: ROOMS }, (_, r) => make(r));

const forIngredients = (verb: number): Features[][] =>
  Array.from({ length: INGREDIENTS }, (_, i) => forRooms((room) => words(verb, INGREDIENT + i, room, NONE, NONE)));

/** These features depend only on room and ingredient. They are computed once and shared by all episodes. */
const gotoUnseen = forRooms((room) => words(GOTO_VERB, NONE, room, NONE, UNVISITED));
const takeFeatures = forIngredients(TAKE_VERB);
const dropFeatures = forIngredients(DROP_VERB);

/** Features of going to a room, with what the agent has seen there. */
export function gotoFeatures(world: World, room: number): Features {
  if (!isIn(world.seen, room)) return gotoUnseen[room];
  const features = words(GOTO_VERB, NONE, room, stationWord(world.game.stations[room]), VISITED);
  pushIngredients(features, 5 * WORDS + INGREDIENT, world.contents[room]);
  return features;
}

/** Features of an action other than going. */
export function actionFeatures(world: World, action: number): Features {
  const here = world.location;
  if (action < DROP) return takeFeatures[action - TAKE][here];
  if (action < MIX) return dropFeatures[action - DROP][here];
  const features = [MIX_VERB];
  pushIngredients(features, WORDS + INGREDIENT, world.held);
  features.push(2 * WORDS + ROOM + here, 3 * WORDS + stationWord(world.game.stations[here]), 4 * WORDS + NONE);
  return features;
}
