/** Which products belong to a split, and the game that a seed names. */

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

/** Two forms of each effect are held out and two effects of each form, so every word of a held-out product is seen in four others. */
const isHeldOut = ({ effect, form }: Product): boolean => (effect + form) % 3 === 0;

/** All products of a split: 24 for train and in-domain, 12 others for out-of-domain. */
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

/** `count` different numbers below `n`, in the order drawn. */
function draw(random: RandomStream, n: number, count: number): number[] {
  const pool = Array.from({ length: n }, (_, i) => i);
  sampleToFront(random, pool, count);
  return pool.slice(0, count);
}

/** Name of the kind of task in the games of a seed. */
export const taskOfSeed = (seed: number): string => formNames[seed % formNames.length];

/**
 * The game that (seed, split) names. Forms cycle with the seed, so every form is present in any six seeds in a row.
 *
 * @param roomCount number of rooms; the first three drawn have a station each
 * @param distractors number of ingredients beside the two needed
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
    // Numbers count past the two needed, of which the first is the lower.
    const past = other < first ? other : other + 1;
    put(past < second ? past : past + 1);
  }
  const start = rooms[random.below(roomCount)];
  return { product, rooms: rooms.sort((a, b) => a - b), stations, start, contents };
}
