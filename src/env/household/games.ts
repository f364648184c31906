/** Assigns (task, object, target) combinations to splits, and generates the game of a seed. */

import { type RandomStream, randomStream, sampleToFront } from '../../random.ts';
import type { Split } from '../environment.ts';
import {
  DRAWER,
  EXAMINE,
  FRIDGE,
  type Game,
  MICROWAVE,
  objectNames,
  PLACE_TWO,
  SINK,
  taskTypes,
  typeOf,
} from './world.ts';

export interface Combination {
  /** Index into `taskTypes`. */
  readonly task: number;
  /** Index into `objectNames`. */
  readonly object: number;
  /** Index into `receptacleNames`, or -1 for examine. */
  readonly target: number;
}

/** Receptacle types that are not appliances: targets and extras. */
const furniture = [0, 1, 2, 3, 4, 8, 9, 10, 11];

/**
 * A combination is held out if its (object, target) pair or its (task, object) pair is held out. With each rule, every
 * word still occurs in training.
 */
function isHeldOut({ task, object, target }: Combination): boolean {
  if (task === EXAMINE) return object % 4 === 3;
  return (object + target) % 4 === 0 || (3 * task + object) % 5 === 0;
}

/** All combinations of a split: 327 for train and in-domain, the 225 others for out-of-domain. */
export function combinations(split: Split): Combination[] {
  const heldOut = split === 'out-of-domain';
  const all: Combination[] = [];
  for (let task = 0; task < taskTypes.length; task++) {
    for (let object = 0; object < objectNames.length; object++) {
      for (const target of task === EXAMINE ? [-1] : furniture) all.push({ task, object, target });
    }
  }
  return all.filter((combination) => isHeldOut(combination) === heldOut);
}

const byTask = (split: Split) => taskTypes.map((_, task) => combinations(split).filter((c) => c.task === task));

const choices: Record<Split, readonly (readonly Combination[])[]> = {
  train: byTask('train'),
  'in-domain': byTask('in-domain'),
  'out-of-domain': byTask('out-of-domain'),
};

/** Name of the kind of task in the games of a seed. */
export const taskOfSeed = (seed: number): string => taskTypes[seed % taskTypes.length];

/**
 * Generates the game of (seed, split). Tasks cycle with the seed, so any six consecutive seeds contain every task.
 *
 * @param extraReceptacles number of receptacle types in addition to fridge, microwave, sink and target
 * @param distractorObjects number of objects of other kinds than the task's
 */
export function drawGame(seed: number, split: Split, extraReceptacles: number, distractorObjects: number): Game {
  const random = randomStream(seed, `household/${split}`);
  const candidates = choices[split][seed % taskTypes.length];
  const { task, object, target } = candidates[random.below(candidates.length)];
  const places = drawPlaces(random, target, extraReceptacles);
  const sources = places.filter((place) => typeOf(place) !== target);
  const kinds: number[] = [];
  const kindPlaces: number[] = [];
  for (let i = 0; i < (task === PLACE_TWO ? 2 : 1); i++) {
    kinds.push(object);
    kindPlaces.push(sources[random.below(sources.length)]);
  }
  for (let i = 0; i < distractorObjects; i++) {
    const other = random.below(objectNames.length - 1);
    kinds.push(other < object ? other : other + 1);
    kindPlaces.push(places[random.below(places.length)]);
  }
  const lampPlaces = places.filter((place) => typeOf(place) !== DRAWER && furniture.includes(typeOf(place)));
  const lamp = lampPlaces[random.below(lampPlaces.length)];
  const start = places[random.below(places.length)];
  return { task, object, target, places, lamp, start, kinds, kindPlaces };
}

/** Appliances, the target, different extras, and in half of the games a second instance of one extra. */
function drawPlaces(random: RandomStream, target: number, extraReceptacles: number): number[] {
  const pool = furniture.filter((type) => type !== target);
  const extras = extraReceptacles + (target < 0 ? 1 : 0);
  sampleToFront(random, pool, extras);
  const types = [FRIDGE, MICROWAVE, SINK, ...pool.slice(0, extras)];
  if (target >= 0) types.push(target);
  const places = types.map((type) => 2 * type);
  if (random.below(2) === 0) places.push(2 * pool[0] + 1);
  return places.sort((a, b) => a - b);
}
