import { expect, test } from 'vitest';
import {
  act,
  CLEAN,
  COOL,
  countPlaced,
  type Game,
  HEAT,
  LAMP,
  OPEN,
  PUT,
  possibleActions,
  startWorld,
  TAKE,
  type World,
} from '../../../src/env/household/world.ts';

const [SHELF, DESK, FRIDGE, MICROWAVE, SINK] = [6, 8, 10, 12, 14];
const [PLACE, EXAMINE, CLEAN_TASK, HEAT_TASK, COOL_TASK, PLACE_TWO] = [0, 1, 2, 3, 4, 5];
const [APPLE, MUG] = [0, 4];

/** A mug and an apple on the desk, where the agent and the lamp are; the shelf is the target. */
function deskGame(task: number, kinds: number[] = [MUG, APPLE]): Game {
  const target = task === EXAMINE ? -1 : 3;
  const places = [SHELF, DESK, FRIDGE, MICROWAVE, SINK];
  return { task, object: MUG, target, places, lamp: DESK, start: DESK, kinds, kindPlaces: kinds.map(() => DESK) };
}

function playActions(game: Game, actions: number[], irreversible = true): World {
  const world = startWorld(game);
  for (const action of actions) {
    expect(possibleActions(world)).toContain(action);
    act(world, action, irreversible);
  }
  return world;
}

const outcome = (world: World): string => (world.succeeded ? 'success' : world.ended ? 'failure' : 'running');

test.each([
  ['place', PLACE, []],
  ['clean', CLEAN_TASK, [SINK, CLEAN]],
  ['heat', HEAT_TASK, [MICROWAVE, HEAT]],
  ['cool', COOL_TASK, [FRIDGE, COOL]],
])('%s: the object in the required state on the shelf is success', (_, task, processing) => {
  expect(outcome(playActions(deskGame(task), [TAKE + MUG, ...processing, SHELF, PUT]))).toBe('success');
});

test('an unprocessed object, or another object, on the target is no success', () => {
  expect(outcome(playActions(deskGame(HEAT_TASK), [TAKE + MUG, SHELF, PUT]))).toBe('running');
  expect(outcome(playActions(deskGame(PLACE), [TAKE + APPLE, SHELF, PUT]))).toBe('running');
});

test('examine: the lamp works with the object in hand, and else does nothing', () => {
  expect(outcome(playActions(deskGame(EXAMINE), [TAKE + MUG, LAMP]))).toBe('success');
  const world = playActions(deskGame(EXAMINE), [TAKE + APPLE, LAMP]);
  expect([outcome(world), world.nothingHappened]).toEqual(['running', true]);
  act(world, PUT, true);
  expect(world.nothingHappened).toBe(false);
});

test('place two: the second object ends it', () => {
  const game = deskGame(PLACE_TWO, [MUG, MUG]);
  expect(outcome(playActions(game, [TAKE + MUG, SHELF, PUT]))).toBe('running');
  expect(outcome(playActions(game, [TAKE + MUG, SHELF, PUT, DESK, TAKE + MUG, SHELF, PUT]))).toBe('success');
});

test('an object taken back from the target no longer counts as placed', () => {
  const game = deskGame(PLACE_TWO, [MUG, MUG]);
  const world = playActions(game, [TAKE + MUG, SHELF, PUT]);
  expect(countPlaced(world)).toBe(1);
  act(world, TAKE + MUG, true);
  expect(countPlaced(world)).toBe(0);
});

test('the wrong appliance spoils the task object, no other', () => {
  const wrong = [TAKE + MUG, FRIDGE, COOL];
  expect(outcome(playActions(deskGame(HEAT_TASK), wrong))).toBe('failure');
  expect(outcome(playActions(deskGame(PLACE), wrong))).toBe('failure');
  expect(outcome(playActions(deskGame(HEAT_TASK), [TAKE + APPLE, FRIDGE, COOL]))).toBe('running');
});

test('without irreversible risk the right appliance mends what the wrong one did', () => {
  const actions = [TAKE + MUG, FRIDGE, COOL, MICROWAVE, HEAT, SHELF, PUT];
  expect(outcome(playActions(deskGame(HEAT_TASK), actions, false))).toBe('success');
});

test('a closed door hides and keeps what is inside until it is opened', () => {
  const world = playActions({ ...deskGame(PLACE), kindPlaces: [FRIDGE, DESK] }, [FRIDGE]);
  expect(possibleActions(world)).toEqual([SHELF, DESK, MICROWAVE, SINK, OPEN]);
  expect((world.seen >> FRIDGE) & 1).toBe(0);
  act(world, OPEN, true);
  expect(possibleActions(world)).toEqual([SHELF, DESK, MICROWAVE, SINK, TAKE + MUG]);
  expect((world.seen >> FRIDGE) & 1).toBe(1);
});

test('of two like objects the plain one is taken, whichever was put first', () => {
  const game = { ...deskGame(PLACE, [APPLE, APPLE]), kindPlaces: [MICROWAVE, MICROWAVE] };
  const world = playActions(game, [MICROWAVE, OPEN, TAKE + APPLE, HEAT, PUT, TAKE + APPLE]);
  expect(world.objectState[world.held]).toBe(0);
  // The hot one is still there, and the place still shows an apple.
  expect(world.contents[MICROWAVE]).toBe(1 << APPLE);
  act(world, PUT, true);
  act(world, TAKE + APPLE, true);
  act(world, DESK, true);
  expect(world.contents[MICROWAVE]).toBe(1 << APPLE);
});
