import { expect, test } from 'vitest';
import { drawGame } from '../../../src/env/crafting/games.ts';
import { hashWorld } from '../../../src/env/crafting/stateHash.ts';
import { act, possibleActions, startWorld, type World } from '../../../src/env/crafting/world.ts';
import { randomStream } from '../../../src/random.ts';

/** The dynamic state as text: all that past actions changed or revealed. */
const spell = ({ location, seen, held, contents }: World): string => [location, seen, held, ...contents].join(' ');

test('two states of a game have the same hash if and only if they are the same, over 100000 random steps', () => {
  const random = randomStream(1, 'test/hash');
  const hashes = new Map<string, number>();
  const states = new Map<string, string>();
  let outOfRange = 0;
  let disagreements = 0;
  for (let walk = 0; walk < 200; walk++) {
    const game = walk % 10;
    let world = startWorld(drawGame(game, 'train', 4, game));
    for (let i = 0; i < 500; i++) {
      if (world.ended) world = startWorld(world.game);
      const actions = possibleActions(world);
      act(world, actions[random.below(actions.length)], walk % 2 === 0);
      const state = `${game} ${spell(world)}`;
      const hash = hashWorld(world);
      if (!Number.isSafeInteger(hash) || hash < 0) outOfRange++;
      const named = `${game} ${hash}`;
      if ((hashes.get(state) ?? hash) !== hash || (states.get(named) ?? state) !== state) disagreements++;
      hashes.set(state, hash);
      states.set(named, state);
    }
  }
  expect([outOfRange, disagreements]).toEqual([0, 0]);
  expect(hashes.size).toBeGreaterThan(10_000);
  expect(hashes.size).toBeLessThan(100_000);
});

test('states that differ in one thing differ in their hash: location, seen, each ingredient, hands', () => {
  const world = startWorld(drawGame(0, 'train', 10, 10));
  const [from, to] = world.game.rooms.filter((room) => room !== world.location);
  const hashes = new Set([hashWorld(world)]);
  const differing = (changes: Partial<World>): number =>
    hashes.add(hashWorld({ ...world, contents: world.contents.slice(), ...changes })).size;
  expect(differing({ location: from })).toBe(2);
  expect(differing({ seen: world.seen | (1 << from) })).toBe(3);
  expect(differing({ seen: world.seen | (1 << to) })).toBe(4);
  for (let ingredient = 0; ingredient < 12; ingredient++) {
    const contents = world.contents.map((mask) => mask & ~(1 << ingredient));
    expect(differing({ contents })).toBe(5 + 3 * ingredient);
    expect(differing({ contents, held: 1 << ingredient })).toBe(6 + 3 * ingredient);
    const moved = contents.slice();
    const room = world.contents[from] === contents[from] ? from : to;
    moved[room] |= 1 << ingredient;
    expect(differing({ contents: moved })).toBe(7 + 3 * ingredient);
  }
});
