import { expect, test } from 'vitest';
import { nearestName } from '../../src/check/nearestName.ts';

test('finds the name with the fewest edits, whatever its capitals and underscores', () => {
  const known = ['household', 'crafting', 'look-alike', 'bandit'];
  expect(nearestName('houshold', known)).toBe('household');
  expect(nearestName('Look_Alike', known)).toBe('look-alike');
  expect(nearestName('bandti', known)).toBe('bandit');
});

test('finds none where half of the letters differ', () => {
  expect(nearestName('xyz', ['household', 'bandit'])).toBeNull();
  expect(nearestName('a', [])).toBeNull();
});
