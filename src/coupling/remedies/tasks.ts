/**
 * Checks that the methods for conflicting gradients share. A task is anything that has a gradient of its own: a task, a
 * group of samples, a state. The methods read the Gram matrix of these gradients, f64[n, n] of dot products, and return
 * weights f64[n]. The combined gradient is the weighted sum of the gradients. Where no gradients conflict every weight
 * is 1 / n: a method replaces the mean at the same learning rate.
 */

import { checkInteger, checkSeed, isList, refuse, shown } from '../../check/values.ts';
import { randomStream, shuffle } from '../../random.ts';

/** Allowed relative error of a Gram matrix: its sums are in single precision, and its two triangles can differ. */
const GRAM_TOLERANCE = 1e-4;

/**
 * Number of tasks n of a Gram matrix f64[n, n].
 *
 * @throws RangeError that names `caller`, if its values cannot be dot products of n gradients
 */
export function taskCount(caller: string, gram: ArrayLike<number>): number {
  if (!isList(gram)) refuse(caller, 'gram', 'an array of [n, n] numbers', gram, 'pass a row for each task');
  const n = Math.round(Math.sqrt(gram.length));
  if (n < 1 || n * n !== gram.length) {
    throw new RangeError(
      `${caller}: gram must be a square matrix [n, n], got ${gram.length} values; pass a row for each task`,
    );
  }
  let trace = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const value = gram[i * n + j];
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `${caller}: gram must be finite, got ${shown(value)} at [${i}, ${j}]; leave out tasks without a gradient`,
        );
      }
    }
    trace += gram[i * n + i];
  }
  if (!Number.isFinite(trace)) {
    throw new RangeError(`${caller}: the trace of gram must be finite, got ${trace}; scale the gradients down`);
  }
  for (let i = 0; i < n; i++) {
    if (gram[i * n + i] < 0) {
      throw new RangeError(
        `${caller}: the diagonal of gram must be >= 0, got ${gram[i * n + i]} at ${i}; pass dot products of the gradients`,
      );
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const lengths = Math.sqrt(gram[i * n + i]) * Math.sqrt(gram[j * n + j]);
      const below = gram[i * n + j];
      const above = gram[j * n + i];
      if (Math.abs(below - above) > GRAM_TOLERANCE * lengths) {
        throw new RangeError(
          `${caller}: gram must be symmetric, got ${below} at [${i}, ${j}] and ${above} at [${j}, ${i}]; pass dot products of the gradients`,
        );
      }
      if (Math.max(Math.abs(below), Math.abs(above)) > (1 + GRAM_TOLERANCE) * lengths) {
        throw new RangeError(
          `${caller}: a dot product must be at most the product of the lengths ${lengths}, got ${below} at [${i}, ${j}]; pass dot products of the gradients`,
        );
      }
    }
  }
  return n;
}

/** Largest number of tasks of `taskOrders`: the orders of 4096 tasks need 64 MiB. */
const MOST_TASKS = 4096;

/**
 * For each of `n` tasks the other tasks in random order, uniformly over all orders.
 *
 * @param n integer in [1, 4096]
 * @param seed integer in [0, 2^53)
 * @param step iteration, integer in [0, 2^32)
 * @returns i32[n, n - 1]
 * @throws RangeError if one of them is out of range
 */
export function taskOrders(n: number, seed: number, step: number): Int32Array {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`taskOrders: n must be an integer >= 1, got ${shown(n)}; pass the number of tasks`);
  }
  checkInteger('taskOrders', 'n', n, 1, MOST_TASKS, 'join tasks');
  checkSeed('taskOrders', seed);
  checkInteger('taskOrders', 'step', step, 0, 0xffff_ffff, 'pass the number of the iteration');
  const orders = new Int32Array(n * (n - 1));
  for (let i = 0; i < n; i++) {
    const row = orders.subarray(i * (n - 1), (i + 1) * (n - 1));
    for (let k = 0; k < n - 1; k++) row[k] = k < i ? k : k + 1;
    shuffle(randomStream(seed, 'conflict/orders', step, i), row);
  }
  return orders;
}

/** Throws a RangeError that names `caller`, unless `orders` is i32[n, n - 1] with every other task once in each row. */
export function requireOrders(caller: string, orders: ArrayLike<number>, n: number): void {
  if (!isList(orders)) refuse(caller, 'orders', 'an array of integers', orders, `use taskOrders(${n}, seed, step)`);
  if (orders.length !== n * (n - 1)) {
    throw new RangeError(
      `${caller}: orders must be [${n}, ${n - 1}], got ${orders.length} values; use taskOrders(${n}, seed, step)`,
    );
  }
  for (let i = 0; i < n; i++) {
    const seen = new Uint8Array(n);
    seen[i] = 1;
    for (let k = 0; k < n - 1; k++) {
      const j = orders[i * (n - 1) + k];
      if (!Number.isInteger(j) || seen[j] !== 0) {
        throw new RangeError(
          `${caller}: row ${i} of orders must hold each other task once, got ${shown(j)} at ${k}; use taskOrders(${n}, seed, step)`,
        );
      }
      seen[j] = 1;
    }
  }
}
