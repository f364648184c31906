/**
 * Eigenvalues of a symmetric matrix [n, n], ascending, by cyclic Jacobi rotations (Golub and Van Loan, "Matrix
 * Computations", 8.5).
 */
export function eigenvaluesOf(matrix: ArrayLike<number>, n: number): number[] {
  const a = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => (matrix[i * n + j] + matrix[j * n + i]) / 2),
  );
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const tau = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
    }
  }
  return a.map((row, i) => row[i]).sort((x, y) => x - y);
}

/** The extreme eigenvalues of a symmetric matrix [n, n]. */
export function smallestAndLargestEigenvalue(
  matrix: ArrayLike<number>,
  n: number,
): { smallest: number; largest: number } {
  const eigenvalues = eigenvaluesOf(matrix, n);
  return { smallest: eigenvalues[0], largest: eigenvalues[n - 1] };
}
