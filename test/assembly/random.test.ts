import { expect, test } from 'vitest';
import { randomStream, streamKey } from '../../src/random.ts';
import { permutation } from '../../src/train/minibatch.ts';
import { largestError } from '../reference/largestError.ts';
import { normalAt, uniformAt } from '../reference/random.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/random');
const key = streamKey(11, 'test/random', 0);

function uniform(n: number, low: number, high: number, [k0, k1] = key): Float32Array {
  const c = newCase();
  const outPtr = c.output(values(n));
  c.run((kernels) => kernels.randomUniform(k0, k1, n, low, high, outPtr));
  return c.read(outPtr, n);
}

function normal(n: number, deviation: number): Float32Array {
  const c = newCase();
  const outPtr = c.output(values(n));
  c.run((kernels) => kernels.randomNormal(key[0], key[1], n, deviation, outPtr));
  return c.read(outPtr, n);
}

test('randomUniform draws the words of src/random.ts: exact for [0, 1), keys with the highest bit, lengths 0 to 17', () => {
  for (const n of [...lengths, 257]) {
    for (const pair of [key, [0xffffffff, 0x80000000], [0, 0]] as const) {
      const expected = Array.from({ length: n }, (_, i) => uniformAt(pair, i));
      expect([...uniform(n, 0, 1, [...pair])]).toEqual(expected);
    }
  }
});

test('randomUniform element i equals the first number of the stream with index i', () => {
  const drawn = uniform(20, 0, 1);
  for (let i = 0; i < 20; i++) expect(drawn[i]).toBe(randomStream(11, 'test/random', 0, i).uniform());
});

test('randomUniform: 200,000 numbers of [-3, 5] have the moments of the distribution within 5 standard errors', () => {
  const n = 200_000;
  const x = uniform(n, -3, 5);
  const mean = x.reduce((sum, value) => sum + value, 0) / n;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  const exact = 8 ** 2 / 12;
  expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(exact / n));
  // The fourth central moment of a uniform distribution is 9/5 of the squared variance.
  expect(Math.abs(variance - exact)).toBeLessThan(5 * exact * Math.sqrt(0.8 / n));
  expect(Math.min(...x.slice(0, 50_000))).toBeGreaterThanOrEqual(-3);
  expect(Math.max(...x.slice(0, 50_000))).toBeLessThanOrEqual(5);
});

test('permute draws as permutation of src/train/minibatch.ts does, 0 to 17 numbers, and 300,000, of which some words are refused', () => {
  for (const n of [...lengths, 300_000]) {
    for (const step of [0, 3]) {
      const [k0, k1] = streamKey(2 ** 40 + 7, 'test/permute', step);
      const c = newCase();
      const order = c.outputInts(new Array(n).fill(-1));
      c.run((kernels) => kernels.permute(k0, k1, n, order));
      const expected = permutation(n, 2 ** 40 + 7, 'test/permute', step);
      expect(c.readInts(order, n).findIndex((drawn, i) => drawn !== expected[i])).toBe(-1);
    }
  }
});

test('randomNormal equals the polar method in double precision, error < 2e-6, lengths 0 to 17 and 3,000', () => {
  for (const n of [...lengths, 3000]) {
    const expected = Array.from({ length: n }, (_, i) => 0.5 * normalAt(key, i));
    expect(largestError(normal(n, 0.5), expected)).toBeLessThan(2e-6);
  }
});

test('randomNormal: moments one to four of 200,000 numbers within 5 standard errors', () => {
  const n = 200_000;
  const x = normal(n, 1);
  const moment = (power: number): number => x.reduce((sum, value) => sum + value ** power, 0) / n;
  // Var(x^k) = E x^2k - (E x^k)^2 of the standard normal distribution.
  for (const [power, exact, variance] of [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ]) {
    expect(Math.abs(moment(power) - exact), `moment ${power}`).toBeLessThan(5 * Math.sqrt(variance / n));
  }
});

