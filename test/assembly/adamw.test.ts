import { expect, test } from 'vitest';
import { adamwStep, sumOfSquares } from '../reference/adamw.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/adamw');
// The kernel takes single-precision constants; the reference uses the same numbers.
const options = {
  lr: Math.fround(3e-3),
  beta1: Math.fround(0.9),
  beta2: Math.fround(0.999),
  eps: Math.fround(1e-8),
  decay: Math.fround(0.01),
};

function corrections(t: number): [number, number] {
  return [1 / (1 - options.beta1 ** t), 1 / (1 - options.beta2 ** t)];
}

test('adamw: 50 steps stay within 2e-6 of double precision, lengths 0 to 17 and 257', () => {
  for (const n of [...lengths, 257]) {
    const c = newCase();
    const start = values(n);
    const state = { p: Float64Array.from(start), m: new Float64Array(n), v: new Float64Array(n) };
    const pPtr = c.output(start);
    const mPtr = c.output(new Float32Array(n));
    const vPtr = c.output(new Float32Array(n));
    const gradients = Array.from({ length: 50 }, () => values(n).map((g, i) => g * 10 ** ((i % 9) - 6)));
    const pointers = gradients.map((g) => c.floats(g));
    const { lr, beta1, beta2, eps, decay } = options;
    for (let t = 1; t <= 50; t++) {
      c.run((kernels) =>
        kernels.adamw(n, pPtr, pointers[t - 1], mPtr, vPtr, lr, beta1, beta2, eps, decay, ...corrections(t)),
      );
      adamwStep(state, gradients[t - 1], t, options);
    }
    expect(largestError(c.read(pPtr, n), state.p), `p of ${n}`).toBeLessThan(2e-6);
    expect(largestError(c.read(mPtr, n), state.m, 1e-9), `m of ${n}`).toBeLessThan(1e-4);
    expect(largestError(c.read(vPtr, n), state.v, 1e-20), `v of ${n}`).toBeLessThan(1e-4);
  }
});

test('adamw: zero, subnormal and huge gradients give finite parameters; a NaN gradient gives a NaN parameter', () => {
  const gradients = [0, 1e-40, -1e-40, 1e15, -1e15, Number.NaN, 1];
  const n = gradients.length;
  const c = newCase();
  const pPtr = c.output(new Float32Array(n));
  const mPtr = c.output(new Float32Array(n));
  const vPtr = c.output(new Float32Array(n));
  const gPtr = c.floats(gradients);
  const { lr, beta1, beta2, eps, decay } = options;
  c.run((kernels) => kernels.adamw(n, pPtr, gPtr, mPtr, vPtr, lr, beta1, beta2, eps, decay, ...corrections(1)));
  const p = c.read(pPtr, n);
  expect(p[0]).toBe(0);
  expect(largestError(p.slice(3, 5), [-lr, lr])).toBeLessThan(1e-6);
  expect([...p.slice(0, 5)].every(Number.isFinite)).toBe(true);
  expect(p[5]).toBeNaN();
  expect(p[6]).toBeCloseTo(-lr, 6);
});

test('sumOfSquares: exactly four running double-precision sums, lengths 0 to 17 and 255 to 258', () => {
  for (const n of [...lengths, 255, 256, 257, 258]) {
    const x = values(n).map((value, i) => value * 10 ** (i % 7));
    const c = newCase();
    const xPtr = c.floats(x);
    c.run((kernels) => expect(kernels.sumOfSquares(xPtr, n)).toBe(sumOfSquares(x)));
  }
});

test('sumOfSquares: finite for the largest floats, not finite when any one element is NaN or infinite', () => {
  const c = newCase();
  const hugePtr = c.floats(new Float32Array(9).fill(3e38));
  c.run((kernels) => expect(kernels.sumOfSquares(hugePtr, 9)).toBeCloseTo(9 * Math.fround(3e38) ** 2, -62));
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (let place = 0; place < 11; place++) {
      const x = values(11);
      x[place] = bad;
      const marked = newCase();
      const xPtr = marked.floats(x);
      marked.run((kernels) => expect(kernels.sumOfSquares(xPtr, 11)).not.toSatisfy(Number.isFinite));
    }
  }
});
