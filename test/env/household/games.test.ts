import { expect, test } from 'vitest';
import { splits } from '../../../src/env/environment.ts';
import { type Combination, combinations, drawGame } from '../../../src/env/household/games.ts';
import { objectNames, receptacleNames, taskTypes, typeOf } from '../../../src/env/household/world.ts';

const key = ({ task, object, target }: Combination): string => `${task} ${object} ${target}`;

test('327 combinations are seen, 225 held out, none is both, together they are all', () => {
  const train = combinations('train').map(key);
  const held = combinations('out-of-domain').map(key);
  expect(combinations('in-domain').map(key)).toEqual(train);
  expect([train.length, held.length]).toEqual([327, 225]);
  // Five tasks with nine targets and one without, for twelve objects.
  expect(new Set([...train, ...held]).size).toBe(552);
});

test('every task, object and target of a held-out combination is seen in some other combination', () => {
  for (const field of ['task', 'object', 'target'] as const) {
    const seen = new Set(combinations('train').map((c) => c[field]));
    expect(combinations('out-of-domain').every((c) => seen.has(c[field]))).toBe(true);
  }
});

test.each(splits)('%s: games are of its combinations, tasks cycle, layouts obey the rules', (split) => {
  const allowed = new Set(combinations(split).map(key));
  const drawn = new Set<string>();
  let twins = 0;
  for (let seed = 0; seed < 1200; seed++) {
    const game = drawGame(seed, split, 2, 3);
    drawn.add(key(game));
    expect(game.task).toBe(seed % taskTypes.length);
    const types = game.places.map(typeOf);
    const distinct = new Set(types).size;
    // Fridge, microwave, sink, and three more: target and two extras, or three extras.
    expect(distinct).toBe(6);
    expect([5, 6, 7].every((type) => types.includes(type))).toBe(true);
    expect(game.places).toEqual([...game.places].sort((a, b) => a - b));
    twins += types.length - distinct;
    if (game.target >= 0) expect(types.filter((type) => type === game.target).length).toBe(1);
    expect([1, 5, 6, 7]).not.toContain(typeOf(game.lamp));
    for (const place of [game.lamp, game.start, ...game.kindPlaces]) expect(game.places).toContain(place);
    const sources = game.kindPlaces.filter((_, i) => game.kinds[i] === game.object);
    expect(sources.length).toBe(game.task === 5 ? 2 : 1);
    expect(sources.map(typeOf)).not.toContain(game.target);
    expect(game.kinds.length - sources.length).toBe(3);
    expect(game.kinds.every((kind) => kind >= 0 && kind < objectNames.length)).toBe(true);
    expect(types.every((type) => type < receptacleNames.length)).toBe(true);
  }
  expect([...drawn].every((combination) => allowed.has(combination))).toBe(true);
  // 1200 samples miss few combinations: at least 9 in 10 occur.
  expect(drawn.size).toBeGreaterThan(0.9 * allowed.size);
  // Half of the games have a second instance: six standard deviations of a binomial are 104.
  expect(Math.abs(twins - 600)).toBeLessThan(104);
});

test('a game depends only on seed, split and the two options', () => {
  const game = drawGame(17, 'train', 2, 3);
  drawGame(18, 'train', 5, 1);
  expect(drawGame(17, 'train', 2, 3)).toEqual(game);
  expect(drawGame(17, 'in-domain', 2, 3)).not.toEqual(game);
  expect(drawGame(17, 'train', 3, 3)).not.toEqual(game);
  expect(drawGame(17, 'train', 2, 4)).not.toEqual(game);
});
