import { describe, expect, test } from 'vitest';
import {
  act,
  DROP,
  type Game,
  ingredientNames,
  ingredientsOf,
  MIX,
  NO_STATION,
  neededFor,
  possibleActions,
  roomNames,
  startWorld,
  stationFor,
  stationNames,
  TAKE,
  type World,
} from '../../../src/env/crafting/world.ts';

const [ATTIC, CELLAR, GARDEN, HALL] = [0, 1, 2, 3];
const [SAGE, POPPY, WATER, WAX, CHALK] = [0, 1, 6, 7, 8];

const bits = (...numbers: number[]): number => numbers.reduce((mask, number) => mask | (1 << number), 0);

/**
 * A healing potion (sage, water, cauldron): cauldron in the attic, mortar in the cellar, press in the garden, all else
 * in the hall.
 */
const game: Game = {
  product: { effect: 0, form: 0 },
  rooms: [ATTIC, CELLAR, GARDEN, HALL],
  stations: roomNames.map((_, room) => (room < 3 ? room : NO_STATION)),
  start: HALL,
  contents: roomNames.map((_, room) => (room === HALL ? bits(SAGE, POPPY, WATER, WAX, CHALK) : 0)),
};

function playActions(actions: number[], irreversible = true): World {
  const world = startWorld(game);
  for (const action of actions) {
    expect(possibleActions(world)).toContain(action);
    act(world, action, irreversible);
  }
  return world;
}

const outcome = ({ succeeded, ended, mixFailed, held }: World) => ({ succeeded, ended, mixFailed, held });

test('the recipes: an effect determines one ingredient, a form the other and the station', () => {
  const recipe = (effect: number, form: number): string => {
    const names = ingredientsOf({ effect, form }).map((ingredient) => ingredientNames[ingredient]);
    expect(neededFor({ effect, form })).toBe(bits(...ingredientsOf({ effect, form })));
    return `${names.join(' + ')} at ${stationNames[stationFor({ effect, form })]}`;
  };
  expect([0, 1, 2, 3, 4, 5].map((i) => recipe(i, i))).toEqual([
    'sage + water at cauldron',
    'poppy + wax at cauldron',
    'amber + chalk at mortar',
    'mint + soot at mortar',
    'pepper + reed at press',
    'clover + oil at press',
  ]);
});

test('actions are those of the hands and the room', () => {
  const start = [ATTIC, CELLAR, GARDEN];
  const takeAll = [SAGE, POPPY, WATER, WAX, CHALK].map((ingredient) => TAKE + ingredient);
  expect(possibleActions(playActions([]))).toEqual([...start, ...takeAll]);
  expect(possibleActions(playActions([TAKE + WATER]))).toEqual([
    ...start,
    ...takeAll.filter((action) => action !== TAKE + WATER),
    DROP + WATER,
  ]);
  const both = [TAKE + WATER, TAKE + SAGE];
  expect(possibleActions(playActions(both))).toEqual([...start, DROP + SAGE, DROP + WATER]);
  expect(possibleActions(playActions([...both, CELLAR]))).toEqual([
    ATTIC,
    GARDEN,
    HALL,
    DROP + SAGE,
    DROP + WATER,
    MIX,
  ]);
});

describe('mixing', () => {
  test('both ingredients at the station make the product', () => {
    expect(outcome(playActions([TAKE + WATER, TAKE + SAGE, ATTIC, MIX]))).toEqual({
      ...{ succeeded: true, ended: true, mixFailed: false, held: bits(SAGE, WATER) },
    });
  });

  test.each([
    ['the wrong station', [SAGE, WATER], CELLAR],
    ['one wrong ingredient', [SAGE, WAX], ATTIC],
  ])('%s ruins a needed ingredient and ends the episode', (_, [first, second], room) => {
    const actions = [TAKE + first, TAKE + second, room, MIX];
    expect(outcome(playActions(actions))).toEqual({ succeeded: false, ended: true, mixFailed: true, held: 0 });
    const harmless = { succeeded: false, ended: false, mixFailed: true, held: bits(first, second) };
    expect(outcome(playActions(actions, false))).toEqual(harmless);
  });

  test('two needless ingredients are gone, and the episode continues', () => {
    const world = playActions([TAKE + POPPY, TAKE + CHALK, ATTIC, MIX]);
    expect(outcome(world)).toEqual({ succeeded: false, ended: false, mixFailed: true, held: 0 });
    act(world, HALL, true);
    expect([world.mixFailed, world.contents[HALL]]).toEqual([false, bits(SAGE, WATER, WAX)]);
    for (const action of [TAKE + SAGE, TAKE + WATER, ATTIC, MIX]) act(world, action, true);
    expect(world.succeeded).toBe(true);
  });
});

test('what is dropped lies in the room, and rooms are seen when entered', () => {
  const world = playActions([TAKE + SAGE, CELLAR, DROP + SAGE]);
  expect([world.held, world.contents[CELLAR], world.location]).toEqual([0, bits(SAGE), CELLAR]);
  expect(world.seen).toBe(bits(HALL, CELLAR));
});
