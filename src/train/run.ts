/** A run in progress: its learner and environments, and how it is evaluated. */

import type { Config } from '../config/config.ts';
import { headsOf } from '../config/method.ts';
import { describeSample } from '../coupling/describe.ts';
import { couplingSummary, type MeasuredCoupling, measurePairs } from '../coupling/measure.ts';
import { collectSamplePairs } from '../coupling/samplePairStates.ts';
import type { SamplePairs } from '../coupling/samplePairs.ts';
import { stepPoints, stepSpillover } from '../coupling/stepSpillover.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import { muonStep } from '../engine/learn/muon.ts';
import { createLearner, type Learner } from '../engine/learn/update.ts';
import { policyFor } from '../engine/policy/custom.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { StartProgress } from '../env/bridge/messages.ts';
import { type Environment, type Split, splits } from '../env/environment.ts';
import { type EnvironmentPool, type Note, requireLabels } from '../env/registry.ts';
import { pauses, runWithPauses } from '../eventLoop.ts';
import type { Crew } from '../parallel/crew.ts';
import { memoryNeed } from '../parallel/need.ts';
import { openSpread, type Spread } from '../parallel/spread.ts';
import { requireAchieved } from '../rollout/hindsight.ts';
import { playBaseline } from '../rollout/randomBaseline.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import { evaluate, successesOf, trainingGames } from '../rollout/success.ts';
import { type EpisodeMean, episodeMean } from '../statistics/episodes.ts';
import type { CustomParts } from './custom.ts';
import type { Metrics } from './iteration.ts';

/** How far a run is: `done` of `total` in the present phase. */
export interface Progress {
  readonly phase:
    | 'start'
    | 'vocabulary'
    | 'sample pairs'
    | 'demonstrations'
    | 'cold start'
    | 'random'
    | 'train'
    | 'evaluate'
    | 'coupling';
  readonly done: number;
  readonly total: number;
  readonly envSteps: number;
  /** Success of the episodes of the latest iteration; null before the first, and where success means nothing. */
  readonly success: number | null;
  /** Mean return of the episodes of the latest iteration, where success means nothing; null or absent otherwise. */
  readonly return?: number | null;
  /** In the phase `start`: what the program that plays the environment reports. */
  readonly detail?: string;
  /**
   * Present once in a run that builds a vocabulary, at the end of that phase: what the limits of its config cut off the
   * texts.
   */
  readonly notes?: readonly Note[];
}

/** A value for each split. */
export interface BySplit<T> {
  readonly train: T;
  readonly inDomain: T;
  readonly outOfDomain: T;
}

/**
 * Success rate by split: the mean of what the environment's spec defines as the success of an episode. null where that
 * is nothing, and for a split that `evalSplits` leaves out.
 */
export type SuccessBySplit = BySplit<number | null>;

/** Mean return by split, in the rewards of the environment; null for a split that `evalSplits` leaves out. */
export type ReturnBySplit = BySplit<EpisodeMean | null>;

/** What an evaluation measures. */
export interface Results {
  readonly success: SuccessBySplit;
  readonly return: ReturnBySplit;
}

/** The keys of `BySplit`. */
const splitKeys = { train: 'train', 'in-domain': 'inDomain', 'out-of-domain': 'outOfDomain' } as const;

/** A value for each split of `values`, null for the others. */
export function bySplit<T>(values: ReadonlyMap<Split, T>): BySplit<T | null> {
  const entries = splits.map((split) => [splitKeys[split], values.get(split) ?? null]);
  return Object.fromEntries(entries) as BySplit<T | null>;
}

/** The splits that evaluations play. */
export function evaluatedSplits({ evalSplits }: Config): Split[] {
  return splits.filter((split) => evalSplits === 'all' || evalSplits.split('+').includes(split));
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
  /** Mean return of the latest episodes where success means nothing; null otherwise. */
  return: number | null;
}

/** The parts that do the work of a run, from its first evaluation on. */
export interface RunParts extends Pick<Run, 'learner' | 'environments' | 'spread'> {
  readonly labelSource: LabelSource;
}

