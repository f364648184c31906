/**
 * Gradients of single samples in double precision, and their Gram matrix. Sample i owns the rows bounds[i] to bounds[i
 * + 1] - 1 of a layer's inputs x[rows, kx] and output gradients d[rows, kd]; its gradient is the sum over its rows.
 */

/** Per sample the gradient of a weight matrix, sum of x^T d: [samples][kx * kd]. */
export function outerGradients(
  bounds: readonly number[],
  x: ArrayLike<number>,
  kx: number,
  d: ArrayLike<number>,
  kd: number,
): number[][] {
  return bounds.slice(1).map((to, i) => {
    const g = new Array<number>(kx * kd).fill(0);
    for (let r = bounds[i]; r < to; r++) {
      for (let a = 0; a < kx; a++) for (let b = 0; b < kd; b++) g[a * kd + b] += x[r * kx + a] * d[r * kd + b];
    }
    return g;
  });
}

/** Per sample the sums of d by row modulo period: [samples][period * width]. */
export function sumGradients(bounds: readonly number[], d: ArrayLike<number>, width: number, period = 1): number[][] {
  return bounds.slice(1).map((to, i) => {
    const g = new Array<number>(period * width).fill(0);
    for (let r = bounds[i]; r < to; r++) {
      for (let j = 0; j < width; j++) g[(r % period) * width + j] += d[r * width + j];
    }
    return g;
  });
}

/**
 * Per sample the gradient of an embedding table: d of each slot added at the tokens (feature = token * slots + slot) of
 * its rows.
 */
export function scatterGradients(
  bounds: readonly number[],
  features: readonly number[],
  featureOffsets: readonly number[],
  slots: number,
  vocabulary: number,
  d: ArrayLike<number>,
  width: number,
): number[][] {
  return bounds.slice(1).map((to, i) => {
    const g = new Array<number>(vocabulary * width).fill(0);
    for (let r = bounds[i]; r < to; r++) {
      for (const feature of features.slice(featureOffsets[r], featureOffsets[r + 1])) {
        const token = Math.floor(feature / slots);
        const slot = feature % slots;
        for (let j = 0; j < width; j++) g[token * width + j] += d[(r * slots + slot) * width + j];
      }
    }
    return g;
  });
}

/** J_i J_j^T: inner products of the gradients of two sets of samples, row-major. */
export function gramOf(gi: readonly number[][], gj: readonly number[][]): number[] {
  return gi.flatMap((a) => gj.map((b) => a.reduce((sum, x, p) => sum + x * b[p], 0)));
}
