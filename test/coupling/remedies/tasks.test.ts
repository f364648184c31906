import { describe, expect, it } from 'vitest';
import { gradVac } from '../../../src/coupling/remedies/gradVac.ts';
import { pcGrad } from '../../../src/coupling/remedies/pcGrad.ts';
import { taskCount, taskOrders } from '../../../src/coupling/remedies/tasks.ts';
import { upGrad } from '../../../src/coupling/remedies/upGrad.ts';

describe('taskCount', () => {
  it('is the side of a square matrix', () => {
    expect(taskCount('x', [4])).toBe(1);
    expect(taskCount('x', new Float64Array(49))).toBe(7);
  });

  it('allows the rounding of single precision', () => {
    expect(taskCount('x', [1, 1.00005, 1.00003, 1])).toBe(2);
  });

  it.each([
    [[], 'x: gram must be a square matrix [n, n], got 0 values; pass a row for each task'],
    [[1, 2, 3], 'x: gram must be a square matrix [n, n], got 3 values; pass a row for each task'],
    [[1, 0, Number.NaN, 1], 'x: gram must be finite, got NaN at [1, 0]; leave out tasks without a gradient'],
    [[1e308, 0, 0, 1e308], 'x: the trace of gram must be finite, got Infinity; scale the gradients down'],
    [[1, 0, 0, -2], 'x: the diagonal of gram must be >= 0, got -2 at 1; pass dot products of the gradients'],
    [
      [1, 0.5, 0.4, 1],
      'x: gram must be symmetric, got 0.4 at [1, 0] and 0.5 at [0, 1]; pass dot products of the gradients',
    ],
    [
      [1, 3, 3, 4],
      'x: a dot product must be at most the product of the lengths 2, got 3 at [1, 0]; pass dot products of the gradients',
    ],
  ])('rejects %j', (gram, message) => {
    expect(() => taskCount('x', gram)).toThrow(new RangeError(message));
  });

  it('is called by every method, with its name', () => {
    const message = (name: string) =>
      new RangeError(`${name}: gram must be a square matrix [n, n], got 2 values; pass a row for each task`);
    expect(() => pcGrad([1, 2], [])).toThrow(message('pcGrad'));
    expect(() => gradVac([1, 2], [], [], 0.5)).toThrow(message('gradVac'));
    expect(() => upGrad([1, 2])).toThrow(message('upGrad'));
  });
});

describe('taskOrders', () => {
  it('lists the other tasks once for each task', () => {
    const orders = taskOrders(6, 3, 2);
    for (let i = 0; i < 6; i++) {
      const row = [...orders.subarray(i * 5, (i + 1) * 5)].sort((a, b) => a - b);
      expect(row).toEqual([0, 1, 2, 3, 4, 5].filter((j) => j !== i));
    }
    expect(taskOrders(1, 3, 2)).toEqual(new Int32Array(0));
  });

  it('is bitwise identical for equal seed and step, and differs otherwise', () => {
    expect([...taskOrders(4, 1, 0)]).toEqual([1, 3, 2, 0, 2, 3, 3, 1, 0, 1, 2, 0]);
    expect(taskOrders(4, 2, 0)).not.toEqual(taskOrders(4, 1, 0));
    expect(taskOrders(4, 1, 1)).not.toEqual(taskOrders(4, 1, 0));
  });

  it('returns all orders equally often: chi-square of 6000 samples of 6 orders below its 0.9999 quantile', () => {
    const counts = new Map<string, number>();
    for (let step = 0; step < 6000; step++) {
      const key = taskOrders(4, 9, step).subarray(3, 6).join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0 2 3', '0 3 2', '2 0 3', '2 3 0', '3 0 2', '3 2 0']);
    let chiSquare = 0;
    for (const count of counts.values()) chiSquare += (count - 1000) ** 2 / 1000;
    expect(chiSquare).toBeLessThan(25.74);
  });

  it('rejects zero tasks', () => {
    expect(() => taskOrders(0, 1, 0)).toThrow(
      new RangeError('taskOrders: n must be an integer >= 1, got 0; pass the number of tasks'),
    );
  });
});

describe('orders', () => {
  const gram = [1, 0, 0, 0, 1, 0, 0, 0, 1];

  it.each([
    [[1, 2, 0, 2, 0], 'orders must be [3, 2], got 5 values; use taskOrders(3, seed, step)'],
    [[1, 2, 0, 1, 0, 1], 'row 1 of orders must hold each other task once, got 1 at 1; use taskOrders(3, seed, step)'],
    [[1, 2, 0, 2, 0, 0], 'row 2 of orders must hold each other task once, got 0 at 1; use taskOrders(3, seed, step)'],
    [[1, 3, 0, 2, 0, 1], 'row 0 of orders must hold each other task once, got 3 at 1; use taskOrders(3, seed, step)'],
  ])('%j are rejected', (orders, message) => {
    expect(() => pcGrad(gram, orders)).toThrow(new RangeError(`pcGrad: ${message}`));
    expect(() => gradVac(gram, orders, new Float64Array(9), 0.5)).toThrow(new RangeError(`gradVac: ${message}`));
  });
});
