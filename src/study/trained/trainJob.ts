/** The job of one training run: the numbers that studies use, and its receipt. */

import { type Config, resolveConfig } from '../../config/config.ts';
import type { JsonRecord } from '../../record/json.ts';
import type { Metrics } from '../../train/iteration.ts';
import type { SuccessBySplit } from '../../train/run.ts';
import { runTraining } from '../../train/trainer.ts';
import type { JobKind } from '../job.ts';

/** Keys of the config that differ from the defaults. */
export type TrainInput = { readonly [K in keyof Config]?: Config[K] };

type Success = { readonly train: number; readonly inDomain: number; readonly outOfDomain: number };
type Coupling = {
  readonly goodBadCosine: number | null;
  readonly goodGoodCosine: number | null;
  readonly badBadCosine: number | null;
  readonly goodBadPositiveFraction: number | null;
};

export type TrainResult = {
  readonly success: Success;
  readonly coupling: { readonly start: Coupling; readonly end: Coupling };
  readonly envSteps: number;
  readonly updates: number;
  readonly parametersSha256: string;
  /**
   * Lines of metrics at which success or coupling was measured: `iteration`, `envSteps`, `eval/...`, `coupling/...`,
   * `spillover/...`.
   */
  readonly checkpoints: readonly { readonly [metric: string]: number }[];
  /**
   * Label quality over training: mean of each `labels/...` metric over every ten iterations that have it, at the last
   * of them.
   */
  readonly labelQuality: readonly { readonly [metric: string]: number }[];
  readonly receipt: JsonRecord;
};

const LABEL_WINDOW = 10;

/** @throws Error if a split has no success: studies compare the success of every split */
export function wholeSuccess({ train, inDomain, outOfDomain }: SuccessBySplit): Success {
  if (train === null || inDomain === null || outOfDomain === null) {
    throw new Error('study: a run must have a success on every split, got null; leave evalSplits at its default');
  }
  return { train, inDomain, outOfDomain };
}

function withPrefix(metrics: Metrics, prefixes: readonly string[]): Metrics {
  return Object.fromEntries(
    Object.entries(metrics).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix))),
  );
}

/** Means of the label metrics over the lines of a window; null if no line has any. */
function labelMeans(lines: readonly Metrics[], iteration: number): Metrics | null {
  const keys = [...new Set(lines.flatMap((line) => Object.keys(withPrefix(line, ['labels/']))))];
  if (keys.length === 0) return null;
  const mean = (key: string): number => {
    const values = lines.flatMap((line) => line[key] ?? []);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return { iteration, ...Object.fromEntries(keys.map((key) => [key, mean(key)])) };
}

export const trainKind: JobKind<TrainInput, TrainResult> = {
  name: 'train',
  async run(input, { openBridge, module }) {
    const lines: Metrics[] = [];
    const hooks = {
      onMetrics: (iteration: number, metrics: Metrics): void => void lines.push({ iteration, ...metrics }),
    };
    const options = { ...hooks, openBridge, ...(module && { module }) };
    // The result of a job is bitwise identical on every machine, and the build of the kernels is not.
    const trained = await runTraining(resolveConfig(input), options);
    // Studies compare success; `returns` are not stored.
    const { receipt, success, return: _returns, build: _, buildReason: __, ...outcome } = trained;
    const checkpoints = lines
      .map((line) => ({ ...withPrefix(line, ['iteration', 'envSteps', 'eval/', 'coupling/', 'spillover/']) }))
      .filter((line) => Object.keys(line).length > 2);
    const labelQuality: Metrics[] = [];
    for (let first = 1; first < lines.length; first += LABEL_WINDOW) {
      const window = lines.slice(first, first + LABEL_WINDOW);
      const means = labelMeans(window, window[window.length - 1].iteration);
      if (means !== null) labelQuality.push(means);
    }
    return {
      success: wholeSuccess(success),
      ...outcome,
      checkpoints,
      labelQuality,
      receipt: receipt as unknown as JsonRecord,
    };
  },
};
