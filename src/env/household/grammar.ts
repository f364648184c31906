/**
 * Token form: the vocabulary and the features of states and actions.
 *
 * State slots: 0 task, 1 task object, 2 target, 3 receptacle of the agent, 4 closed or open, 5 held object, 6 its
 * state, 7 one of two placed, 8 lamp here, 9 whether the last action had no effect, 10 bag of the visible objects.
 * Action slots: 0 verb, 1 object, 2 receptacle type, 3 instance, 4 visited or not, 5 bag of the contents that the agent
 * has seen there.
 * In slots 0 to 9 (state) and 0 to 4 (action), `none` means that the slot does not apply.
 */

import type { Features } from '../environment.ts';
import {
  countPlaced,
  HEAT,
  isIn,
  LAMP,
  OPEN,
  objectNames,
  PLACE_TWO,
  PLACES,
  PUT,
  receptacleNames,
  TAKE,
  taskTypes,
  typeOf,
  type World,
} from './world.ts';

const NONE = 0;
const TASK = 1;
const VERB = TASK + taskTypes.length;
const OBJECT = VERB + 8;
const RECEPTACLE = OBJECT + objectNames.length;
const INSTANCE = RECEPTACLE + receptacleNames.length;
const CLOSED = INSTANCE + 2;
const OPENED = CLOSED + 1;
const VISITED = OPENED + 1;
const UNVISITED = VISITED + 1;
const PLAIN = UNVISITED + 1;
const NOT_PLACED = PLAIN + 4;
const ONE_PLACED = NOT_PLACED + 1;
const LAMP_HERE = ONE_PLACED + 1;
const NO_LAMP = LAMP_HERE + 1;
const NO_EFFECT = NO_LAMP + 1;
const OK = NO_EFFECT + 1;

/** A word with two meanings has one entry per meaning: `heat` is an action, `task-heat` a task. */
export const vocabulary: readonly string[] = [
  'none',
  ...taskTypes.map((task) => `task-${task}`),
  ...['goto', 'open', 'take', 'put', 'heat', 'cool', 'clean', 'use-lamp'],
  ...objectNames,
  ...receptacleNames,
  ...['1', '2'],
  ...['is-closed', 'is-open', 'visited', 'unvisited'],
  ...['is-plain', 'is-hot', 'is-cold', 'is-clean'],
  ...['not-placed', 'one-placed', 'lamp', 'no-lamp', 'no-effect', 'ok'],
];

export const STATE_SLOTS = 11;
export const ACTION_SLOTS = 6;

const WORDS = vocabulary.length;
const STATE_BAG = 10 * WORDS;
const ACTION_BAG = 5 * WORDS;

/** Features of the state, ascending. */
export function stateFeatures(world: World): Features {
  const { game, location: here, held } = world;
  const open = isIn(world.open, here);
  const features = [
    TASK + game.task,
    WORDS + OBJECT + game.object,
    2 * WORDS + (game.target < 0 ? NONE : RECEPTACLE + game.target),
    3 * WORDS + RECEPTACLE + typeOf(here),
    4 * WORDS + (open ? OPENED : CLOSED),
    5 * WORDS + (held < 0 ? NONE : OBJECT + game.kinds[held]),
    6 * WORDS + (held < 0 ? NONE : PLAIN + world.objectState[held]),
    7 * WORDS + (game.task === PLACE_TWO && countPlaced(world) > 0 ? ONE_PLACED : NOT_PLACED),
    8 * WORDS + (here === game.lamp ? LAMP_HERE : NO_LAMP),
    9 * WORDS + (world.nothingHappened ? NO_EFFECT : OK),
  ];
  if (open) pushKinds(features, STATE_BAG + OBJECT, world.contents[here]);
  return features;
}

function pushKinds(features: number[], base: number, kinds: number): void {
  for (let rest = kinds; rest !== 0; rest &= rest - 1) features.push(base + 31 - Math.clz32(rest & -rest));
}

const words = (verb: number, object: number, receptacle: number, instance: number, visited: number): number[] => [
  VERB + verb,
  WORDS + object,
  2 * WORDS + receptacle,
  3 * WORDS + instance,
  4 * WORDS + visited,
];

const placeWords = (verb: number, object: number, place: number, visited: number): number[] =>
  words(verb, object, RECEPTACLE + typeOf(place), INSTANCE + (place & 1), visited);

const forPlaces = (make: (place: number) => Features): Features[] => Array.from({ length: PLACES }, (_, p) => make(p));

const forKinds = (verb: number): Features[][] =>
  objectNames.map((_, kind) => forPlaces((place) => placeWords(verb, OBJECT + kind, place, NONE)));

/**
 * All actions except going to a visited place have one form per place and object. They are computed once and shared by
 * all episodes.
 */
const gotoUnseen = forPlaces((place) => placeWords(0, NONE, place, UNVISITED));
const openFeatures = forPlaces((place) => placeWords(1, NONE, place, NONE));
const takeFeatures = forKinds(2);
const heldFeatures = [3, 4, 5, 6].map(forKinds);
const lampFeatures: Features = words(7, NONE, NONE, NONE, NONE);

/** Features of going to a place, with the contents that the agent has seen there. */
export function gotoFeatures(world: World, place: number): Features {
  if (!isIn(world.seen, place)) return gotoUnseen[place];
  const features = placeWords(0, NONE, place, VISITED);
  pushKinds(features, ACTION_BAG + OBJECT, world.contents[place]);
  if (place === world.game.lamp) features.push(ACTION_BAG + LAMP_HERE);
  return features;
}

/** Features of an action other than going. */
export function actionFeatures(world: World, action: number): Features {
  const here = world.location;
  if (action === OPEN) return openFeatures[here];
  if (action < PUT) return takeFeatures[action - TAKE][here];
  if (action === LAMP) return lampFeatures;
  return heldFeatures[action < HEAT ? 0 : action - HEAT + 1][world.game.kinds[world.held]][here];
}
