/** Calls of the kernels that solve positive definite systems of doubles. */
import type { Cases } from './bench.ts';

export const factorisations: Cases = function* ({ kernels, below, doubles }) {
  for (const n of [...Array.from({ length: 18 }, (_, i) => i), 37, 64]) {
    const ld = n + (n % 3);
    const entries = below(n * ld, 1001).map((x) => x / 500 - 1);
    const withDiagonal = (diagonal: number): number[] => {
      const matrix = [...entries];
      for (let i = 0; i < n; i++) matrix[i * ld + i] = diagonal;
      return matrix;
    };
    // Diagonally dominant, so positive definite; the other matrix is indefinite from 2 rows on.
    const factor = doubles(withDiagonal(n + 1));
    kernels.cholesky(n, factor, ld);
    kernels.choleskySolve(n, factor, ld, doubles(below(n, 1001).map((x) => x / 500 - 1)));
    kernels.cholesky(n, doubles(withDiagonal(0.01)), ld);
    yield;
  }
};
