import { expect, test } from 'vitest';
import { count, duration, table, two } from '../../../src/cli/shared/print.ts';

test('numbers', () => {
  expect([0.734, -0.005, 1, null, undefined].map(two)).toEqual(['0.73', '-0.01', '1.00', '-', '-']);
  expect([0, 999, 1000, 182345, 1234567].map(count)).toEqual(['0', '999', '1,000', '182,345', '1,234,567']);
  expect([850, 1500, 59_400, 185_000, 3_600_000, 7_380_000].map(duration)).toEqual([
    ...['850 ms', '2 s', '59 s', '3 min 5 s', '1 h 0 min', '2 h 3 min'],
  ]);
});

test('a table has no colours and aligns its numbers right', () => {
  expect(table(['Pairs', 'n'], [['good-bad', '5']])).toBe(
    ['┌──────────┬───┐', '│ Pairs    │ n │', '├──────────┼───┤', '│ good-bad │ 5 │', '└──────────┴───┘'].join('\n'),
  );
  expect(table(['a', 'wide'], [['x', '5']])).toContain('│    5 │');
});
