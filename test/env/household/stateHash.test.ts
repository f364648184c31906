import { expect, test } from 'vitest';
import { drawGame } from '../../../src/env/household/games.ts';
import { hashWorld } from '../../../src/env/household/stateHash.ts';
import { act, type Game, possibleActions, startWorld, type World } from '../../../src/env/household/world.ts';
import { randomStream } from '../../../src/random.ts';

/** The dynamic state as text. Objects of one kind are interchangeable. */
function spell(world: World): string {
  const objects = world.game.kinds.map((kind, i) =>
    [i === world.held ? 'held' : world.objectPlace[i], kind, world.objectState[i]].join(':'),
  );
  return [world.location, world.open, world.seen, ...objects.sort()].join(' ');
}

test('two states of a game have the same hash if and only if they are the same, over 100000 random steps', () => {
  const random = randomStream(1, 'test/hash');
  const hashes = new Map<string, number>();
  const states = new Map<number, string>();
  let outOfRange = 0;
  let disagreements = 0;
  for (let walk = 0; walk < 200; walk++) {
    // Few places and many objects, so that states recur.
    const world = startWorld(drawGame(walk % 10, 'train', 1, 8));
    for (let i = 0; i < 500; i++) {
      const actions = possibleActions(world);
      act(world, actions[random.below(actions.length)], false);
      const state = `${walk % 10} ${spell(world)}`;
      const hash = hashWorld(world);
      if (!Number.isSafeInteger(hash) || hash < 0) outOfRange++;
      if ((hashes.get(state) ?? hash) !== hash || (states.get(hash) ?? state) !== state) disagreements++;
      hashes.set(state, hash);
      states.set(hash, state);
    }
  }
  expect([outOfRange, disagreements]).toEqual([0, 0]);
  expect(hashes.size).toBeGreaterThan(10_000);
  expect(hashes.size).toBeLessThan(100_000);
});

test('hashes do not depend on which of two like objects is where', () => {
  const game: Game = { ...drawGame(5, 'train', 2, 0), kinds: [4, 4], kindPlaces: [0, 10], places: [0, 10, 12, 14] };
  const swapped: Game = { ...game, kindPlaces: [10, 0] };
  expect(hashWorld(startWorld(swapped))).toBe(hashWorld(startWorld(game)));
});
