import { beforeAll, describe, expect, test } from 'vitest';
import {
  createSqueezer,
  gridOfStarts,
  initialRate,
  logitChange,
  type Squeezer,
  type Three,
} from '../../../src/study/theory/squeezingMath.ts';

const kinds = ['punish', 'expected'] as const;
let squeezer: Squeezer;
beforeAll(async () => {
  squeezer = await createSqueezer();
});

test('the grid has every start once, and probabilities that sum to 1', () => {
  const starts = gridOfStarts(20);
  expect(starts).toHaveLength(171);
  expect(new Set(starts.map(String)).size).toBe(171);
  for (const start of starts) {
    expect(Math.min(...start)).toBeGreaterThan(0);
    expect(start[0] + start[1] + start[2]).toBeCloseTo(1, 12);
  }
});

describe.each(kinds)('%s', (kind) => {
  test('the change of the logits is the gradient of the objective, by finite differences', () => {
    const p: Three = [0.2, 0.5, 0.3];
    const weights = kind === 'punish' ? [0, -1, 0] : [0.16, -0.1, -0.06];
    const objective = (z: readonly number[]): number => {
      const sum = z.reduce((total, x) => total + Math.exp(x), 0);
      return z.reduce((total, x, a) => total + weights[a] * (x - Math.log(sum)), 0);
    };
    const z = p.map(Math.log);
    for (const [b, change] of logitChange(kind, p).entries()) {
      const moved = (by: number): number[] => z.map((x, i) => (i === b ? x + by : x));
      expect(change).toBeCloseTo((objective(moved(1e-5)) - objective(moved(-1e-5))) / 2e-5, 8);
    }
  });

  test.each([0.1, 1])('a step of %d of the engine is that of softmax algebra at every start, within 1e-6', (size) => {
    for (const start of gridOfStarts(10)) {
      const algebra = squeezer.closedForm(kind, start, size);
      const engine = squeezer.measured(kind, start, size);
      const change = logitChange(kind, start);
      const raised = start.map((x, b) => x * Math.exp(size * change[b]));
      const sum = raised.reduce((total, x) => total + x, 0);
      for (const b of [0, 1, 2]) {
        expect(Math.abs(algebra[b] - raised[b] / sum)).toBeLessThan(1e-6);
        expect(Math.abs(engine[b] - algebra[b])).toBeLessThan(1e-6);
      }
    }
  });

  test('for small steps the change is the initial rate times the step, within 1e-3 of the step', () => {
    for (const start of gridOfStarts(10)) {
      const after = squeezer.measured(kind, start, 0.01);
      for (const [b, rate] of initialRate(kind, start).entries()) {
        expect(Math.abs((after[b] - start[b]) / 0.01 - rate)).toBeLessThan(2e-3);
      }
    }
  });
});

test('punishing one bad action lifts the other from most starts, and both together where the other is likely', () => {
  const rises = gridOfStarts(20).map((start) => {
    const [good, , other] = squeezer.measured('punish', start, 0.01);
    return { start, other: other > start[2], bad: good < start[0] };
  });
  expect([rises.filter(({ other }) => other).length, rises.filter(({ bad }) => bad).length]).toEqual([141, 30]);
  for (const { start, other, bad } of rises) {
    const [, punished, rest] = start;
    expect(other).toBe(rest + punished * (1 - punished) > rest * rest + start[0] * start[0]);
    if (bad) expect(rest).toBeGreaterThan(0.5);
  }
});

test('the expected group-relative step lifts the other bad action at times, and the good one always', () => {
  const rates = gridOfStarts(20).map((start) => initialRate('expected', start));
  expect(rates.filter(([, , other]) => other > 0)).toHaveLength(30);
  expect(rates.filter(([good]) => good <= 0)).toEqual([]);
});
