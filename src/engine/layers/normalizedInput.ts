/** The vector of each state, normalised by a mean and a scale that the training sets. */
import { index32 } from '../kernels/address.ts';
import { vectorInput } from './linear.ts';
import type { Builder, Tensor } from './network.ts';

/** Names of the buffers of `normalizedInput`. */
export const observationMean = 'observation.mean';
export const observationScale = 'observation.scale';

/** Normalised observations are limited to this size: one rare element must not saturate the network. */
const MOST = 10;

/**
 * y = (x - mean) * scale, limited to [-10, 10], f32[states, vectorWidth], as an input without a gradient that `linear`
 * reads. Mean and scale are buffers [vectorWidth] that start as 0 and 1.
 *
 * @throws Error if the states are no vectors
 */
export function normalizedInput(b: Builder): Tensor {
  const { arena } = b;
  const { value: from, width } = vectorInput(b);
  const mean = b.buffer(observationMean, [width], { kind: 'constant', scale: 0 });
  const scale = b.buffer(observationScale, [width], { kind: 'constant', scale: 1 });
  const value = arena.floats(b.batch.room.states * width);
  const y: Tensor = { rows: 'state', width, value, grad: 0, readers: 0, writers: 1 };
  b.add({
    forward(w) {
      const { f32 } = arena;
      const [x, out] = [index32(from), index32(y.value)];
      const [means, scales] = [index32(w + mean.offset), index32(w + scale.offset)];
      const count = b.rowCount('state') * width;
      for (let i = 0, j = 0; i < count; i++, j = j + 1 === width ? 0 : j + 1) {
        const normal = (f32[x + i] - f32[means + j]) * f32[scales + j];
        f32[out + i] = Math.max(-MOST, Math.min(MOST, normal));
      }
    },
    backward() {},
  });
  return y;
}
