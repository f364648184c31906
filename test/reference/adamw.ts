/** Moments and parameters of AdamW (Loshchilov and Hutter, arXiv 1711.05101), in double precision. */
export interface AdamwState {
  readonly p: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export interface AdamwOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly decay: number;
}

/** Step t (from 1) with gradient g, in place. */
export function adamwStep({ p, m, v }: AdamwState, g: ArrayLike<number>, t: number, options: AdamwOptions): void {
  const { lr, beta1, beta2, eps, decay } = options;
  for (let i = 0; i < p.length; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2;
    const mHat = m[i] / (1 - beta1 ** t);
    const vHat = v[i] / (1 - beta2 ** t);
    p[i] -= lr * (mHat / (Math.sqrt(vHat) + eps) + decay * p[i]);
  }
}

/** Sum of squares in the kernel's order: four running sums, one per position modulo 4, then (s0 + s2) + (s1 + s3). */
export function sumOfSquares(x: ArrayLike<number>): number {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) sums[i % 4] += x[i] * x[i];
  return sums[0] + sums[2] + (sums[1] + sums[3]);
}
