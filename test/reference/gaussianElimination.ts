/** Solution of the linear system matrix[n, n] x = rhs by Gaussian elimination with partial pivoting. */
export function gaussianElimination(matrix: ArrayLike<number>, rhs: ArrayLike<number>): number[] {
  const n = rhs.length;
  const rows = Array.from({ length: n }, (_, i) => [...Array.from({ length: n }, (_, j) => matrix[i * n + j]), rhs[i]]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[pivot][c])) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (let r = c + 1; r < n; r++) {
      const factor = rows[r][c] / rows[c][c];
      for (let k = c; k <= n; k++) rows[r][k] -= factor * rows[c][k];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let rest = rows[r][n];
    for (let k = r + 1; k < n; k++) rest -= rows[r][k] * x[k];
    x[r] = rest / rows[r][r];
  }
  return x;
}
