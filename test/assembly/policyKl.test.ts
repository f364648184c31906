import { expect, test } from 'vitest';
import { gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { logSoftmax, policyKl } from '../reference/policyLoss.ts';
import { offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/policyKl');

function kernelKl(
  offsets: readonly number[],
  logP: ArrayLike<number>,
  oldLogP: ArrayLike<number>,
  weights: ArrayLike<number>,
  coef: number,
  before: ArrayLike<number> = new Float32Array(logP.length),
) {
  const c = newCase();
  const inputs = [c.ints(offsets), c.floats(logP), c.floats(oldLogP), c.floats(weights)] as const;
  const dPtr = c.output(before);
  const statsPtr = c.sums([0.5]);
  c.run((k) => k.policyKl(offsets.length - 1, ...inputs, coef, dPtr, statsPtr));
  return { dLogits: c.read(dPtr, logP.length), kl: c.readSums(statsPtr, 1)[0] - 0.5 };
}

test('policyKl: 0 to 17 states of 1 to 17 actions, some masked: loss and gradient within 2e-6 of differences', () => {
  const coef = Math.fround(0.3);
  for (const states of [0, 1, 2, 5, 17]) {
    for (const most of [1, 2, 3, 4, 5, 8, 17]) {
      const offsets = offsetsOf(Array.from({ length: states }, (_, n) => 1 + ((n * 5 + most) % most)));
      const rows = offsets[states];
      const mask = most % 2 ? Array.from({ length: rows }, (_, r) => (offsets.includes(r) ? 1 : r % 2)) : undefined;
      const logits = values(rows).map((x) => 3 * x);
      const oldLogP = Float32Array.from(
        logSoftmax(
          offsets,
          values(rows).map((x) => 3 * x),
          mask,
        ),
      );
      const weights = values(states).map(Math.abs);
      const logP = Float32Array.from(logSoftmax(offsets, logits, mask));
      const { dLogits, kl } = kernelKl(offsets, logP, oldLogP, weights, coef);
      const klAt = (at: ArrayLike<number>): number =>
        policyKl(offsets, logSoftmax(offsets, at, mask), oldLogP, weights);
      const where = `${states} states of at most ${most}`;
      const expected = gradientByDifferences((at) => coef * klAt(at), logits);
      expect(largestError(dLogits, expected), where).toBeLessThan(2e-6);
      expect(largestError([kl], [klAt(logits)]), where).toBeLessThan(2e-6);
    }
  }
});

test('policyKl: two actions by hand: q = (1/2, 1/2), p = (1/4, 3/4) give their divergence and p - q', () => {
  const log = Math.log;
  const { dLogits, kl } = kernelKl([0, 2], [log(1 / 4), log(3 / 4)], [log(1 / 2), log(1 / 2)], [2], 1);
  expect(kl).toBeCloseTo(2 * 0.5 * (log(2) + log(2 / 3)), 6);
  expect(largestError(dLogits, [-0.5, 0.5])).toBeLessThan(1e-6);
});

test('policyKl: equal policies have divergence 0 and leave the gradient to the bit; the gradient is added', () => {
  const logP = Float32Array.from(logSoftmax([0, 5], values(5), [1, 0, 1, 1, 1]));
  const before = values(5);
  const equal = kernelKl([0, 5], logP, logP, [0.7], 2, before);
  expect(equal.kl).toBe(0);
  expect(equal.dLogits).toEqual(before);
  const other = Float32Array.from(logSoftmax([0, 5], values(5), [1, 0, 1, 1, 1]));
  const alone = kernelKl([0, 5], logP, other, [0.7], 2);
  const added = kernelKl([0, 5], logP, other, [0.7], 2, before);
  expect(
    largestError(
      added.dLogits,
      alone.dLogits.map((d, i) => d + before[i]),
    ),
  ).toBeLessThan(1e-6);
});

test('policyKl: an action that the earlier policy cannot take costs nothing; NaN reaches the loss', () => {
  const { dLogits, kl } = kernelKl([0, 2], [Math.log(0.5), Math.log(0.5)], [0, Number.NEGATIVE_INFINITY], [1], 1);
  expect(kl).toBeCloseTo(Math.log(2), 6);
  expect(largestError(dLogits, [-0.5, 0.5])).toBeLessThan(1e-6);
  expect(kernelKl([0, 2], [Number.NaN, -1], [-1, -1], [1], 1).kl).toBeNaN();
});