function sample(offsets: number[], logP: ArrayLike<number>, indices: number[]) {
  const states = offsets.length - 1;
  const c = newCase();
  const offsetsPtr = c.ints(offsets);
  const logPPtr = c.floats(logP);
  const indicesPtr = c.ints(indices);
  const takenPtr = c.outputInts(new Array(states).fill(99));
  const takenLogPPtr = c.output(values(states));
  const args = [offsetsPtr, logPPtr, key[0], key[1], indicesPtr, takenPtr, takenLogPPtr] as const;
  c.run((kernels) => kernels.sampleActions(states, ...args));
  return { taken: [...c.readInts(takenPtr, states)], takenLogP: c.read(takenLogPPtr, states) };
}

test('sampleActions: frequencies of 40,000 draws fit the probabilities (chi-squared under the 99.9% quantile); none is masked', () => {
  const probabilities = [0.02, 0.3, 0, 0.08, 0.25, 0, 0.35];
  const logP = Float32Array.from(probabilities, Math.log);
  const states = 40_000;
  const offsets = Array.from({ length: states + 1 }, (_, n) => 7 * n);
  const all = new Float32Array(7 * states).map((_, i) => logP[i % 7]);
  const { taken, takenLogP } = sample(
    offsets,
    all,
    Array.from({ length: states }, (_, n) => n),
  );
  const counts = new Array<number>(7).fill(0);
  taken.forEach((action, n) => {
    counts[action]++;
    expect(takenLogP[n]).toBe(logP[action]);
  });
  let chi2 = 0;
  probabilities.forEach((p, action) => {
    if (p > 0) chi2 += (counts[action] - p * states) ** 2 / (p * states);
    else expect(counts[action]).toBe(0);
  });
  // Five actions: four degrees of freedom.
  expect(chi2).toBeLessThan(18.47);
});

test('sampleActions inverts the cumulative sum at the uniform number of its index, for 1 to 17 actions', () => {
  for (const states of lengths) {
    const offsets = offsetsOf(Array.from({ length: states }, (_, n) => n));
    const weights = values(offsets[states]).map((x) => 0.05 + Math.abs(x));
    const logP = weights.map((weight, r) => {
      const n = offsets.findLastIndex((from) => from <= r);
      return Math.log(weight / weights.slice(offsets[n], offsets[n + 1]).reduce((sum, w) => sum + w, 0));
    });
    const indices = Array.from({ length: states }, (_, n) => 1000 * states + 7 * n);
    const { taken } = sample(offsets, logP, indices);
    for (let n = 1; n < states; n++) {
      let left = uniformAt(key, indices[n]);
      let expected = 0;
      for (; expected < n - 1; expected++) {
        left -= Math.exp(logP[offsets[n] + expected]);
        if (left < 0) break;
      }
      // A number this close to a boundary may fall to either side in single precision.
      if (Math.abs(left) > 1e-5) expect(taken[n], `state ${n} of ${states}`).toBe(expected);
    }
  }
});

test('sampleActions: the one action left by the mask is always taken; no action at all gives -1', () => {
  for (let open = 0; open < 5; open++) {
    const logP = Array.from({ length: 5 }, (_, r) => (r === open ? 0 : Number.NEGATIVE_INFINITY));
    const all = Array.from({ length: 50 * 5 }, (_, i) => logP[i % 5]);
    const offsets = Array.from({ length: 51 }, (_, n) => 5 * n);
    const indices = Array.from({ length: 50 }, (_, n) => n);
    expect(new Set(sample(offsets, all, indices).taken)).toEqual(new Set([open]));
  }
  const masked = new Array<number>(3).fill(Number.NEGATIVE_INFINITY);
  const none = sample([0, 3, 3, 4], [...masked, 0], [0, 1, 2]);
  expect(none.taken).toEqual([-1, -1, 0]);
  expect([...none.takenLogP]).toEqual([0, 0, 0]);
});
