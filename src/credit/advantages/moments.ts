/** Added to standard deviations, so that a group with almost equal returns has no huge advantages. */
export const STD_FLOOR = 1e-4;

/** The population standard deviation in the divisor of advantages: of the group, of the whole batch, or none. */
export type RewardScale = 'group' | 'batch' | 'none';

/** The divisor of the advantages of a group: standard deviation + 1e-4, or 1 for `none`. */
export function divisorOf(scale: RewardScale, groupStd: number, batchStd: number): number {
  return scale === 'none' ? 1 : (scale === 'batch' ? batchStd : groupStd) + STD_FLOOR;
}

/**
 * Mean and population standard deviation of the values `from` to `to` - 1. The deviation of equal values is exactly 0.
 */
export function moments(values: ArrayLike<number>, from: number, to: number): { mean: number; std: number } {
  let sum = 0;
  let equal = true;
  for (let i = from; i < to; i++) {
    sum += values[i];
    equal &&= values[i] === values[from];
  }
  // The rounded mean of equal numbers can differ from them, and the difference would become an advantage.
  if (equal) return { mean: values[from], std: 0 };
  const mean = sum / (to - from);
  let squares = 0;
  for (let i = from; i < to; i++) squares += (values[i] - mean) * (values[i] - mean);
  return { mean, std: Math.sqrt(squares / (to - from)) };
}
