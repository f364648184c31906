/** The plan of a comparison, from the options of the command. */
import type { QueueRequest } from '../queue/address.ts';
import { gatherConfig, type Settings, usage, usageError } from '../shared/arguments.ts';
import { typed } from '../shared/bridges.ts';
import { type ComparisonPlan, parseVariants, variantConfig } from './comparison.ts';

export const presets = {
  quick: {
    variants: 'grpo;classifier+cloning:graph;cloning:graph;classifier+cloning:shuffled;classifier:oracle',
    seeds: [1, 2, 3],
    // Limit for training: with the danger-zone experiment and the report, the command takes about three minutes.
    minutes: 2.3,
    // Three quarters of a full run. The points of the learning curves cost about as much as one large evaluation.
    shared: { iterations: 120, evalEvery: 40, evalEpisodes: 200, couplingEvery: 40 },
  },
} as const;

export interface CompareOptions {
  readonly preset: keyof typeof presets;
  readonly variants?: string;
  readonly seeds?: readonly number[];
  readonly iterations?: number;
  readonly minutes?: number;
  readonly env?: string;
  readonly set?: Settings;
  readonly workers?: number;
  readonly queue?: QueueRequest;
  readonly cancel?: true;
  readonly verifyFraction?: number;
  readonly out: string;
}

/** @throws a usage error for options that do not go together */
function checkQueueOptions({ queue, workers, minutes, cancel, verifyFraction }: CompareOptions): void {
  if (queue === undefined) {
    const alone = cancel ? '--cancel' : verifyFraction === undefined ? null : '--verify-fraction';
    if (alone === null) return;
    throw usageError(`compare: ${alone} must be given with --queue, got it alone; add --queue, or drop it`);
  }
  for (const [name, value] of Object.entries({ workers, minutes })) {
    if (value !== undefined)
      throw usageError(`compare: only one of --${name} and --queue must be given, got both; drop --${name}`);
  }
}

/** The plan of a comparison from its options. @throws a usage error if an option or the config is not valid */
export function planOf(options: CompareOptions): ComparisonPlan {
  checkQueueOptions(options);
  const preset = presets[options.preset];
  const { iterations, env, queue } = options;
  for (const key of ['method', 'labels', 'seed']) {
    if (options.set?.has(key))
      throw usageError(`compare: ${key} must be set by --variants and --seeds, got --set ${key}; drop it`);
  }
  // Seeds given with --seeds always run. The time limit applies only to the default number of seeds of the preset, and
  // only here: other machines do not slow this one down.
  const isLimited = options.seeds === undefined && queue === undefined;
  const minutes = options.minutes ?? (isLimited ? preset.minutes : null);
  const plan = {
    preset: options.variants === undefined ? options.preset : 'custom',
    variants: usage(() => parseVariants(options.variants ?? preset.variants)),
    seeds: options.seeds ?? preset.seeds,
    shared: {
      ...(options.variants === undefined && preset.shared),
      ...gatherConfig({ iterations, env }, options.set, undefined),
    },
    directory: options.out,
    budgetMs: minutes === null ? null : minutes * 60_000,
  };
  const configs = plan.variants.map((variant) => usage(() => variantConfig(plan, variant, plan.seeds[0])));
  return { ...plan, programs: typed(configs[0].env) };
}
