import { describe, expect, it, test } from 'vitest';
import { gradVac } from '../../../src/coupling/remedies/gradVac.ts';
import { pcGrad } from '../../../src/coupling/remedies/pcGrad.ts';
import { taskOrders } from '../../../src/coupling/remedies/tasks.ts';
import { randomStream } from '../../../src/random.ts';
import { golden } from './golden.ts';
import { gramOf, manyGradients, picked, randomGradients, relativeDifference } from './gradients.ts';

const zeros = (n: number): Float64Array => new Float64Array(n * n);

/** Cosine of sum_i parts_i g_i with g_j. */
function cosineWith(gram: Float64Array, parts: readonly number[], j: number): number {
  const n = parts.length;
  let square = 0;
  let product = 0;
  for (let a = 0; a < n; a++) {
    product += gram[j * n + a] * parts[a];
    for (let b = 0; b < n; b++) square += parts[a] * gram[a * n + b] * parts[b];
  }
  return product / Math.sqrt(square * gram[j * n + j]);
}

describe('gradVac', () => {
  test.each(golden.cases.filter((one) => one.gradVac))(
    "three updates: n times its weights, and its targets, are TorchJD's, to 1e-13: $name",
    ({ gram, gradVac: updates = [] }) => {
      const n = Math.sqrt(gram.length);
      let targets = zeros(n);
      for (const update of updates) {
        const result = gradVac(update.flipped ? [...gram].reverse() : gram, update.orders, targets, golden.beta);
        expect(
          relativeDifference(
            result.weights.map((w) => w * n),
            update.weights,
          ),
        ).toBeLessThan(1e-13);
        for (let k = 0; k < n * n; k++) {
          expect(Math.abs(result.targets[k] - update.targets[k])).toBeLessThan(1e-13);
        }
        targets = result.targets;
      }
    },
  );

  it('with targets of zero has the weights of pcGrad, to 1e-12, and with beta 0 keeps the targets', () => {
    for (let seed = 0; seed < 40; seed++) {
      const stream = randomStream(seed, 'test/gradVac/pcGrad');
      const gram = gramOf(randomGradients(2 + stream.below(6), 12, stream));
      const n = Math.sqrt(gram.length);
      const orders = taskOrders(n, seed, 0);
      const result = gradVac(gram, orders, zeros(n), 0);
      expect(relativeDifference(result.weights, pcGrad(gram, orders))).toBeLessThan(1e-12);
      expect(result.targets).toEqual(zeros(n));
    }
  });

  it('raises the cosine of two gradients to the target, to 1e-12', () => {
    for (const target of [-0.2, 0, 0.3, 0.9]) {
      const gram = gramOf([
        [1, 0.5, 0],
        [-3, 0.25, 2],
      ]);
      // Task 1 keeps its gradient: its target is below every cosine.
      const { weights } = gradVac(gram, [1, 0], [0, target, -1, 0], 0);
      expect(Math.abs(cosineWith(gram, [2 * weights[0], 2 * weights[1] - 1], 1) - target)).toBeLessThan(1e-12);
    }
  });

  it('targets move towards the cosines by beta and determine the change; the passed targets stay unchanged', () => {
    const gram = [4, 1, 1, 1];
    const given = zeros(2);
    const first = gradVac(gram, [1, 0], given, 0.5);
    expect([...first.weights]).toEqual([0.5, 0.5]);
    expect([...first.targets]).toEqual([0, 0.25, 0.25, 0]);
    expect(given).toEqual(zeros(2));
    expect([...gradVac(gram, [1, 0], given, 1).targets]).toEqual([0, 0.5, 0.5, 0]);
    const opposed = [4, -1, -1, 1];
    expect(gradVac(opposed, [1, 0], first.targets, 0.5).weights).not.toEqual(
      gradVac(opposed, [1, 0], given, 0.5).weights,
    );
  });

  it('where no gradients conflict and targets are zero every weight is 1 / n', () => {
    const gradients = randomGradients(8, 5, randomStream(1, 'test/gradVac/accord')).map((g) => g.map(Math.abs));
    expect([...gradVac(gramOf(gradients), taskOrders(8, 1, 0), zeros(8), 0.5).weights]).toEqual(
      new Array(8).fill(1 / 8),
    );
  });

  it('does not change pairs with a gradient of zero, or gradients that cancel', () => {
    const withZero = gradVac([1, 0, 0, 0], [1, 0], [0, 0.5, 0.5, 0], 0.5);
    expect([...withZero.weights]).toEqual([0.5, 0.5]);
    expect([...withZero.targets]).toEqual([0, 0.5, 0.5, 0]);
    // Task 1 cancels task 0 up to rounding, so the remainder has no cosine with task 2.
    for (let seed = 0; seed < 40; seed++) {
      const [first, third] = randomGradients(2, 5, randomStream(seed, 'test/gradVac/cancelled'));
      const gram = gramOf([first, first.map((x) => -0.3 * x), third]);
      const cancelled = gradVac(gram, [1, 2, 2, 0, 0, 1], zeros(3), 0.5);
      expect(cancelled.targets[1]).toBeCloseTo(-0.5, 12);
      expect(cancelled.targets[2]).toBe(0);
    }
  });

  it('stays finite and in bounds on any gradients, also with targets of 1', () => {
    for (const gradients of manyGradients()) {
      const n = gradients.length;
      const gram = gramOf(gradients);
      for (const target of [0, 1]) {
        const result = gradVac(gram, taskOrders(n, 7, 0), zeros(n).fill(target), 0.5);
        expect(result.weights.every(Number.isFinite)).toBe(true);
        expect(result.targets.every((cosine) => Math.abs(cosine) <= 1)).toBe(true);
      }
    }
  });

  it('is bitwise identical when all gradients are twice as long', () => {
    for (const gradients of manyGradients()) {
      const n = gradients.length;
      const orders = taskOrders(n, 5, 0);
      const doubled = gradients.map((g) => g.map((x) => 2 * x));
      const targets = zeros(n).fill(0.25);
      expect(gradVac(gramOf(doubled), orders, targets, 0.1)).toEqual(gradVac(gramOf(gradients), orders, targets, 0.1));
    }
  });

  it('does not depend on the numbering of the tasks, to 1e-12', () => {
    const numbering = [3, 0, 4, 1, 2];
    for (let seed = 0; seed < 20; seed++) {
      const gradients = randomGradients(5, 8, randomStream(seed, 'test/gradVac/numbering'));
      const orders = taskOrders(5, seed, 0);
      const renumbered = numbering.flatMap((i) =>
        [...orders.subarray(i * 4, (i + 1) * 4)].map((j) => numbering.indexOf(j)),
      );
      const targets = zeros(5).fill(0.2);
      const { weights } = gradVac(gramOf(picked(gradients, numbering)), renumbered, targets, 0.5);
      const expected = gradVac(gramOf(gradients), orders, targets, 0.5).weights;
      expect(relativeDifference(weights, picked(expected, numbering))).toBeLessThan(1e-12);
    }
  });

  it.each([
    [[0], 0.5, 'gradVac: targets must be [2, 2], got 1 values; begin with zeros when the tasks change'],
    [[0, 1.5, 0, 0], 0.5, 'gradVac: targets must be in [-1, 1], got 1.5 at 1; begin with zeros'],
    [[0, 0, Number.NaN, 0], 0.5, 'gradVac: targets must be in [-1, 1], got NaN at 2; begin with zeros'],
    [[0, 0, 0, 0], 1.5, 'gradVac: beta must be in [0, 1], got 1.5; 0.01 is usual'],
  ])('rejects targets %j with beta %f', (targets, beta, message) => {
    expect(() => gradVac([1, 0, 0, 1], [1, 0], targets, beta)).toThrow(new RangeError(message));
  });
});