/** A learner of the policy with the optimiser of the config. */
function learnerFor(policy: Policy, { optimizer, learningRate, muonLearningRate, muonMomentum }: Config): Learner {
  const learner = createLearner(policy);
  if (optimizer === 'adamw') return learner;
  const rate = muonLearningRate === null ? 1 : muonLearningRate / learningRate;
  return { ...learner, step: muonStep(policy, { momentum: muonMomentum, rate }) };
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
  if (config.hindsight) requireAchieved(environments[0]);
  const compose = parts.policy?.make ?? null;
  const arena = await crew.arena(() => memoryNeed(spec, config, config.couplingPairs, compose));
  const policy = policyFor(arena, spec, { ...config, ...headsOf(config), logitScale: 1 }, compose);
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  const { couplingPairs: pairs, seed, graphDiscount, graphMaxEdges } = config;
  const custom = { environment: parts.environment?.href ?? null, policy: parts.policy?.href ?? null };
  const spread = await openSpread(crew, policy, config, pool, environments, signal, custom);
  // Collected with the initial weights, so that a resumed run measures the same pairs.
  const onEpisode = (done: number, total: number): void =>
    onProgress?.({ phase: 'sample pairs', done, total, envSteps: 0, success: null });
  const bankOptions = { seed, split: 'in-domain', pairs, graphDiscount, graphMaxEdges, onEpisode, signal } as const;
  const collecting = pairs === 0 ? null : collectSamplePairs(policy, environments, bankOptions);
  const bank = await collecting?.catch((error: unknown) => {
    spread.close();
    throw error;
  });
  return {
    config,
    learner: learnerFor(policy, config),
    environments,
    games: trainingGames(seed, config.trainGames),
    spread,
    bank: bank ?? null,
    onProgress,
    signal,
    envSteps: 0,
    success: null,
    return: null,
  };
}

/** What a program reports while it starts, as progress of a run. */
export function startProgress({ text, done = 0, total = 0 }: StartProgress): Progress {
  return { phase: 'start', detail: text, done, total, envSteps: 0, success: null };
}

export function reportProgress(run: Run, phase: Progress['phase'], done: number, total: number): void {
  const { envSteps, success, return: ofEpisodes } = run;
  run.onProgress?.({ phase, done, total, envSteps, success, ...(ofEpisodes !== null && { return: ofEpisodes }) });
}

/** Success and returns on the splits of `evalSplits`, over `evalEpisodes` episodes each. */
export async function evaluateAll(run: Run): Promise<Results> {
  const { config, learner, environments, spread, signal } = run;
  const { seed, evalEpisodes: episodes, trainGames, temperature } = config;
  const success = new Map<Split, number | null>();
  const returns = new Map<Split, EpisodeMean>();
  const played = evaluatedSplits(config);
  for (const [i, split] of played.entries()) {
    const onEpisode = (done: number): void =>
      reportProgress(run, 'evaluate', i * episodes + done, played.length * episodes);
    // The rate counts from here.
    if (i === 0) onEpisode(0);
    const options = { seed, split, episodes, trainGames, temperature, onEpisode, signal, play: spread.play };
    const evaluation = await evaluate(learner.policy, environments, options);
    success.set(split, evaluation.success);
    returns.set(split, episodeMean(evaluation.returns));
  }
  return { success: bySplit(success), return: bySplit(returns) };
}

/** Success and returns of uniformly random actions, by split; null for a split that was not played. */
export interface RandomResults {
  readonly success: BySplit<EpisodeMean | null>;
  readonly return: ReturnBySplit;
}

/** Results of uniformly random actions over `randomEpisodes` episodes of each evaluated split; null without them. */
export async function randomResults(run: Run): Promise<RandomResults | null> {
  const { config, environments, signal } = run;
  const { seed, randomEpisodes: episodes, trainGames } = config;
  if (episodes === 0) return null;
  const success = new Map<Split, EpisodeMean>();
  const returns = new Map<Split, EpisodeMean>();
  const played = evaluatedSplits(config);
  for (const [i, split] of played.entries()) {
    const onEpisode = (done: number): void =>
      reportProgress(run, 'random', i * episodes + done, played.length * episodes);
    if (i === 0) onEpisode(0);
    const results = await playBaseline(environments, { seed, split, episodes, trainGames, onEpisode, signal });
    const successes = successesOf(environments[0].spec, results);
    if (successes !== null) success.set(split, episodeMean(successes));
    returns.set(split, episodeMean(results.returns));
  }
  return { success: bySplit(success), return: bySplit(returns) };
}

/** The metrics of the baseline: `random/...`. */
export function randomMetrics(run: Run, { success, return: returns }: RandomResults): Metrics {
  const rates = new Map(splits.map((split) => [split, success[splitKeys[split]]?.mean ?? null]));
  return resultMetrics(run, { success: bySplit(rates), return: returns }, 'random');
}

