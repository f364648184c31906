/** Approximate duration of a training run, for the estimates of time that a sweep prints. */
import { type Config, resolveConfig } from '../../config/config.ts';
import { networkSize, shapeOf } from '../../config/workload.ts';
import type { TrainInput } from '../trained/trainJob.ts';

/** Seconds of a run of the household at the defaults on one core; other runs are scaled from it by their workload. */
const HOUSEHOLD = 5;

/** Operations of a state beside its network: the environment, the labels and the calls. A rough number. */
const PER_STATE = 20_000;

function workOf(config: Config): number {
  const { steps } = shapeOf(config);
  const { iterations, groupsPerIteration, numGenerations, numIterations, evalEpisodes } = config;
  const state = networkSize(config).flops + PER_STATE;
  // A state is scored once as it is played, and costs about three scores in each pass over the data.
  const training = iterations * groupsPerIteration * numGenerations * (1 + 3 * numIterations);
  return steps * state * (training + 3 * evalEpisodes);
}

/** Whole seconds, at least 1: sums are then exact, and the remainder of a finished sweep is 0. */
export function trainSeconds(input: TrainInput): number {
  const seconds = (HOUSEHOLD * workOf(resolveConfig(input))) / workOf(resolveConfig({}));
  return Math.max(1, Math.round(seconds));
}
