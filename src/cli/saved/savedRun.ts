/** Measurements on a checkpoint of a run: success rate and gradient coupling. */

import type { Config } from '../../config/config.ts';
import { headsOf } from '../../config/method.ts';
import { describeSample } from '../../coupling/describe.ts';
import { type MeasuredCoupling, measurePairs } from '../../coupling/measure.ts';
import { collectSamplePairs } from '../../coupling/samplePairStates.ts';
import { loadParameters } from '../../engine/policy/parameters.ts';
import { createPolicy, type Policy } from '../../engine/policy/policy.ts';
import type { Environment, Split } from '../../env/environment.ts';
import type { OpenBridge } from '../../env/outside.ts';
import { openEnvironments } from '../../env/registry.ts';
import type { Crew } from '../../parallel/crew.ts';
import { memoryNeed } from '../../parallel/need.ts';
import { openSpread, type Spread } from '../../parallel/spread.ts';
import type { Checkpoint } from '../../record/checkpoint.ts';
import type { JsonRecord } from '../../record/json.ts';
import { openRun } from '../../record/run.node.ts';
import { evaluate } from '../../rollout/success.ts';
import { episodeMean } from '../../statistics/episodes.ts';
import { bySplit, type Progress, startProgress } from '../../train/run.ts';
import { checkedFirst } from '../shared/arguments.ts';
import { namedBridges, permitted } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import type { CouplingEngine, MeasuredRecord } from './coupling.ts';
import type { EvalEngine } from './eval.ts';

/** Number of environments that are open at the same time. */
const LIVE = 96;

export interface SavedPolicy {
  readonly config: Config;
  readonly iteration: number;
  readonly policy: Policy;
  readonly environments: readonly Environment[];
  readonly spread: Spread;
}

/** Options with which a saved policy is opened. */
interface Opening {
  readonly crew: Crew;
  readonly allowExec?: true;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Opens the policy of a checkpoint for `use`, with the environments of its run, distributed over the worker pool.
 *
 * @param pairs number of state pairs on which coupling is measured; 0: it is not measured
 * @throws a usage error if the environment does not open
 */
async function withCheckpoint<T>(
  config: Config,
  checkpoint: Pick<Checkpoint, 'iteration' | 'parameters' | 'tokenizer'>,
  { crew, openBridge, signal, onProgress }: Omit<Opening, 'allowExec'> & { readonly openBridge: OpenBridge },
  pairs: number,
  use: (saved: SavedPolicy) => Promise<T>,
): Promise<T> {
  const pool = await checkedFirst(signal, () =>
    openEnvironments(config, openBridge, checkpoint.tokenizer ?? null, {
      signal,
      onStart: (report) => onProgress?.(startProgress(report)),
    }),
  );
  try {
    const environments = Array.from({ length: LIVE }, () => pool.create());
    const { spec } = environments[0];
    const policy = createPolicy(await crew.arena(() => memoryNeed(spec, config, pairs)), spec, {
      ...config,
      ...headsOf(config),
      logitScale: 1,
    });
    loadParameters(policy, checkpoint.parameters);
    const spread = await openSpread(crew, policy, config, pool, environments, signal);
    try {
      return await use({ config, iteration: checkpoint.iteration, policy, environments, spread });
    } finally {
      spread.close();
    }
  } finally {
    await pool.close();
  }
}

/**
 * As `withCheckpoint`, with the latest checkpoint of a run's folder.
 *
 * @throws a usage error if the environment is a program that was not allowed, or does not open
 */
export async function withPolicy<T>(
  directory: string,
  { allowExec, ...opening }: Opening,
  pairs: number,
  use: (saved: SavedPolicy) => Promise<T>,
): Promise<T> {
  const run = openRun(directory);
  const config = commandConfig(run.config);
  const checkpoint = run.loadCheckpoint();
  const openBridge = namedBridges(permitted(config.env, directory, allowExec));
  return withCheckpoint(config, checkpoint, { ...opening, openBridge }, pairs, use);
}

/** Coupling of a policy between the train split and `split`; null if there is no pair of a good and a bad action. */
async function measureSaved(
  { config, policy, environments, spread }: SavedPolicy,
  split: Split,
  pairs: number,
  diagnostics: boolean,
  signal: AbortSignal,
  onBank: () => void,
): Promise<MeasuredCoupling | null> {
  const { seed, graphDiscount, graphMaxEdges } = config;
  const bank = await collectSamplePairs(policy, environments, {
    seed,
    split,
    pairs,
    graphDiscount,
    graphMaxEdges,
    signal,
  });
  if (!bank) return null;
  onBank();
  const describe = describeSample(environments[0].spec, bank);
  return measurePairs(policy, bank, { describe, grams: spread.grams, signal }, diagnostics);
}

/**
 * Measures these parameters as `unbraid coupling` does; without `diagnostics` as it did before it had the further
 * numbers of `CouplingDiagnostics`. Returns the fields of coupling.json without `command` and
 * `run`.
 */
export function measureAgain(
  config: Config,
  checkpoint: Pick<Checkpoint, 'iteration' | 'parameters' | 'tokenizer'>,
  how: {
    split: Split;
    samples: number;
    diagnostics: boolean;
    crew: Crew;
    openBridge: OpenBridge;
    signal: AbortSignal;
  },
): Promise<JsonRecord | null> {
  const { split, samples, diagnostics, signal } = how;
  return withCheckpoint(config, checkpoint, how, samples, async (saved) => {
    const measured = await measureSaved(saved, split, samples, diagnostics, signal, () => undefined);
    return measured && ({ iteration: checkpoint.iteration, split, samples, ...measured } as unknown as JsonRecord);
  });
}

/**
 * Coupling of the latest checkpoint of a run between the train split and `split`, on `samples` samples of each side
 * and class.
 */
export const measureRunCoupling: CouplingEngine['measureRunCoupling'] = (directory, { split, samples, ...opening }) =>
  withPolicy(directory, opening, samples, async (saved) => {
    const progress = (done: number): void =>
      opening.onProgress({ phase: 'coupling', done, total: 2, envSteps: 0, success: null });
    progress(0);
    const measured = await measureSaved(saved, split, samples, true, opening.signal, () => progress(1));
    if (!measured) {
      throw new Error(
        `coupling: found no good-bad pair in ${directory}; train for more iterations, until some episodes succeed`,
      );
    }
    progress(2);
    const { iteration } = saved;
    return { command: 'coupling', run: directory, iteration, split, samples, ...measured } as MeasuredRecord;
  });

/** Success and mean return of the latest checkpoint of a run on a split, with their 95% intervals. */
export const evaluateRun: EvalEngine['evaluateRun'] = (directory, { split, episodes, ...opening }) =>
  withPolicy(directory, opening, 0, async ({ config, policy, environments, spread }) => {
    const { seed, trainGames, temperature } = config;
    const onEpisode = (done: number): void =>
      opening.onProgress({ phase: 'evaluate', done, total: episodes, envSteps: 0, success: null });
    const { success, successes, returns } = await evaluate(policy, environments, {
      seed,
      split,
      episodes,
      trainGames,
      temperature,
      onEpisode,
      signal: opening.signal,
      play: spread.play,
    });
    const interval = successes && episodeMean(successes).interval;
    const ofSplit = bySplit(new Map([[split, episodeMean(returns)]]));
    return { command: 'eval', split, episodes, success, interval, return: ofSplit };
  });
