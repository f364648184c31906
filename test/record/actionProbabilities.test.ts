import { describe, expect, test } from 'vitest';
import {
  type ActionProbabilities,
  parseActionProbabilities,
  type TrackedState,
  withMeasurement,
} from '../../src/record/actionProbabilities.ts';

const actions = ['open', 'close'].map((action) => ({ action, good: action === 'open' }));
const states: TrackedState[] = [{ state: 'a door', step: 2, actions }];

function measuredAt(...iterations: number[]): ActionProbabilities {
  let record: ActionProbabilities | null = null;
  for (const i of iterations) record = withMeasurement(record, states, i, [1 / (i + 1), 1 - 1 / (i + 1)]);
  return record as ActionProbabilities;
}

describe('withMeasurement', () => {
  test('appends, with five decimals', () => {
    expect(measuredAt(0, 2)).toEqual({
      states,
      iterations: [0, 2],
      probabilities: [
        [1, 0],
        [0.33333, 0.66667],
      ],
    });
  });

  test('replaces the measurements from the same iteration on, as a resumed run makes them again', () => {
    expect(measuredAt(0, 2, 4, 6, 4)).toEqual(measuredAt(0, 2, 4));
  });

  test('a record of other states is replaced', () => {
    const other = [{ ...states[0], state: 'a window' }];
    expect(withMeasurement(measuredAt(0, 2), other, 4, [0.5, 0.5]).iterations).toEqual([4]);
  });

  test('beyond 200 measurements every second one is removed; the first and the latest stay', () => {
    const record = measuredAt(...Array.from({ length: 201 }, (_, i) => i));
    expect(record.iterations).toEqual([...Array.from({ length: 100 }, (_, i) => 2 * i), 200]);
    expect(record.probabilities).toHaveLength(101);
    expect(record.probabilities[1]).toEqual([0.33333, 0.66667]);
    expect(measuredAt(...Array.from({ length: 2000 }, (_, i) => i)).iterations.length).toBeLessThanOrEqual(200);
  });
});

describe('parseActionProbabilities', () => {
  test('a record', () => {
    expect(parseActionProbabilities(JSON.stringify(measuredAt(0, 2)))).toEqual(measuredAt(0, 2));
  });

  test.each([
    ['no JSON', '{'],
    ['a probability above 1', JSON.stringify({ ...measuredAt(0), probabilities: [[2, 0]] })],
    ['a row too short', JSON.stringify({ ...measuredAt(0), probabilities: [[1]] })],
    ['a row too few', JSON.stringify({ ...measuredAt(0, 2), probabilities: [[1, 0]] })],
    ['iterations out of order', JSON.stringify({ ...measuredAt(0, 2), iterations: [2, 0] })],
  ])('%s: null', (_, text) => {
    expect(parseActionProbabilities(text)).toBe(null);
  });
});
