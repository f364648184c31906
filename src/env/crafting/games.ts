/** Assigns products to splits, and generates the game of a seed. */

import { type RandomStream, randomStream, sampleToFront } from '../../random.ts';
import type { Split } from '../environment.ts';
import {
  effectNames,
  formNames,
  type Game,
  INGREDIENTS,
  ingredientsOf,
  NO_STATION,
  type Product,
  ROOMS,
  STATIONS,
} from './world.ts';

/**
 * Held out are two forms of each effect and two effects of each form, so every word of a held-out product occurs in
 * four products of training.
 */
const isHeldOut = ({ effect, form }: Product): boolean => (effect + form) % 3 === 0;

/** All products of a split: 24 for train and in-domain, the 12 others for out-of-domain. */
export function products(split: Split): Product[] {
  const heldOut = split === 'out-of-domain';
  const all = formNames.flatMap((_, form) => effectNames.map((__, effect) => ({ effect, form })));
  return all.filter((product) => isHeldOut(product) === heldOut);
}

const byForm = (split: Split) => formNames.map((_, form) => products(split).filter((product) => product.form === form));

const choices: Record<Split, readonly (readonly Product[])[]> = {
  train: byForm('train'),
  'in-domain': byForm('in-domain'),
  'out-of-domain': byForm('out-of-domain'),
};

/** `count` different numbers below `n`, in the order of sampling. */
function draw(random: RandomStream, n: number, count: number): number[] {
  const pool = Array.from({ length: n }, (_, i) => i);
  sampleToFront(random, pool, count);
  return pool.slice(0, count);
}

/** Name of the kind of task in the games of a seed. */
export const taskOfSeed = (seed: number): string => formNames[seed % formNames.length];

/**
 * Generates the game of (seed, split). Forms cycle with the seed, so any six consecutive seeds contain every form.
 *
 * @param roomCount number of rooms; the first three sampled have a station each
 * @param distractors number of ingredients in addition to the two needed
 */
export function drawGame(seed: number, split: Split, roomCount: number, distractors: number): Game {
  const random = randomStream(seed, `crafting/${split}`);
  const candidates = choices[split][seed % formNames.length];
  const product = candidates[random.below(candidates.length)];
  const rooms = draw(random, ROOMS, roomCount);
  const stations = new Array<number>(ROOMS).fill(NO_STATION);
  for (let station = 0; station < STATIONS; station++) stations[rooms[station]] = station;
  const contents = new Array<number>(ROOMS).fill(0);
  const put = (ingredient: number): void => {
    contents[rooms[random.below(roomCount)]] |= 1 << ingredient;
  };
  const [first, second] = ingredientsOf(product);
  put(first);
  put(second);
  for (const other of draw(random, INGREDIENTS - 2, distractors)) {
    // Indices skip the two needed ingredients. `first` is the smaller one.
    const past = other < first ? other : other + 1;
    put(past < second ? past : past + 1);
  }
  const start = rooms[random.below(roomCount)];
  return { product, rooms: rooms.sort((a, b) => a - b), stations, start, contents };
}
