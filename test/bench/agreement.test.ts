import { expect, test } from 'vitest';
import { bitDifference, difference } from '../../bench/agreement.ts';

const f = (...values: number[]): Float32Array => Float32Array.from(values);

test('equal to a thousandth of the largest value is equal', () => {
  expect(difference({ loss: f(2, 1000) }, { loss: f(2.9, 1000) }, {})).toBeNull();
  expect(difference({ loss: f(2, 1000) }, { loss: f(4, 1000) }, {})).toBe('loss differs by 2.0e-3');
});

test('parameters are compared by how far they moved, not by their size', () => {
  const start = { w: f(1, 1) };
  const ours = { 'parameters/w': f(1.03, 1.04) };
  expect(difference(ours, { 'parameters/w': f(1.0305, 1.04) }, start)).toBeNull();
  expect(difference(ours, { 'parameters/w': f(1, 1) }, start)).toBe('parameters/w differs by 1.0e+0');
});

test('a missing value, another length and a NaN are differences', () => {
  expect(difference({ c: f(1) }, {}, {})).toBe('c is missing');
  expect(difference({ c: f(1) }, { c: f(1, 2) }, {})).toBe('c has 2 values, ours 1');
  expect(difference({ c: f(1) }, { c: f(Number.NaN) }, {})).toBe('c differs by NaN');
});

test('the two builds must agree in every bit, also in the sign of 0 and in NaN', () => {
  expect(bitDifference({ c: f(1, Number.NaN) }, { c: f(1, Number.NaN), d: f(2) })).toBeNull();
  expect(bitDifference({ c: f(0) }, { c: f(-0) })).toBe('c has other bits');
  expect(bitDifference({ c: f(1) }, { c: f(1, 2) })).toBe('c has other bits');
  expect(bitDifference({ c: f(1) }, {})).toBe('c is missing');
});
