/** Schedules over a run: the learning rate and the weight of the label losses. */
import type { Config } from '../config/config.ts';

/**
 * cos(pi x) for x in [0, 1] by the odd Taylor polynomial of sin around 1/2, degree 11; error below 6e-8. `Math.cos`
 * rounds differently in different JavaScript engines.
 */
function cosPi(x: number): number {
  const y = Math.PI * (0.5 - x);
  const z = y * y;
  return y * (1 - (z / 6) * (1 - (z / 20) * (1 - (z / 42) * (1 - (z / 72) * (1 - z / 110)))));
}

/**
 * Learning rate of update number `update` (from 0) of `total`: a linear rise over `warmupUpdates`, then constant,
 * linear to 0, or half a cosine to 0.
 */
export function learningRateAt(
  config: Pick<Config, 'learningRate' | 'lrSchedule' | 'warmupUpdates'>,
  update: number,
  total: number,
): number {
  const { learningRate, lrSchedule, warmupUpdates } = config;
  if (update < warmupUpdates) return (learningRate * (update + 1)) / warmupUpdates;
  const progress = total > warmupUpdates ? (update - warmupUpdates) / (total - warmupUpdates) : 0;
  if (lrSchedule === 'linear') return learningRate * (1 - progress);
  if (lrSchedule === 'cosine') return learningRate * 0.5 * (1 + cosPi(progress));
  return learningRate;
}

/**
 * Factor on the weights of the label losses in iteration number `iteration` (from 1): the same schedules, by iteration.
 */
export function labelWeightAt(
  { labelSchedule, labelWarmup, iterations }: Pick<Config, 'labelSchedule' | 'labelWarmup' | 'iterations'>,
  iteration: number,
): number {
  const schedule = { learningRate: 1, lrSchedule: labelSchedule, warmupUpdates: labelWarmup };
  return learningRateAt(schedule, iteration - 1, iterations);
}
