/**
 * Largest |actual - expected| / max(scale, |expected|) over all elements: absolute below `scale`, relative above.
 * Infinity when the lengths differ or when one side is NaN or infinite and the other is not the same.
 */
export function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 1): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    const error = Math.abs(actual[i] - expected[i]) / Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
