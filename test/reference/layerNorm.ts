/** Layer normalisation in double precision: (x - mean) / sqrt(variance + 1e-5), times gamma, plus beta, row by row. */
export function layerNorm(
  rows: number,
  width: number,
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
): { y: Float64Array; xHat: Float64Array; rstd: Float64Array } {
  const y = new Float64Array(rows * width);
  const xHat = new Float64Array(rows * width);
  const rstd = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: width }, (_, j) => x[r * width + j]);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    rstd[r] = 1 / Math.sqrt(variance + Math.fround(1e-5));
    for (let j = 0; j < width; j++) {
      xHat[r * width + j] = (row[j] - mean) * rstd[r];
      y[r * width + j] = xHat[r * width + j] * gamma[j] + beta[j];
    }
  }
  return { y, xHat, rstd };
}
