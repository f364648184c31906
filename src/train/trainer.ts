/** The training loop, free of any host: records, clocks and processes are given to it. */
import type { CouplingMeasurement, CouplingSummary } from '../coupling/measure.ts';
import { couplingSummary } from '../coupling/measure.ts';
import { createLabelSource } from '../labels/labels.ts';
import { type Crew, soloCrew } from '../parallel/crew.ts';
import { type Checkpoint, parametersSha256 } from '../record/checkpoint.ts';
import { type Counters, parameterTensors, restoreLearner, saveLearner } from './checkpointing.ts';
import { cloneDemonstrations, demonstrate } from './coldStart.ts';
import { type Config, resolveConfig } from './config.ts';
import { type OpenBridge, openEnvironments } from './environments.ts';
import { adamwSettings, type Metrics, runIteration } from './iteration.ts';
import {
  couplingMetrics,
  evaluateAll,
  measureRun,
  type Progress,
  type Run,
  reportProgress,
  type SuccessBySplit,
  startRun,
  successMetrics,
} from './run.ts';

export interface TrainOutcome {
  readonly success: SuccessBySplit;
  readonly coupling: { readonly start: CouplingSummary; readonly end: CouplingSummary };
  readonly envSteps: number;
  readonly updates: number;
  /** SHA-256 of the parameters' names, shapes and bits. */
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
  /** Threads to spread the work over; without it the calling thread does all. The result has the same bits. */
  readonly crew?: Crew;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

function dueAt(every: number, iteration: number): boolean {
  return every > 0 && iteration % every === 0;
}

/** Success and coupling of the present policy, and the metrics that hold them. */
async function judge(
  run: Run,
): Promise<{ success: SuccessBySplit; measured: CouplingMeasurement | null; metrics: Metrics }> {
  const measured = await measureRun(run);
  const success = await evaluateAll(run);
  return { success, measured, metrics: { ...successMetrics(success), ...couplingMetrics(couplingSummary(measured)) } };
}

/**
 * Trains one policy and measures its success and coupling.
 *
 * The result depends on config and seed alone. An abort stops between environment steps; the newest checkpoint stays good.
 *
 * @throws if the config does not fit the environment, the environment breaks its contract, a gradient is not finite, or on abort
 */
export async function runTraining(config: Config, options: TrainOptions = {}): Promise<TrainOutcome> {
  const { record, checkpoint, signal, onProgress } = options;
  onProgress?.({ phase: 'vocabulary', done: 0, total: 1, envSteps: 0, success: null });
  const pool = await openEnvironments(config, options.openBridge ?? null, checkpoint?.tokenizer ?? null);
  try {
    const run = await startRun(config, pool, options.crew ?? soloCrew(), onProgress, signal);
    const { learner, environments, games, spread } = run;
    const { policy } = learner;
    const { arena, network } = policy;
    const { spec } = environments[0];
    const environment = `${spec.name} ${spec.version}`;
    const labelSource = createLabelSource(config);
    const demonstrations =
      config.coldStart > 0 && spec.hasExpert ? await demonstrate(environments[0], games, config) : null;
    const reference = config.beta > 0 ? arena.floats(network.vectorSize) : 0;
    let first = 0;
    let saved = checkpoint?.iteration ?? -1;
    let couplingStart: CouplingSummary;
    const save = (iteration: number): void => {
      const { updates, beta1Power, beta2Power } = learner;
      saved = iteration;
      const counters: Counters = {
        envSteps: run.envSteps,
        updates,
        beta1Power,
        beta2Power,
        couplingStart,
        environment,
      };
      record?.checkpoint(saveLearner(learner, iteration, reference, labelSource.save(), counters, pool.vocabulary));
    };
    if (checkpoint) {
      const counters = restoreLearner(learner, checkpoint, reference, labelSource);
      if (counters.environment !== environment) {
        throw new Error(
          `train: the checkpoint was made in ${counters.environment}, but this is ${environment}; go on with the version of unbraid that made it`,
        );
      }
      first = checkpoint.iteration;
      run.envSteps = counters.envSteps;
      couplingStart = counters.couplingStart;
    } else {
      if (demonstrations) {
        const onUpdate = (done: number): void => reportProgress(run, 'cold start', done, config.coldStartUpdates);
        await cloneDemonstrations(spread, learner, demonstrations, config, adamwSettings(config), onUpdate);
      }
      if (reference) arena.u8.copyWithin(reference, policy.weights, policy.weights + network.vectorSize * 4);
      const { measured, metrics } = await judge(run);
      couplingStart = couplingSummary(measured);
      if (measured) record?.coupling('coupling-start', 0, measured);
      record?.metrics(0, { envSteps: 0, updates: 0, ...metrics });
      save(0);
    }
    if (reference) network.prepare(reference);
    let judged: Awaited<ReturnType<typeof judge>> | null = null;
    const context = { config, environments, games, spread, labelSource, demonstrations, reference, signal };
    for (let iteration = first + 1; iteration <= config.iterations; iteration++) {
      const { updates } = learner;
      const { metrics, steps } = await runIteration(learner, context, iteration).catch((error: unknown) => {
        // Ctrl-C or a failing environment ends an iteration while episodes are played, before its first update.
        if (learner.updates === updates && saved !== iteration - 1) save(iteration - 1);
        throw error;
      });
      run.envSteps += steps;
      run.success = metrics['charts/success'];
      const last = iteration === config.iterations;
      const line: Metrics = { envSteps: run.envSteps, updates: learner.updates, ...metrics };
      if (last) {
        judged = await judge(run);
        Object.assign(line, judged.metrics);
      } else {
        if (dueAt(config.evalEvery, iteration)) Object.assign(line, successMetrics(await evaluateAll(run)));
        if (dueAt(config.couplingEvery, iteration))
          Object.assign(line, couplingMetrics(couplingSummary(await measureRun(run))));
      }
      record?.metrics(iteration, line);
      if (last || dueAt(config.checkpointEvery, iteration)) save(iteration);
      reportProgress(run, 'train', iteration, config.iterations);
    }
    // A run resumed from its last checkpoint has everything but this.
    judged ??= await judge(run);
    if (judged.measured) record?.coupling('coupling-end', config.iterations, judged.measured);
    return {
      success: judged.success,
      coupling: { start: couplingStart, end: couplingSummary(judged.measured) },
      envSteps: run.envSteps,
      updates: learner.updates,
      parametersSha256: parametersSha256(parameterTensors(policy)),
    };
  } finally {
    await pool.close();
  }
}

/**
 * Trains one policy from a partial config (docs/configuration.md has every key) and gives its success by split, its coupling at the start and
 * the end, and the hash of its parameters.
 *
 * @throws if the config has an unknown key or a value out of range, and as `runTraining` does
 */
export async function train(config: Partial<Config> = {}, options: TrainOptions = {}): Promise<TrainOutcome> {
  return runTraining(resolveConfig(config), options);
}
