/** Solves positive definite systems with the Cholesky kernels. */
import { index64 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { SolveDefinite } from './remedies/decouple.ts';

/** A solver that uses memory of the arena during each call. */
export function choleskySolver(arena: Arena): SolveDefinite {
  return (matrix, shift, rhs) => {
    const n = rhs.length;
    const mark = arena.mark();
    try {
      const [a, x] = [arena.reserve(8 * n * n, false), arena.reserve(8 * n, false)];
      const { f64, kernels } = arena;
      const first = index64(a);
      f64.set(matrix, first);
      for (let i = 0; i < n; i++) f64[first + i * (n + 1)] += shift;
      if (kernels.cholesky(n, a, n) < n) return null;
      f64.set(rhs, index64(x));
      kernels.choleskySolve(n, a, n, x);
      return f64.slice(index64(x), index64(x) + n);
    } finally {
      arena.release(mark);
    }
  };
}
