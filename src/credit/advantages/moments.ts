/** Added to standard deviations, so that a group with almost equal returns has no huge advantages. */
export const STD_FLOOR = 1e-4;

/** Mean and population standard deviation of `values[from..to)`. Equal values give a deviation of exactly 0. */
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
