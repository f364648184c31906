/** The training loop, free of any host: records, clocks and processes are given to it. */
import { bankGames, expertStates, type PairBank, pairBank } from '../coupling/bank.ts';
import { describeSample } from '../coupling/describe.ts';
import {
  type CouplingMeasurement,
  type CouplingSummary,
  couplingSummary,
  measureCoupling,
} from '../coupling/measure.ts';
import { type Environment, type Split, splits } from '../env/environment.ts';
import { success, trainingGames } from '../evaluate/success.ts';
import { createArena } from '../kernels/arena.ts';
import { createLabelSource } from '../labels/labels.ts';
import { createPolicy } from '../policy/policy.ts';
import { type Checkpoint, parametersSha256 } from '../record/checkpoint.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import { parameterTensors, restoreLearner, saveLearner } from './checkpointing.ts';
import { cloneDemonstrations, demonstrate } from './coldStart.ts';
import type { Config } from './config.ts';
import { type EnvironmentPool, type OpenBridge, openEnvironments } from './environments.ts';
import { adamwSettings, type IterationContext, type Metrics, runIteration } from './iteration.ts';
import { createLearner, type Learner } from './update.ts';

export interface Progress {
  readonly phase: 'vocabulary' | 'cold start' | 'train' | 'evaluate' | 'coupling';
  readonly done: number;
  readonly total: number;
  readonly envSteps: number;
  /** Mean return of the newest iteration's episodes; null before the first. */
  readonly success: number | null;
}

/** Success by split: mean return, the share of solved games where the reward is 1 or 0. */
export interface SuccessBySplit {
  readonly train: number;
  readonly inDomain: number;
  readonly outOfDomain: number;
}

export interface TrainOutcome {
  readonly success: SuccessBySplit;
  readonly coupling: { readonly start: CouplingSummary; readonly end: CouplingSummary };
  readonly envSteps: number;
  readonly updates: number;
  readonly parametersSha256: string;
}

/** Where a run is written; every method is called between updates, never inside one. */
export interface TrainRecord {
  metrics(iteration: number, metrics: Metrics): void;
  checkpoint(checkpoint: Checkpoint): void;
  coupling(name: 'coupling-start' | 'coupling-end', iteration: number, measured: CouplingMeasurement): void;
}

