import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { cloningLoss, logSoftmax, type PolicyBatch, policyLoss, policyTerms } from '../reference/policyLoss.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/policyLoss');
const stream = randomStream(1, 'test/policyLoss/choices');
const f32 = Math.fround;

function kernelLogSoftmax(
  offsets: number[],
  logits: ArrayLike<number>,
  mask?: ArrayLike<number>,
  scale = 1,
): Float32Array {
  const c = newCase();
  const offsetsPtr = c.ints(offsets);
  const logitsPtr = c.floats(logits);
  const maskPtr = mask ? c.bytes(mask) : 0;
  const outPtr = c.output(values(logits.length));
  const inPlacePtr = c.output(logits);
  c.run((kernels) => {
    kernels.logSoftmax(offsets.length - 1, offsetsPtr, logitsPtr, maskPtr, scale, outPtr);
    kernels.logSoftmax(offsets.length - 1, offsetsPtr, inPlacePtr, maskPtr, scale, inPlacePtr);
  });
  const out = c.read(outPtr, logits.length);
  expect(c.read(inPlacePtr, logits.length)).toEqual(out);
  return out;
}

/** A mask that leaves at least the first action of every state. */
function randomMask(offsets: readonly number[]): number[] {
  return Array.from({ length: offsets[offsets.length - 1] }, (_, r) => (offsets.includes(r) ? 1 : stream.below(2)));
}

test('logSoftmax: error < 1e-6, 0 to 17 states of 0 to 17 actions, with and without mask, temperatures, in place', () => {
  for (const states of lengths) {
    for (const most of [0, 1, 2, 3, 4, 5, 8, 17, 257]) {
      const offsets = offsetsOf(Array.from({ length: states }, (_, n) => (n % 4 === 3 ? 0 : most - (n % (most + 1)))));
      const logits = values(offsets[states]).map((x) => 5 * x);
      const mask = most % 2 ? randomMask(offsets) : undefined;
      const scale = f32(0.5 + (states % 3));
      const actual = kernelLogSoftmax(offsets, logits, mask, scale);
      const where = `${states} states of at most ${most}`;
      expect(largestError(actual, logSoftmax(offsets, logits, mask, scale)), where).toBeLessThan(1e-6);
    }
  }
});

test('logSoftmax: +-80, +-1000 and subnormal logits within 1e-6; all but one masked gives exactly 0', () => {
  for (const scale of [80, 1000, 1e-40]) {
    const offsets = [0, 2, 9, 26];
    const logits = Float32Array.from({ length: 26 }, (_, i) => (i % 2 ? scale : -scale) * (i % 5 === 0 ? 1 : 0.5));
    const mask = randomMask(offsets);
    expect(largestError(kernelLogSoftmax(offsets, logits), logSoftmax(offsets, logits, undefined))).toBeLessThan(1e-6);
    expect(largestError(kernelLogSoftmax(offsets, logits, mask), logSoftmax(offsets, logits, mask))).toBeLessThan(1e-6);
  }
  for (let open = 0; open < 7; open++) {
    const mask = Array.from({ length: 7 }, (_, r) => (r === open ? 1 : 0));
    const logP = kernelLogSoftmax([0, 7], values(7), mask);
    expect([...logP]).toEqual(mask.map((bit) => (bit ? 0 : Number.NEGATIVE_INFINITY)));
  }
});

test('logSoftmax: NaN fills the log-probabilities of its own state, not when it is masked', () => {
  const logits = values(9);
  logits[4] = Number.NaN;
  const marked = kernelLogSoftmax([0, 3, 9], logits);
  expect([...marked].map(Number.isNaN)).toEqual([false, false, false, true, true, true, true, true, true]);
  const masked = kernelLogSoftmax([0, 3, 9], logits, [1, 1, 1, 1, 0, 1, 1, 1, 1]);
  expect([...masked].some(Number.isNaN)).toBe(false);
});

interface Outcome {
  readonly dLogits: Float32Array;
  readonly stats: Float64Array;
}

function kernelPolicyLoss(batch: PolicyBatch, logP: ArrayLike<number>): Outcome {
  const c = newCase();
  const offsetsPtr = c.ints(batch.offsets);
  const logPPtr = c.floats(logP);
  const takenPtr = c.ints(batch.taken);
  const oldPtr = c.floats(batch.oldLogP);
  const refPtr = batch.refLogP ? c.floats(batch.refLogP) : 0;
  const advantagesPtr = c.floats(batch.advantages);
  const weightsPtr = c.floats(batch.weights);
  const dPtr = c.output(values(logP.length));
  const statsPtr = c.sums([1, 2, 3, 4, 5, 6]);
  const { epsLow, epsHigh, beta, entropyCoef } = batch;
  c.run((kernels) => {
    const pointers = [offsetsPtr, logPPtr, takenPtr, oldPtr, refPtr, advantagesPtr, weightsPtr] as const;
    kernels.policyLoss(batch.taken.length, ...pointers, epsLow, epsHigh, beta, entropyCoef, dPtr, statsPtr, 0);
  });
  const stats = c.readSums(statsPtr, 6).map((sum, i) => sum - (i + 1));
  return { dLogits: c.read(dPtr, logP.length), stats };
}

