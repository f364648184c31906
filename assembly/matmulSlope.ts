// How a product may end: each element times the slope of an activation at its output, while it is still in a register. As a pass of its own this
// would read and write the whole matrix again.
import { reluSlope4, tanhSlope4 } from './math';

/** Added to the mode in which a tile starts; the saved output then takes the place of the bias. */
export const TANH_SLOPE: i32 = 4;
export const RELU_SLOPE: i32 = 8;

/** d * f' with f' from the saved output at saved + offset. One kind to a block of code: a choice for each vector costs what the pass would. */
// @ts-ignore: decorator
@inline
export function slope(kind: i32, d: v128, saved: usize, offset: usize): v128 {
  const y = v128.load(saved + offset);
  return f32x4.mul(d, kind == TANH_SLOPE ? tanhSlope4(y) : reluSlope4(y));
}
