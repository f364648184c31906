import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { activations } from '../reference/activations.ts';

const arena = await createArena();
const { exp1, log1, sigmoid1 } = arena.kernels;
const smallestNormal = 2 ** -126;
const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** Every `stride`-th bit pattern of the floats in [low, high], from zero outwards on each side of it. */
function sweep(low: number, high: number, stride = 997): Float32Array {
  const bitsOf = (x: number): number => new Uint32Array(Float32Array.of(Math.abs(x)).buffer)[0];
  const first = bitsOf(Math.max(low, 0));
  const above = Math.floor((bitsOf(high) - first) / stride) + 1;
  const below = low < 0 ? Math.floor(bitsOf(low) / stride) + 1 : 0;
  const patterns = new Uint32Array(above + below);
  for (let i = 0; i < above; i++) patterns[i] = first + i * stride;
  for (let i = 0; i < below; i++) patterns[above + i] = 0x8000_0000 + i * stride;
  return new Float32Array(patterns.buffer);
}

function largest(inputs: Float32Array, error: (x: number) => number): number {
  let worst = 0;
  for (let i = 0; i < inputs.length; i++) {
    const e = error(inputs[i]);
    if (!(e <= worst)) worst = e;
  }
  return worst;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

test('exp: relative error < 7.7e-8 on [-87, 88]', () => {
  const worst = largest(sweep(-87, 88), (x) => Math.abs(exp1(x) / Math.exp(x) - 1));
  expect(worst).toBeLessThan(7.7e-8);
  expect(worst).toBeGreaterThan(5e-8);
});

test('exp: normal and finite at every clamp, exactly 1 at 0, NaN for NaN', () => {
  for (const x of [-87.33654, -87.34, -88, -1000, Number.NEGATIVE_INFINITY]) {
    expect(exp1(x)).toBeGreaterThanOrEqual(smallestNormal);
    expect(exp1(x)).toBeLessThan(1.2e-38);
  }
  for (const x of [88.3762626647949, 88.4, 1000, Number.POSITIVE_INFINITY]) {
    expect(exp1(x)).toBeGreaterThan(2.4e38);
    expect(exp1(x)).toBeLessThan(largestFloat);
  }
  expect([0, -0, 1e-40, -1e-40].map(exp1)).toEqual([1, 1, 1, 1]);
  expect(exp1(Number.NaN)).toBeNaN();
});

test('log: relative error < 7.8e-8 on all normal floats, absolute error < 3.9e-8 on [1/2, 2]', () => {
  const relative = largest(sweep(smallestNormal, largestFloat), (x) => {
    return x === 1 ? Math.abs(log1(x)) : Math.abs(log1(x) / Math.log(x) - 1);
  });
  expect(relative).toBeLessThan(7.8e-8);
  expect(relative).toBeGreaterThan(5e-8);
  expect(largest(sweep(0.5, 2), (x) => Math.abs(log1(x) - Math.log(x)))).toBeLessThan(3.9e-8);
});

test('log: exactly 0 at 1, the value at the smallest normal float below it, about 88.72 for infinity, NaN for NaN', () => {
  const least = log1(smallestNormal);
  expect(least).toBeCloseTo(Math.log(smallestNormal), 5);
  expect([1, 0, -0, -1, 1e-40, Number.NEGATIVE_INFINITY].map(log1)).toEqual([0, least, least, least, least, least]);
  expect(log1(Number.POSITIVE_INFINITY)).toBeCloseTo(128 * Math.LN2, 5);
  expect(log1(Number.NaN)).toBeNaN();
});

test('sigmoid: absolute error < 9.0e-8 and relative error < 1.4e-7 on [-87, 88]; 0 and 1 within 1.2e-38 beyond', () => {
  let absolute = 0;
  const relative = largest(sweep(-87, 88), (x) => {
    const expected = sigmoid(x);
    const error = Math.abs(sigmoid1(x) - expected);
    absolute = Math.max(absolute, error);
    return error / expected;
  });
  expect(absolute).toBeLessThan(9.0e-8);
  expect(relative).toBeLessThan(1.4e-7);
  expect(sigmoid1(-1000)).toBeLessThan(1.2e-38);
  expect(sigmoid1(-1000)).toBeGreaterThanOrEqual(0);
  expect([0, 1000].map(sigmoid1)).toEqual([0.5, 1]);
  expect(sigmoid1(Number.NaN)).toBeNaN();
});

test.each([
  { name: 'tanh', value: 3.3e-7, slope: 6.5e-7 },
  { name: 'relu', value: 0, slope: 0 },
  { name: 'gelu', value: 6.6e-7, slope: 4.3e-6 },
])('$name: error / max(1, |f|) <= $value, absolute error of the derivative <= $slope', (bounds) => {
  const { kind, savesOutput, f, slope } = activations.find(({ name }) => name === bounds.name) ?? expect.fail();
  for (const inputs of [sweep(-20, 20), sweep(-largestFloat, largestFloat, 49_999)]) {
    const n = inputs.length;
    const mark = arena.mark();
    const inPtr = arena.floats(n);
    const outPtr = arena.floats(n);
    const slopePtr = arena.floats(n);
    arena.write(inPtr, inputs);
    arena.kernels.activationForward(kind, inPtr, outPtr, n);
    arena.kernels.fill(slopePtr, n, 1);
    arena.kernels.activationBackward(kind, savesOutput ? outPtr : inPtr, slopePtr, n);
    const outputs = arena.read(outPtr, n);
    const slopes = arena.read(slopePtr, n);
    arena.release(mark);
    let worst = 0;
    let worstSlope = 0;
    for (let i = 0; i < n; i++) {
      const x = inputs[i];
      const expected = f(x);
      const error = Math.abs(outputs[i] - expected) / Math.max(1, Math.abs(expected));
      if (!(error <= worst)) worst = error;
      // The derivatives are constant beyond 20; in double precision the formula overflows further out.
      const slopeError = Math.abs(slopes[i] - slope(Math.max(-20, Math.min(x, 20))));
      if (!(slopeError <= worstSlope)) worstSlope = slopeError;
    }
    expect(worst).toBeLessThanOrEqual(bounds.value);
    expect(worstSlope).toBeLessThanOrEqual(bounds.slope);
  }
});
