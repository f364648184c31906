/** A run in progress: its learner and environments, and how it is judged. */

import type { Config } from '../config/config.ts';
import { headsOf } from '../config/method.ts';
import { describeSample } from '../coupling/describe.ts';
import { type CouplingMeasurement, type CouplingSummary, measureCoupling } from '../coupling/measure.ts';
import { collectBank } from '../coupling/samplePairStates.ts';
import type { PairBank } from '../coupling/samplePairs.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import { createLearner, type Learner } from '../engine/learn/update.ts';
import { createPolicy } from '../engine/policy/policy.ts';
import { type Environment, splits } from '../env/environment.ts';
import { type EnvironmentPool, type Note, requireLabels } from '../env/registry.ts';
import type { Crew } from '../parallel/crew.ts';
import { memoryNeed } from '../parallel/need.ts';
import { openSpread, type Spread } from '../parallel/spread.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import { evaluate, trainingGames } from '../rollout/success.ts';
import type { Metrics } from './iteration.ts';

/** How far a run is: `done` of `total` in the present phase. */
export interface Progress {
  readonly phase: 'vocabulary' | 'cold start' | 'train' | 'evaluate' | 'coupling';
  readonly done: number;
  readonly total: number;
  readonly envSteps: number;
  /** Mean return of the newest iteration's episodes; null before the first. */
  readonly success: number | null;
  /** Once in a run that builds a vocabulary, at the end of that phase: what its config cuts of the texts. Absent where it cuts nothing. */
  readonly notes?: readonly Note[];
}

/** Success by split: mean return, the share of solved games where the reward is 1 or 0. */
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
  /** null where no action is good in one game and bad in another. */
  readonly bank: PairBank | null;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  envSteps: number;
  success: number | null;
}

/** The parts that do a run's work, from its first judgement on. */
export interface RunParts extends Pick<Run, 'learner' | 'environments' | 'spread'> {
  readonly labelSource: LabelSource;
}

/** A run before its first update: weights initialised, the bank of coupling pairs collected. The caller closes its spread. */
export async function startRun(
  config: Config,
  pool: EnvironmentPool,
  crew: Crew,
  onProgress: Run['onProgress'],
  signal: Run['signal'],
): Promise<Run> {
  const slots = config.groupsPerIteration * config.numGenerations;
  const environments = Array.from({ length: slots }, () => pool.create());
  const { spec } = environments[0];
  requireLabels(config, environments[0]);
  const policy = createPolicy(await crew.arena(() => memoryNeed(spec, config)), spec, {
    ...config,
    ...headsOf(config.method),
    logitScale: 1,
  });
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  const { couplingPairs: pairs, seed, graphDiscount, graphMaxEdges } = config;
  const spread = await openSpread(crew, policy, config, pool, environments, signal);
  // Made with the weights a run starts from, so that a resumed run has the same one.
  const bankOptions = { seed, split: 'in-domain', pairs, graphDiscount, graphMaxEdges, signal } as const;
  const bank = await collectBank(policy, environments, bankOptions).catch((error: unknown) => {
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

/** Coupling of the present weights on the run's bank; null without one. */
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

/** What a run's coupling-start.json and coupling-end.json hold besides the names of the command and of the run. */
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
