/** The value loss of PPO on a loaded batch, after the forward pass. */
import { index32, index64 } from '../kernels/address.ts';
import type { Policy } from '../policy/policy.ts';
import { batchValue, valueRows } from '../policy/values.ts';

/** Addresses of the inputs of the loss, by sample; 0 without a value head. */
export interface ValueInputs {
  /** i32[states + 1] */
  readonly sampleOffsets: number;
  readonly valueTarget: number;
  readonly oldValue: number;
  readonly valueWeight: number;
  /** f64[16] */
  readonly sums: number;
}

/** `valueLoss`, for inputs that can do without it; see `LossInputs`. */
export type ValueLoss = typeof valueLoss;

/** Slot of the value loss among the sums of a batch. */
export const VALUE_SLOT = 11;

/**
 * Sum over samples of weight / 2 (V - target)^2 (Schulman et al., "Proximal policy optimization algorithms", 2017,
 * arXiv 1707.06347, equation 9). With `clip`, V is also clamped to that distance from its old value, and the larger of
 * the two squares counts. Writes coef times the gradient to the value rows, and adds the loss without coef to the sums.
 */
export function valueLoss({ arena, network }: Policy, inputs: ValueInputs, coef: number, clip: number | null): void {
  const { f32, i32, f64 } = arena;
  const { batch, heads } = network;
  if (!heads.value) throw new Error('valueLoss: the policy must have a value head, got none; build it with valueHead');
  const { grad } = heads.value;
  let loss = 0;
  for (let n = 0; n < batch.states; n++) {
    const v = batchValue(network, heads.value, n);
    let slope = 0;
    const last = i32[index32(inputs.sampleOffsets) + n + 1];
    for (let m = i32[index32(inputs.sampleOffsets) + n]; m < last; m++) {
      const target = f32[index32(inputs.valueTarget) + m];
      const weight = f32[index32(inputs.valueWeight) + m];
      const old = f32[index32(inputs.oldValue) + m];
      const near = clip === null ? v : Math.max(old - clip, Math.min(old + clip, v));
      const free = (v - target) * (v - target);
      const bounded = (near - target) * (near - target);
      loss += (weight / 2) * Math.max(free, bounded);
      // Outside the clip range, the square of the clamped value is constant.
      if (free >= bounded) slope += weight * (v - target);
    }
    const [from, to] = valueRows(network, heads.value, n);
    for (let row = from; row < to; row++) f32[index32(grad) + row] = (coef * slope) / (to - from);
  }
  f64[index64(inputs.sums) + VALUE_SLOT] += loss;
}
