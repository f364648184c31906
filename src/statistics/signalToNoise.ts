/**
 * Signal-to-noise ratio of a mean of vectors. With x_1 ... x_n independent with mean μ and covariance Σ, the ratio is
 * |μ|² / tr Σ. It is the reciprocal of the simple noise scale tr Σ / |μ|² of McCandlish et al. 2018, arXiv 1812.06162,
 * with one vector as the unit of the batch.
 *
 * Both parts are estimated without bias: tr Σ by (Σ|x_i|² - n|m|²) / (n - 1), with m the mean of the vectors, and |μ|²
 * by |m|² minus that estimate / n. The estimate of |μ|² can be negative, so the ratio can be, too: at least -1 / n.
 *
 * @param squaredNorms sum over the vectors of |x_i|²
 * @param squaredNormOfMean |m|²
 * @param n number of vectors
 * @returns null where n < 2 or the vectors do not differ
 */
export function signalToNoise(squaredNorms: number, squaredNormOfMean: number, n: number): number | null {
  if (n < 2) return null;
  const noise = (squaredNorms - n * squaredNormOfMean) / (n - 1);
  return noise > 0 ? (squaredNormOfMean - noise / n) / noise : null;
}
