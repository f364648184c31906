import { describe, expect, test } from 'vitest';
import { randomTable, resultTables } from '../../../src/cli/shared/resultTables.ts';

const none = { train: null, inDomain: null, outOfDomain: null };
const success = { train: 0.5, inDomain: 0.25, outOfDomain: null };
const meanOf = (mean: number) => ({ mean, interval: [mean - 1, mean + 1] as const, episodes: 8 });
const returns = { train: meanOf(12), inDomain: meanOf(7), outOfDomain: null };
const asSuccess = { train: meanOf(0.5), inDomain: meanOf(0.25), outOfDomain: null };
const random = { success: { ...none, train: meanOf(0.1) }, return: { ...none, train: meanOf(-3) } };

/** The rows of a table without its lines. */
const rowsOf = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('resultTables', () => {
  const head = ['train', 'in-domain', 'out-of-domain'];

  test('success alone where returns equal it, or are those of an earlier version', () => {
    const expected = [
      ['Success', ...head],
      ['at the end', '0.50', '0.25', '-'],
    ];
    for (const of of [{ success, return: asSuccess }, { success }]) {
      expect(resultTables(of).map(rowsOf)).toEqual([expected]);
    }
  });

  test('both where they differ, with the random baseline in each', () => {
    expect(resultTables({ success, return: returns, random }).map(rowsOf)).toEqual([
      [
        ['Success', ...head],
        ['at the end', '0.50', '0.25', '-'],
        ['random actions', '0.10', '-', '-'],
      ],
      [
        ['Return', ...head],
        ['at the end', '12.00 [11.00, 13.00]', '7.00 [6.00, 8.00]', '-'],
        ['random actions', '-3.00 [-4.00, -2.00]', '-', '-'],
      ],
    ]);
  });

  test('returns alone where success means nothing', () => {
    expect(resultTables({ success: none, return: returns }).map((table) => rowsOf(table)[0][0])).toEqual(['Return']);
  });
});

test('randomTable has no row of success where it means nothing', () => {
  const steps = { train: 3.25, inDomain: null, outOfDomain: null };
  expect(rowsOf(randomTable(random, steps)).map(([name, train]) => [name, train])).toEqual([
    ['Random actions', 'train'],
    ['success', '0.10 [-0.90, 1.10]'],
    ['return', '-3.00 [-4.00, -2.00]'],
    ['steps', '3.3'],
  ]);
  const names = rowsOf(randomTable({ ...random, success: none }, steps)).map(([name]) => name);
  expect(names).toEqual(['Random actions', 'return', 'steps']);
});