/** A batch whose ratios spread over both sides of both clip bounds, with advantages of both signs. */
function randomBatch(states: number, most: number, options: Partial<PolicyBatch>) {
  const offsets = offsetsOf(Array.from({ length: states }, (_, n) => 1 + ((n * 5 + most) % most)));
  const logits = values(offsets[states]).map((x) => 3 * x);
  const mask = most % 2 ? randomMask(offsets) : undefined;
  const logP = logSoftmax(offsets, logits, mask);
  const taken = offsets.slice(0, states).map((from, n) => {
    const open = Array.from(logP.slice(from, offsets[n + 1]).keys()).filter((i) => Number.isFinite(logP[from + i]));
    return open[stream.below(open.length)];
  });
  const oldLogP = Float32Array.from(taken, (action, n) => logP[offsets[n] + action] + [-0.5, -0.1, 0, 0.1, 0.5][n % 5]);
  const batch: PolicyBatch = {
    offsets,
    taken,
    oldLogP,
    refLogP: undefined,
    advantages: values(states).map((a, n) => (n % 2 ? 1 : -1) * (0.1 + Math.abs(a))),
    weights: values(states).map((w) => 0.2 + Math.abs(w)),
    epsLow: f32(0.2),
    epsHigh: f32(0.28),
    beta: 0,
    entropyCoef: 0,
    ...options,
  };
  return { batch, logits, mask, logP };
}

test.each([
  { name: 'surrogate alone', options: {}, ref: false },
  { name: 'with entropy', options: { entropyCoef: f32(0.03) }, ref: false },
  { name: 'with KL to a reference', options: { beta: f32(0.1) }, ref: true },
  { name: 'with KL and entropy', options: { beta: f32(0.1), entropyCoef: f32(0.01) }, ref: true },
  { name: 'with wide and narrow bounds', options: { epsLow: f32(0.05), epsHigh: f32(0.6) }, ref: false },
])('policyLoss $name: gradient within 2e-6 of finite differences, sums within 2e-6', ({ options, ref }) => {
  for (const states of [0, 1, 2, 5, 17]) {
    for (const most of [1, 2, 3, 4, 5, 7, 17]) {
      const refLogP = ref ? values(states).map((x) => x - 1.5) : undefined;
      const { batch, logits, mask, logP } = randomBatch(states, most, { ...options, refLogP });
      const { dLogits, stats } = kernelPolicyLoss(batch, logP);
      const loss = (at: Float64Array): number => policyLoss(batch, logSoftmax(batch.offsets, at, mask));
      const where = `${states} states of at most ${most}`;
      expect(largestError(dLogits, gradientByDifferences(loss, logits)), where).toBeLessThan(2e-6);
      const { surrogate, kl, entropy, approxKl, clipped } = policyTerms(batch, logP);
      expect(largestError(stats.slice(0, 5), [surrogate, kl, entropy, approxKl, clipped]), where).toBeLessThan(2e-6);
    }
  }
});

test('policyLoss: which side of which bound stops the gradient, for both signs of the advantage', () => {
  // Two equally likely actions; the ratio is set through the old log-probability.
  const logP = [Math.log(0.5), Math.log(0.5)];
  const run = (ratio: number, advantage: number) => {
    const batch: PolicyBatch = {
      offsets: [0, 2],
      taken: [0],
      oldLogP: [logP[0] - Math.log(ratio)],
      refLogP: undefined,
      advantages: [advantage],
      weights: [1],
      epsLow: f32(0.2),
      epsHigh: f32(0.3),
      beta: 0,
      entropyCoef: 0,
    };
    const { dLogits, stats } = kernelPolicyLoss(batch, logP);
    return { d: dLogits[0], clipped: stats[4], coefficient: stats[5] };
  };
  for (const [ratio, advantage] of [
    [1.4, 1],
    [0.7, -1],
  ]) {
    const { d, clipped, coefficient } = run(ratio, advantage);
    expect([Math.abs(d), clipped, coefficient]).toEqual([0, 1, 0]);
  }
  for (const [ratio, advantage] of [
    [1.25, 1],
    [0.85, -1],
    [0.7, 1],
    [1.4, -1],
  ]) {
    const { d, clipped, coefficient } = run(ratio, advantage);
    expect(clipped).toBe(0);
    expect(d).toBeCloseTo(-ratio * advantage * 0.5, 5);
    expect(coefficient).toBeCloseTo(ratio, 5);
  }
});

