// Multiplies each element of a product by the derivative of an activation at its output while the element is still in a
// register. A separate pass would read and write the whole matrix again.
import { reluSlope4, tanhSlope4 } from './math';

/** Added to the mode of a tile. The `bias` argument is then the stored output of the activation. */
export const TANH_SLOPE: i32 = 4;
export const RELU_SLOPE: i32 = 8;

/**
 * d * f', with f' computed from the stored output at saved + offset. Each kind has its own block of code: a branch for
 * each vector would cost as much as a separate pass.
 */
// @ts-ignore: decorator
@inline
export function slope(kind: i32, d: v128, saved: usize, offset: usize): v128 {
  const y = v128.load(saved + offset);
  return f32x4.mul(d, kind == TANH_SLOPE ? tanhSlope4(y) : reluSlope4(y));
}
