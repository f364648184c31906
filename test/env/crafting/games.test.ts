import { expect, test } from 'vitest';
import { drawGame, products } from '../../../src/env/crafting/games.ts';
import {
  effectNames,
  formNames,
  type Game,
  ingredientsOf,
  isIn,
  NO_STATION,
  type Product,
  stationFor,
} from '../../../src/env/crafting/world.ts';
import { splits } from '../../../src/env/environment.ts';

const key = ({ effect, form }: Product): string => `${effect} ${form}`;

test('24 products are seen, 12 held out, none is both, together they are all', () => {
  const train = products('train').map(key);
  const held = products('out-of-domain').map(key);
  expect(products('in-domain').map(key)).toEqual(train);
  expect([train.length, held.length]).toEqual([24, 12]);
  expect(new Set([...train, ...held]).size).toBe(effectNames.length * formNames.length);
});

test('a held-out pair of ingredients is never mixed in training, while each of the two is, in four products', () => {
  const train = products('train');
  const pairs = new Set(train.map((product) => ingredientsOf(product).join()));
  for (const product of products('out-of-domain')) {
    expect(pairs.has(ingredientsOf(product).join())).toBe(false);
    const sharing = (field: keyof Product) => train.filter((other) => other[field] === product[field]);
    expect([sharing('effect').length, sharing('form').length]).toEqual([4, 4]);
    expect(new Set(sharing('form').map(stationFor))).toEqual(new Set([stationFor(product)]));
  }
});

const count = (mask: number): number => mask.toString(2).replaceAll('0', '').length;

test.each(splits)('%s: games are of its products, forms cycle, layouts obey the rules', (split) => {
  const allowed = products(split).map(key);
  const drawn = new Set<string>();
  const layouts = new Set<string>();
  for (let seed = 0; seed < 1200; seed++) {
    const game: Game = drawGame(seed, split, 5, 3);
    drawn.add(key(game.product));
    layouts.add(JSON.stringify(game));
    expect(game.product.form).toBe(seed % formNames.length);
    expect(game.rooms.length).toBe(5);
    expect(game.rooms.every((room, i) => i === 0 || room > game.rooms[i - 1])).toBe(true);
    expect(game.rooms).toContain(game.start);
    const inRooms = (values: readonly number[]) => game.rooms.map((room) => values[room]);
    expect(inRooms(game.stations).sort((a, b) => a - b)).toEqual([NO_STATION, NO_STATION, 0, 1, 2]);
    expect(game.stations.filter((station) => station !== NO_STATION).length).toBe(3);
    const all = inRooms(game.contents).reduce((mask, contents) => mask | contents, 0);
    // Five ingredients, each in one room.
    expect([count(all), game.contents.reduce((sum, contents) => sum + count(contents), 0)]).toEqual([5, 5]);
    expect(ingredientsOf(game.product).every((ingredient) => isIn(all, ingredient))).toBe(true);
  }
  expect([...drawn].sort()).toEqual(allowed.sort());
  expect(layouts.size).toBe(1200);
});

test('every ingredient comes up as a distractor of every product', () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 1200; seed++) {
    const { product, contents } = drawGame(seed, 'train', 5, 3);
    seen.set(
      key(product),
      contents.reduce((mask, room) => mask | room, seen.get(key(product)) ?? 0),
    );
  }
  expect([...new Set(seen.values())]).toEqual([2 ** 12 - 1]);
});