/** Keys of results, and of the metrics of an evaluation. */
const metricKeys = [
  ['train', 'eval/train'],
  ['inDomain', 'eval/in_domain'],
  ['outOfDomain', 'eval/out_of_domain'],
] as const;

/** Coupling of the current weights on the run's state pairs; null without pairs. */
export async function measureRun(run: Run): Promise<MeasuredCoupling | null> {
  const { config, learner, bank, environments, spread, signal } = run;
  if (!bank) return null;
  reportProgress(run, 'coupling', 0, 1);
  const { policy } = learner;
  const describe = describeSample(environments[0].spec, bank);
  const measured = await measurePairs(policy, bank, { describe, grams: spread.grams, signal }, config.diagnostics);
  reportProgress(run, 'coupling', 1, 1);
  return measured;
}

/**
 * Metrics of the spillover of the step from the weights `before` to the current ones, on the samples of the run's
 * pairs.
 *
 * @param before f32[network.vectorSize]
 */
export async function stepMetrics({ learner, bank, signal }: Run, before: Float32Array): Promise<Metrics> {
  if (!bank) return {};
  const points = await runWithPauses(stepPoints(learner.policy, before, bank), pauses(signal));
  const { good, bad, badPositiveFraction, correlation, relativeError, rms } = stepSpillover(points);
  return {
    'spillover/good_predicted': good[0],
    'spillover/good_actual': good[1],
    'spillover/bad_predicted': bad[0],
    'spillover/bad_actual': bad[1],
    'spillover/bad_positive_fraction': badPositiveFraction,
    ...(correlation !== null && { 'spillover/correlation': correlation }),
    'spillover/relative_error': relativeError,
    'spillover/rms_actual': rms,
  };
}

/** The fields of coupling-start.json and coupling-end.json besides the names of the command and of the run. */
export function couplingFields(iteration: number, measured: MeasuredCoupling) {
  return { iteration, split: 'in-domain', samples: measured.matrix.samples.length, ...measured } as const;
}

/**
 * The metrics of an evaluation: success where it means something, and the mean returns where success is not the return.
 */
export function resultMetrics(run: Run, { success, return: returns }: Results, prefix = 'eval'): Metrics {
  const metrics: Metrics = {};
  const { success: kind = 'return' } = run.environments[0].spec;
  for (const [key, metric] of metricKeys) {
    const rate = success[key];
    const { mean } = returns[key] ?? {};
    if (rate !== null) metrics[metric.replace('eval', prefix)] = rate;
    if (mean !== undefined && kind !== 'return') metrics[metric.replace('eval', `${prefix}_return`)] = mean;
  }
  return metrics;
}

/** Metrics of a measurement of coupling; the further ones only where they were measured. */
export function couplingMetrics(measured: MeasuredCoupling | null): Metrics {
  const metrics: Metrics = {};
  const summary = couplingSummary(measured);
  const { goodBad, goodGood, badBad, contrast, cka } = measured?.embeddingCosine ?? {};
  const values = {
    'coupling/good_bad_cosine': summary.goodBadCosine,
    'coupling/good_good_cosine': summary.goodGoodCosine,
    'coupling/bad_bad_cosine': summary.badBadCosine,
    'coupling/good_bad_positive_fraction': summary.goodBadPositiveFraction,
    'coupling/contrast': measured?.contrast,
    'coupling/kernel_target_alignment': measured?.kernelTargetAlignment,
    'coupling/effective_rank': measured?.effectiveRank,
    'coupling/top_share': measured?.topShare,
    'embedding/good_bad_cosine': goodBad,
    'embedding/good_good_cosine': goodGood,
    'embedding/bad_bad_cosine': badBad,
    'embedding/contrast': contrast,
    'embedding/cka': cka,
  };
  for (const [key, value] of Object.entries(values)) if (typeof value === 'number') metrics[key] = value;
  return metrics;
}

/** Success, returns and coupling of the current policy, and the metrics that hold them. */
export interface Evaluated extends Results {
  readonly measured: MeasuredCoupling | null;
  readonly metrics: Metrics;
}

export async function evaluateRun(run: Run): Promise<Evaluated> {
  const measured = await measureRun(run);
  const results = await evaluateAll(run);
  const metrics = { ...resultMetrics(run, results), ...couplingMetrics(measured) };
  return { ...results, measured, metrics };
}
