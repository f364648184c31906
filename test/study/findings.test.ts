import { expect, test } from 'vitest';
import type { Estimate } from '../../src/report/studyTables.ts';
import { judgedText, verdictOf } from '../../src/study/findings.ts';

const difference = (value: number, low: number | null, high: number | null): Estimate => ({
  ...{ statistic: 'IQM of paired differences', value, low, high },
  seeds: [1, 2, 3],
});

test.each([
  [0.1, 0.01, 0.2, 'above'],
  [0.1, 0, 0.2, 'open'],
  [0.1, -0.01, 0.2, 'open'],
  [-0.1, -0.2, 0, 'open'],
  [-0.1, -0.2, -0.01, 'below'],
  [0.1, null, null, 'few'],
] as const)('a difference of %f within [%f, %f] is %s', (value, low, high, verdict) => {
  expect(verdictOf(difference(value, low, high))).toBe(verdict);
});

test('names by verdict, the largest difference first, with numbers where there is something to say', () => {
  const judged = [
    { name: 'A', difference: difference(0.1, 0.05, 0.2) },
    { name: 'B', difference: difference(-0.02, -0.1, 0.1) },
    { name: 'C', difference: difference(0.3, 0.2, 0.4) },
    { name: 'D', difference: difference(-0.3, -0.4, -0.2) },
    { name: 'E', difference: difference(0.5, null, null) },
    { name: 'F', difference: difference(-0.004, -0.005, -0.003) },
  ];
  expect(judgedText({ above: 'Gain', below: 'Lose' }, judged)).toBe(
    'Gain: C +0.30; A +0.10. Lose: D −0.30; F by less than 0.01. No certain difference: B. Too few seeds for an interval: E +0.50.',
  );
  expect(judgedText({ above: 'Gain', below: 'Lose' }, [])).toBe('');
});

test('six names of a verdict, and how many more', () => {
  const many = Array.from({ length: 8 }, (_, i) => ({ name: `M${i}`, difference: difference(i / 10, -1, 1) }));
  expect(judgedText({ above: 'Gain', below: 'Lose' }, many)).toBe(
    'No certain difference: M7; M6; M5; M4; M3; M2; 2 more.',
  );
});
