/** The buffers by which a policy normalises its observations. */
import { observationMean, observationScale } from '../layers/normalizedInput.ts';
import type { Policy } from './policy.ts';

/**
 * Sets the mean that is subtracted from each element of an observation, and the factor that then multiplies it.
 *
 * @param mean and scale by element, f64[vectorWidth]
 */
export function normalizeBy({ arena, network, weights }: Policy, mean: Float64Array, scale: Float64Array): void {
  const values: Record<string, Float64Array> = { [observationMean]: mean, [observationScale]: scale };
  for (const { name, offset } of network.buffers) arena.write(weights + offset, values[name]);
}