test('policyLoss: ratios of e^80 and e^-80 stay finite within 1e-5; NaN in logP, advantage or oldLogP reaches the loss', () => {
  for (const shift of [-80, 80]) {
    const { batch, logits, logP } = randomBatch(4, 4, {});
    const extreme = { ...batch, oldLogP: Float32Array.from(batch.oldLogP, (x) => x + shift) };
    const { dLogits, stats } = kernelPolicyLoss(extreme, logP);
    const loss = (at: Float64Array): number => policyLoss(extreme, logSoftmax(batch.offsets, at, undefined));
    expect(largestError(dLogits, gradientByDifferences(loss, logits))).toBeLessThan(1e-5);
    expect([...stats].every(Number.isFinite)).toBe(true);
  }
  const { batch, logP } = randomBatch(3, 5, {});
  const chosen = batch.offsets[1] + batch.taken[1];
  const nan = (x: ArrayLike<number>, place: number) => Float32Array.from(x, (v, i) => (i === place ? Number.NaN : v));
  expect(kernelPolicyLoss(batch, nan(logP, chosen)).stats[0]).toBeNaN();
  expect(kernelPolicyLoss({ ...batch, advantages: nan(batch.advantages, 1) }, logP).stats[0]).toBeNaN();
  expect(kernelPolicyLoss({ ...batch, oldLogP: nan(batch.oldLogP, 1) }, logP).stats[0]).toBeNaN();
  expect(kernelPolicyLoss({ ...batch, refLogP: nan(batch.oldLogP, 1), beta: 1 }, logP).stats[1]).toBeNaN();
});

function kernelCloning(
  offsets: number[],
  logP: ArrayLike<number>,
  labels: number[],
  weights: ArrayLike<number>,
  coef: number,
) {
  const before = values(logP.length);
  const c = newCase();
  const offsetsPtr = c.ints(offsets);
  const logPPtr = c.floats(logP);
  const labelsPtr = c.bytes(labels);
  const weightsPtr = c.floats(weights);
  const dPtr = c.output(before);
  const statsPtr = c.sums([0.5]);
  c.run((k) => k.cloningLoss(offsets.length - 1, offsetsPtr, logPPtr, labelsPtr, weightsPtr, coef, dPtr, statsPtr));
  const dLogits = c.read(dPtr, logP.length).map((d, i) => d - before[i]);
  return { dLogits, loss: c.readSums(statsPtr, 1)[0] - 0.5 };
}

test('cloningLoss: sets of one to all actions, masked actions, states of weight 0: gradient and loss within 2e-6', () => {
  const coef = f32(0.3);
  for (const states of [0, 1, 2, 5, 17]) {
    for (const most of [1, 2, 3, 4, 5, 8, 17]) {
      const { batch, logits, mask, logP } = randomBatch(states, most, {});
      const offsets = [...batch.offsets];
      const labels = Array.from(logP, () => stream.below(3) - 1);
      const weights = Float32Array.from(batch.weights, (w, n) => (n % 3 === 1 ? 0 : w));
      batch.taken.forEach((action, n) => {
        if (weights[n] > 0) labels[offsets[n] + action] = 1;
      });
      const { dLogits, loss } = kernelCloning(offsets, logP, labels, weights, coef);
      const lossAt = (at: Float64Array): number =>
        coef * cloningLoss(offsets, labels, weights, logSoftmax(offsets, at, mask));
      const where = `${states} states of at most ${most}`;
      expect(largestError(dLogits, gradientByDifferences(lossAt, logits)), where).toBeLessThan(2e-6);
      expect(largestError([loss], [cloningLoss(offsets, labels, weights, logP)]), where).toBeLessThan(2e-6);
    }
  }
});

test('cloningLoss: a good action of log-probability -1000 pulls with full force, finite; NaN reaches the loss', () => {
  const { dLogits, loss } = kernelCloning([0, 2], [0, -1000], [0, 1], [1], 1);
  expect(largestError(dLogits, [1, -1])).toBeLessThan(1e-6);
  expect(loss).toBe(1000);
  expect(kernelCloning([0, 2], [0, Number.NaN], [0, 1], [1], 1).loss).toBeNaN();
});

test('logProbGradient: onehot minus probabilities within 1e-6 of finite differences, exactly 0 for masked actions', () => {
  for (const states of [0, 1, 2, 5, 17]) {
    for (const most of [1, 2, 3, 4, 5, 8, 17]) {
      const { batch, logits, mask, logP } = randomBatch(states, most, {});
      const c = newCase();
      const offsetsPtr = c.ints(batch.offsets);
      const logPPtr = c.floats(logP);
      const takenPtr = c.ints(batch.taken);
      const dPtr = c.output(values(logP.length));
      c.run((k) => k.logProbGradient(states, offsetsPtr, logPPtr, takenPtr, dPtr));
      const total = (at: Float64Array): number => {
        const out = logSoftmax(batch.offsets, at, mask);
        return batch.taken.reduce((sum, action, n) => sum + out[batch.offsets[n] + action], 0);
      };
      const actual = c.read(dPtr, logP.length);
      expect(largestError(actual, gradientByDifferences(total, logits))).toBeLessThan(1e-6);
      mask?.forEach((open, r) => {
        if (!open) expect(actual[r]).toBe(0);
      });
    }
  }
});