export interface TrainOptions {
  readonly record?: TrainRecord;
  /** Goes on from this checkpoint to the same bits as an unbroken run. */
  readonly checkpoint?: Checkpoint;
  readonly openBridge?: OpenBridge;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Episodes per side from which coupling pairs are drawn. */
const BANK_EPISODES = 60;

/** The counters of a checkpoint's state.json. */
export interface Counters {
  readonly envSteps: number;
  readonly updates: number;
  readonly beta1Power: number;
  readonly beta2Power: number;
  readonly couplingStart: CouplingSummary;
}

/** A run in progress. */
interface Run {
  readonly config: Config;
  readonly learner: Learner;
  readonly environments: readonly Environment[];
  readonly games: readonly GameChoice[];
  readonly bank: PairBank;
  readonly options: TrainOptions;
  envSteps: number;
  success: number | null;
}

function report(run: Run, phase: Progress['phase'], done: number, total: number): void {
  run.options.onProgress?.({ phase, done, total, envSteps: run.envSteps, success: run.success });
}

async function evaluateAll(run: Run): Promise<SuccessBySplit> {
  const { config, learner, environments, options } = run;
  const { seed, evalEpisodes: episodes, trainGames, temperature } = config;
  const means: number[] = [];
  for (const [i, split] of splits.entries()) {
    const onEpisode = (done: number): void => report(run, 'evaluate', i * episodes + done, splits.length * episodes);
    const { signal } = options;
    const result = await success(learner.policy, environments, {
      seed,
      split,
      episodes,
      trainGames,
      temperature,
      onEpisode,
      signal,
    });
    means.push(result.mean);
  }
  return { train: means[0], inDomain: means[1], outOfDomain: means[2] };
}

function measure(run: Run): CouplingMeasurement {
  const { policy } = run.learner;
  report(run, 'coupling', 0, 1);
  const measured = measureCoupling(
    policy,
    policy.weights,
    run.bank,
    describeSample(run.environments[0].spec, run.bank),
  );
  report(run, 'coupling', 1, 1);
  return measured;
}

function successMetrics(success: SuccessBySplit): Metrics {
  return { 'eval/train': success.train, 'eval/in_domain': success.inDomain, 'eval/out_of_domain': success.outOfDomain };
}

function couplingMetrics(summary: CouplingSummary): Metrics {
  return {
    'coupling/good_bad_cosine': summary.goodBadCosine,
    'coupling/good_good_cosine': summary.goodGoodCosine,
    'coupling/bad_bad_cosine': summary.badBadCosine,
    'coupling/good_bad_positive_fraction': summary.goodBadPositiveFraction,
  };
}

/** The bank on which a run's coupling is followed: other train games on the left, in-domain games on the right. */
export async function recordedBank(
  environment: Environment,
  config: Config,
  split: Split = 'in-domain',
  pairs = config.couplingPairs,
): Promise<PairBank> {
  const [left, right] = bankGames(config.seed, split, BANK_EPISODES);
  return pairBank(
    await expertStates(environment, left, config.seed, 'coupling/left'),
    await expertStates(environment, right, config.seed, `coupling/${split}`),
    pairs,
    config.seed,
  );
}

async function startRun(config: Config, pool: EnvironmentPool, options: TrainOptions): Promise<Run> {
  const slots = config.groupsPerIteration * config.numGenerations;
  const environments = Array.from({ length: slots }, () => pool.create());
  const policy = createPolicy(await createArena(), environments[0].spec, { ...config, logitScale: 1 });
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  return {
    config,
    learner: createLearner(policy),
    environments,
    games: trainingGames(config.seed, config.trainGames),
    bank: await recordedBank(environments[0], config),
    options,
    envSteps: 0,
    success: null,
  };
}

function dueAt(every: number, iteration: number): boolean {
  return every > 0 && iteration % every === 0;
}

/**
 * Trains one policy and measures its success and coupling.
 *
 * The result depends on config and seed alone. An abort stops between environment steps; the newest checkpoint stays good.
 *
 * @throws if the config does not fit the environment, the environment breaks its contract, a gradient is not finite, or on abort
 */
export async function runTraining(config: Config, options: TrainOptions = {}): Promise<TrainOutcome> {
  const { record, checkpoint, signal } = options;
  options.onProgress?.({ phase: 'vocabulary', done: 0, total: 1, envSteps: 0, success: null });
  const pool = await openEnvironments(config, options.openBridge ?? null, checkpoint?.tokenizer ?? null);
  try {
    const run = await startRun(config, pool, options);
    const { learner, environments, games } = run;
    const { policy } = learner;
    const { arena, network } = policy;
    const labelSource = createLabelSource(config);
    const hasExpert = environments[0].spec.hasExpert;
    const demonstrations = config.coldStart > 0 && hasExpert ? await demonstrate(environments[0], games, config) : null;
    const reference = config.beta > 0 ? arena.floats(network.vectorSize) : 0;
    let first = 0;
    let couplingStart: CouplingSummary;
    const save = (iteration: number): void => {
      const counters: Counters = {
        envSteps: run.envSteps,
        updates: learner.updates,
        beta1Power: learner.beta1Power,
        beta2Power: learner.beta2Power,
        couplingStart,
      };
      record?.checkpoint(saveLearner(learner, iteration, reference, labelSource.save(), counters, pool.vocabulary));
    };
    if (checkpoint) {
      const counters = restoreLearner(learner, checkpoint, reference, labelSource);
      first = checkpoint.iteration;
      run.envSteps = counters.envSteps;
      couplingStart = counters.couplingStart;
    } else {
      if (demonstrations) {
        cloneDemonstrations(learner, demonstrations, config, adamwSettings(config), (done) =>
          report(run, 'cold start', done, config.coldStartUpdates),
        );
      }
      if (reference) arena.u8.copyWithin(reference, policy.weights, policy.weights + network.vectorSize * 4);
      const measured = measure(run);
      couplingStart = couplingSummary(measured.classes);
      record?.coupling('coupling-start', 0, measured);
      record?.metrics(0, {
        envSteps: 0,
        updates: 0,
        ...successMetrics(await evaluateAll(run)),
        ...couplingMetrics(couplingStart),
      });
      save(0);
    }
    if (reference) network.prepare(reference);
    const context: IterationContext = { config, environments, games, labelSource, demonstrations, reference, signal };
    for (let iteration = first + 1; iteration <= config.iterations; iteration++) {
      signal?.throwIfAborted();
      const { metrics, steps } = await runIteration(learner, context, iteration);
      run.envSteps += steps;
      run.success = metrics['charts/success'];
      const last = iteration === config.iterations;
      const line: Metrics = { envSteps: run.envSteps, updates: learner.updates, ...metrics };
      if (!last && dueAt(config.evalEvery, iteration)) Object.assign(line, successMetrics(await evaluateAll(run)));
      if (!last && dueAt(config.couplingEvery, iteration))
        Object.assign(line, couplingMetrics(couplingSummary(measure(run).classes)));
      record?.metrics(iteration, line);
      if (last || dueAt(config.checkpointEvery, iteration)) save(iteration);
      report(run, 'train', iteration, config.iterations);
    }
    const measured = measure(run);
    record?.coupling('coupling-end', config.iterations, measured);
    const end = couplingSummary(measured.classes);
    const successAtEnd = await evaluateAll(run);
    record?.metrics(config.iterations, {
      envSteps: run.envSteps,
      updates: learner.updates,
      ...successMetrics(successAtEnd),
      ...couplingMetrics(end),
    });
    return {
      success: successAtEnd,
      coupling: { start: couplingStart, end },
      envSteps: run.envSteps,
      updates: learner.updates,
      parametersSha256: parametersSha256(parameterTensors(policy)),
    };
  } finally {
    await pool.close();
  }
}
