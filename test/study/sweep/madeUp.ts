/** Artificial training results for sweeps: a success for each config, iterations and seed. */
import { type Config, resolveConfig } from '../../../src/config/config.ts';
import { randomStream } from '../../../src/random.ts';
import { canonicalJson, type JsonRecord } from '../../../src/record/json.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { madeUp } from '../results.ts';

export type SuccessOf = (config: Config) => number;

/** Highest at learning rate 0.01; more iterations help, seeds differ. */
export const peaked: SuccessOf = ({ learningRate, iterations, seed }) => {
  const decades = Math.abs(Math.log10(learningRate / 0.01));
  return Math.max(0, 0.8 - 0.2 * decades) * Math.min(1, iterations / 40) + (seed % 3) / 100;
};

/** One of `levels` values, at random by config and seed, so that ties occur. */
export function scattered(levels: number): SuccessOf {
  return (config) => {
    const purpose = canonicalJson(config as unknown as JsonRecord);
    return randomStream(7, purpose).below(levels) / levels;
  };
}

export function resultOf(input: TrainInput, successOf: SuccessOf): TrainResult {
  const inDomain = successOf(resolveConfig(input));
  return { ...madeUp({}), success: { train: Math.min(1, inDomain + 0.1), inDomain, outOfDomain: inDomain / 2 } };
}
