/** A run in progress: its learner and environments, and how it is evaluated. */

import type { Config } from '../config/config.ts';
import { headsOf } from '../config/method.ts';
import { describeSample } from '../coupling/describe.ts';
import {
  type CouplingMeasurement,
  type CouplingSummary,
  couplingSummary,
  measureCoupling,
} from '../coupling/measure.ts';
import { collectSamplePairs } from '../coupling/samplePairStates.ts';
import type { SamplePairs } from '../coupling/samplePairs.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import { createLearner, type Learner } from '../engine/learn/update.ts';
import { policyFor } from '../engine/policy/custom.ts';
import { type Environment, splits } from '../env/environment.ts';
import { type EnvironmentPool, type Note, requireLabels } from '../env/registry.ts';
import type { Crew } from '../parallel/crew.ts';
import { memoryNeed } from '../parallel/need.ts';
import { openSpread, type Spread } from '../parallel/spread.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import { evaluate, trainingGames } from '../rollout/success.ts';
import type { CustomParts } from './custom.ts';
import type { Metrics } from './iteration.ts';

/** How far a run is: `done` of `total` in the present phase. */
export interface Progress {
  readonly phase: 'vocabulary' | 'cold start' | 'train' | 'evaluate' | 'coupling';
  readonly done: number;
  readonly total: number;
  readonly envSteps: number;
  /** Mean return of the episodes of the latest iteration; null before the first. */
  readonly success: number | null;
  /**
   * Present once in a run that builds a vocabulary, at the end of that phase: what the limits of its config cut off the
   * texts.
   */
  readonly notes?: readonly Note[];
}

/** Mean return by split. Where the return is 1 or 0, it is the share of solved games. */
export interface SuccessBySplit {
  readonly train: number;
  readonly inDomain: number;
  readonly outOfDomain: number;
}

export interface Run {
  readonly config: Config;
  readonly learner: Learner;
  readonly environments: readonly Environment[];
  readonly games: readonly GameChoice[];
  readonly spread: Spread;
  /** State pairs on which coupling is measured; null where no action is good in one game and bad in another. */
  readonly bank: SamplePairs | null;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  envSteps: number;
  success: number | null;
}

/** The parts that do the work of a run, from its first evaluation on. */
export interface RunParts extends Pick<Run, 'learner' | 'environments' | 'spread'> {
  readonly labelSource: LabelSource;
}

/**
 * A run before its first update: weights are initialised, the state pairs for coupling are collected. The caller closes
 * its spread.
 */
export async function startRun(
  config: Config,
  pool: EnvironmentPool,
  parts: CustomParts,
  crew: Crew,
  onProgress: Run['onProgress'],
  signal: Run['signal'],
): Promise<Run> {
  const slots = config.groupsPerIteration * config.numGenerations;
  const environments = Array.from({ length: slots }, () => pool.create());
  const { spec } = environments[0];
  requireLabels(config, environments[0]);
  const compose = parts.policy?.make ?? null;
  const arena = await crew.arena(() => memoryNeed(spec, config, config.couplingPairs, compose));
  const policy = policyFor(arena, spec, { ...config, ...headsOf(config), logitScale: 1 }, compose);
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  const { couplingPairs: pairs, seed, graphDiscount, graphMaxEdges } = config;
  const custom = { environment: parts.environment?.href ?? null, policy: parts.policy?.href ?? null };
  const spread = await openSpread(crew, policy, config, pool, environments, signal, custom);
  // Collected with the initial weights, so that a resumed run measures the same pairs.
  const bankOptions = { seed, split: 'in-domain', pairs, graphDiscount, graphMaxEdges, signal } as const;
  const bank = await collectSamplePairs(policy, environments, bankOptions).catch((error: unknown) => {
    spread.close();
    throw error;
  });
  return {
    config,
    learner: createLearner(policy),
    environments,
    games: trainingGames(seed, config.trainGames),
    spread,
    bank,
    onProgress,
    signal,
    envSteps: 0,
    success: null,
  };
}

export function reportProgress(run: Run, phase: Progress['phase'], done: number, total: number): void {
  run.onProgress?.({ phase, done, total, envSteps: run.envSteps, success: run.success });
}

/** Success on the three splits, over `evalEpisodes` each. */
export async function evaluateAll(run: Run): Promise<SuccessBySplit> {
  const { config, learner, environments, spread, signal } = run;
  const { seed, evalEpisodes: episodes, trainGames, temperature } = config;
  const means: number[] = [];
  for (const [i, split] of splits.entries()) {
    const onEpisode = (done: number): void =>
      reportProgress(run, 'evaluate', i * episodes + done, splits.length * episodes);
    const options = { seed, split, episodes, trainGames, temperature, onEpisode, signal, play: spread.play };
    means.push((await evaluate(learner.policy, environments, options)).mean);
  }
  return { train: means[0], inDomain: means[1], outOfDomain: means[2] };
}

/** Coupling of the current weights on the run's state pairs; null without pairs. */
export async function measureRun(run: Run): Promise<CouplingMeasurement | null> {
  const { learner, bank, environments, spread, signal } = run;
  if (!bank) return null;
  reportProgress(run, 'coupling', 0, 1);
  const { policy } = learner;
  const describe = describeSample(environments[0].spec, bank);
  const measured = await measureCoupling(policy, bank, { describe, grams: spread.grams, signal });
  reportProgress(run, 'coupling', 1, 1);
  return measured;
}

/** The fields of coupling-start.json and coupling-end.json besides the names of the command and of the run. */
export function couplingFields(iteration: number, measured: CouplingMeasurement) {
  return { iteration, split: 'in-domain', samples: measured.matrix.samples.length, ...measured } as const;
}

export function successMetrics(success: SuccessBySplit): Metrics {
  return { 'eval/train': success.train, 'eval/in_domain': success.inDomain, 'eval/out_of_domain': success.outOfDomain };
}

export function couplingMetrics(summary: CouplingSummary): Metrics {
  const metrics: Metrics = {};
  const values = {
    'coupling/good_bad_cosine': summary.goodBadCosine,
    'coupling/good_good_cosine': summary.goodGoodCosine,
    'coupling/bad_bad_cosine': summary.badBadCosine,
    'coupling/good_bad_positive_fraction': summary.goodBadPositiveFraction,
  };
  for (const [key, value] of Object.entries(values)) if (value !== null) metrics[key] = value;
  return metrics;
}

/** Success and coupling of the current policy, and the metrics that hold them. */
export interface Evaluated {
  readonly success: SuccessBySplit;
  readonly measured: CouplingMeasurement | null;
  readonly metrics: Metrics;
}

export async function evaluateRun(run: Run): Promise<Evaluated> {
  const measured = await measureRun(run);
  const success = await evaluateAll(run);
  return { success, measured, metrics: { ...successMetrics(success), ...couplingMetrics(couplingSummary(measured)) } };
}
