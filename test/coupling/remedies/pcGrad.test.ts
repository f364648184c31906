import { describe, expect, it, test } from 'vitest';
import { pcGrad } from '../../../src/coupling/remedies/pcGrad.ts';
import { taskOrders } from '../../../src/coupling/remedies/tasks.ts';
import { randomStream } from '../../../src/random.ts';
import { golden } from './golden.ts';
import { gramOf, manyGradients, picked, type Rows, randomGradients, relativeDifference } from './gradients.ts';

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);

/** The algorithm on the gradients themselves. */
function onGradients(gradients: Rows, orders: ArrayLike<number>): Rows {
  const n = gradients.length;
  return gradients.map((g, i) => {
    let changed = g;
    for (let k = 0; k < n - 1; k++) {
      const other = gradients[orders[i * (n - 1) + k]];
      const product = dot(changed, other);
      if (product < 0) changed = changed.map((x, m) => x - (product / dot(other, other)) * other[m]);
    }
    return changed;
  });
}

describe('pcGrad', () => {
  test.each(golden.cases)("n times its weights equal TorchJD's, to 1e-14: $name", (expected) => {
    const weights = pcGrad(expected.gram, expected.pcGradOrders);
    expect(
      relativeDifference(
        weights.map((w) => w * weights.length),
        expected.pcGrad,
      ),
    ).toBeLessThan(1e-14);
  });

  it('is the mean of the gradients projected one by one, to 1e-12, on random gradients', () => {
    for (let seed = 0; seed < 40; seed++) {
      const stream = randomStream(seed, 'test/pcGrad');
      const gradients = randomGradients(2 + stream.below(6), 12, stream);
      const n = gradients.length;
      const orders = taskOrders(n, seed, 0);
      const weights = [...pcGrad(gramOf(gradients), orders)];
      const projected = onGradients(gradients, orders);
      const mean = gradients[0].map((_, m) => projected.reduce((sum, g) => sum + g[m] / n, 0));
      const combined = gradients[0].map((_, m) => gradients.reduce((sum, g, i) => sum + weights[i] * g[m], 0));
      expect(relativeDifference(combined, mean)).toBeLessThan(1e-12);
    }
  });

  it('two tasks: each projected gradient, and so the combination, has no negative dot product with a gradient', () => {
    for (let seed = 0; seed < 40; seed++) {
      const gradients = randomGradients(2, 4, randomStream(seed, 'test/pcGrad/two'));
      const gram = gramOf(gradients);
      const [a, b] = pcGrad(gram, [1, 0]);
      expect(gram[0] * a + gram[1] * b).toBeGreaterThan(-1e-15);
      expect(gram[2] * a + gram[3] * b).toBeGreaterThan(-1e-15);
    }
  });

  it('where no gradients conflict every weight is 1 / n', () => {
    const gradients = randomGradients(8, 5, randomStream(1, 'test/pcGrad/accord')).map((g) => g.map(Math.abs));
    expect([...pcGrad(gramOf(gradients), taskOrders(8, 1, 0))]).toEqual(new Array(8).fill(1 / 8));
    expect([...pcGrad(new Float64Array(4), taskOrders(2, 1, 0))]).toEqual([0.5, 0.5]);
  });

  it('is bitwise identical when all gradients are twice as long', () => {
    for (const gradients of manyGradients()) {
      const orders = taskOrders(gradients.length, 5, 0);
      const doubled = gradients.map((g) => g.map((x) => 2 * x));
      expect(pcGrad(gramOf(doubled), orders)).toEqual(pcGrad(gramOf(gradients), orders));
    }
  });

  it('does not depend on the numbering of the tasks, to 1e-12', () => {
    for (let seed = 0; seed < 20; seed++) {
      const stream = randomStream(seed, 'test/pcGrad/numbering');
      const gradients = randomGradients(5, 8, stream);
      const numbering = [3, 0, 4, 1, 2];
      const orders = taskOrders(5, seed, 0);
      const renumbered = numbering.flatMap((i) =>
        [...orders.subarray(i * 4, (i + 1) * 4)].map((j) => numbering.indexOf(j)),
      );
      const weights = pcGrad(gramOf(picked(gradients, numbering)), renumbered);
      expect(relativeDifference(weights, picked(pcGrad(gramOf(gradients), orders), numbering))).toBeLessThan(1e-12);
    }
  });

  it('depends on the order with three tasks or more', () => {
    const gram = golden.cases.find((one) => one.name === 'more tasks than dimensions')?.gram ?? [];
    expect(pcGrad(gram, taskOrders(7, 1, 0))).not.toEqual(pcGrad(gram, taskOrders(7, 2, 0)));
  });
});
