/** Gradients for the tests of the methods for conflicting gradients, and checks of their combination. */
import { type RandomStream, randomStream } from '../../../src/random.ts';

/** A matrix [rows, columns] as rows of numbers. */
export type Rows = number[][];

/** The Gram matrix f64[n, n] of n gradients. */
export function gramOf(gradients: Rows): Float64Array {
  return Float64Array.from(gradients.flatMap((a) => gradients.map((b) => a.reduce((sum, x, k) => sum + x * b[k], 0))));
}

/** `tasks` gradients of `parameters` numbers in [-1, 1). */
export function randomGradients(tasks: number, parameters: number, stream: RandomStream): Rows {
  return Array.from({ length: tasks }, () => Array.from({ length: parameters }, () => 2 * stream.uniform() - 1));
}

/** Seeded gradients: independent, dependent, equal, opposite, zero, and of very different lengths. */
export function manyGradients(): Rows[] {
  const out: Rows[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const stream = randomStream(seed, 'test/gradients');
    const tasks = 1 + stream.below(12);
    const gradients = randomGradients(tasks, 1 + stream.below(14), stream);
    out.push(gradients);
    out.push(gradients.map((g) => g.map((x) => x * 2 ** (stream.below(41) - 20))));
    out.push([...gradients, gradients[0].map((x) => -x), gradients[0], gradients[0].map(() => 0)]);
    out.push(gradients.map((g, i) => (i < tasks / 2 ? g.map((x) => -3 * x) : gradients[tasks - 1 - i])));
  }
  return out;
}

/** `rows[i]` for each i of `order`. */
export function picked<T>(rows: ArrayLike<T>, order: readonly number[]): T[] {
  return order.map((i) => rows[i]);
}

/** Largest difference of two lists, relative to the largest magnitude of the second. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`relativeDifference: ${a.length} and ${b.length} values`);
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
  }
  return difference / largest;
}
