/** The training loop, free of any host: records, clocks and processes are given to it. */

import { checkOptions } from '../check/values.ts';
import { type Config, resolveConfig } from '../config/config.ts';
import type { CouplingMeasurement, CouplingSummary } from '../coupling/measure.ts';
import { couplingSummary } from '../coupling/measure.ts';
import { createLabelSource, type LabelTools } from '../credit/labels/labels.ts';
import type { ModuleSource } from '../engine/kernels/moduleFrom.ts';
import { parameterTensors } from '../engine/policy/parameters.ts';
import { actionKey } from '../engine/policy/policy.ts';
import { type OpenBridge, openEnvironments } from '../env/registry.ts';
import { inTurns, pauses, turn } from '../eventLoop.ts';
import { type Crew, soloCrew } from '../parallel/crew.ts';
import { brokenCheckpoint, type Chain, type ChainHead, jsonSha256, openChain } from '../record/chain.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import { createReceipt, type Receipt } from '../record/receipt.ts';
import { tensorsSha256 } from '../record/sha256.ts';
import { branch, requireCopies } from '../rollout/branch.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { numericsVersion, unbraidVersion } from '../version.ts';
import { type Counters, restoreLearner, saveLearner } from './checkpointing.ts';
import { cloneDemonstrations, demonstrate, withLabelNoise } from './coldStart.ts';
import { createCritic } from './critic.ts';
import { adamwSettings, episodesOf, learnFrom, type Metrics } from './iteration.ts';
import {
  couplingMetrics,
  evaluateAll,
  measureRun,
  type Progress,
  type Run,
  type RunParts,
  reportProgress,
  type SuccessBySplit,
  startRun,
  successMetrics,
} from './run.ts';
import { createSurgeon } from './surgery.ts';

/** What a run ends with. */
export interface TrainOutcome {
  readonly success: SuccessBySplit;
  readonly coupling: { readonly start: CouplingSummary; readonly end: CouplingSummary };
  readonly envSteps: number;
  readonly updates: number;
  /** SHA-256 of the parameters' names, shapes and bits. */
  readonly parametersSha256: string;
  /** The chain of hashes from config to outcome, which `replay` makes again. */
  readonly receipt: Receipt;
}

/** Where a run is written; every method is called between updates, never inside one. */
export interface TrainRecord {
  /** Receives the metrics of an iteration; iteration 0 is the evaluation before training. */
  metrics(iteration: number, metrics: Metrics): void;
  /** Receives everything that the run needs to continue. */
  checkpoint(checkpoint: Checkpoint): void;
  /** Receives the coupling before the first iteration and after the last one. */
  coupling(name: 'coupling-start' | 'coupling-end', iteration: number, measured: CouplingMeasurement): void;
}

/** Options of `train`; none of them changes the result, except `checkpoint`, which must be one of the same run. */
export interface TrainOptions {
  readonly record?: TrainRecord;
  /** Goes on from this checkpoint to the same bits as an unbroken run. */
  readonly checkpoint?: Checkpoint;
  /** @internal */
  readonly openBridge?: OpenBridge;
  /** Threads to spread the work over; without it the calling thread does all. The result has the same bits. */
  readonly crew?: Crew;
  /** For a run without a crew: `unbraid.wasm`, compiled, or its URL, if it is not beside the engine's code. A crew has its own. */
  readonly module?: ModuleSource;
  /** Called when a phase begins and as it advances. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /**
   * Called once, before anything is learnt or judged: a profiler wraps the methods of the parts. They must give the
   * same bits.
   *
   * @internal
   */
  readonly onParts?: (parts: RunParts) => void;
}

/** Where a run ends and which checkpoints it writes, where that differs from its config. */
export interface RunBound {
  /** Last iteration to train. */
  readonly until: number;
  /** Iterations whose checkpoints are written although the config asks for none; the chain of the run leaves them out. */
  readonly extraCheckpoints: ReadonlySet<number>;
}

/** A run up to its bound. */
export interface BoundedRun {
  readonly chain: Chain;
  /** null where the bound comes before the last iteration. */
  readonly outcome: Omit<TrainOutcome, 'receipt'> | null;
}
/** The type of each option; a key that is missing here does not compile. */
export const trainOptionTypes = {
  record: 'object',
  checkpoint: 'object',
  openBridge: 'function',
  crew: 'object',
  module: 'module',
  onProgress: 'function',
  signal: 'object',
  onParts: 'function',
} as const satisfies Record<keyof TrainOptions, string>;

function dueAt(every: number, iteration: number): boolean {
  return every > 0 && iteration % every === 0;
}

/** Throws unless a checkpoint is the one that its own link stands for. */
function requireWhole(checkpoint: Checkpoint): void {
  const broken = brokenCheckpoint(checkpoint);
  if (broken === null) return;
  throw new Error(
    `train: the checkpoint's ${broken} must match its own link in the chain of hashes; use another checkpoint of the run`,
  );
}

/** Throws unless a checkpoint was made from the same start: only then its run can go on to the bits of an unbroken one. */
function requireSameStart(saved: ChainHead, present: ChainHead): void {
  if (saved.environment !== present.environment) {
    throw new Error(
      `train: the checkpoint was made in ${saved.environment}, but this is ${present.environment}; go on with the version of unbraid that made it`,
    );
  }
  if (saved.numerics !== present.numerics) {
    throw new Error(
      `train: the checkpoint has numerics version ${saved.numerics}, but this is ${present.numerics}; go on with the version of unbraid that made it`,
    );
  }
  if (saved.configSha256 !== present.configSha256) {
    throw new Error('train: the checkpoint was made with another config; go on with the config of its run');
  }
  if (saved.arithmetic !== present.arithmetic) {
    const [was, is] = [saved, present].map(({ arithmetic }) => arithmetic ?? 'exact');
    throw new Error(
      `train: the checkpoint was made with ${was} arithmetic, but this is ${is}; go on with --arithmetic ${was}`,
    );
  }
  if (saved.vocabularySha256 !== present.vocabularySha256) {
    throw new Error("train: the checkpoint was made with another vocabulary; go on with its run's own tokenizer");
  }
}

/** An error that says in which iteration it arose. */
function inIteration(iteration: number, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`iteration ${iteration}: ${reason}`, { cause });
}

/** What sources of labels need of a run: copies of its environment to try actions on, and room for a critic. */
function labelTools({ config, learner, environments, signal }: Run): LabelTools {
  const { policy } = learner;
  const [first] = environments;
  const { seed, temperature, graphDiscount: discount, counterfactualRollouts: repeats } = config;
  return {
    createTryCandidates() {
      const environment = requireCopies(first);
      return (rollout, chosen, iteration) => {
        const key = actionKey(seed, 'counterfactual', iteration);
        return branch(policy, environment, rollout, chosen, { key, repeats, temperature, discount, signal });
      };
    },
    createCritic() {
      const critic = createCritic(policy.arena, first.spec, config);
      // An abort does not end it: what it learns cannot be undone.
      return { ...critic, learn: (rollout) => inTurns(critic.learning(rollout), pauses()) };
    },
  };
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
 * Trains one policy up to `bound.until`. The bound is part of the loop: the parameters, checkpoints and metrics up to there are those of
 * the whole run. A checkpoint of iteration `bound.until` is written even if the config asks for none there.
 *
 * @throws as `runTraining` does
 */
export async function runBounded(config: Config, options: TrainOptions, bound: RunBound): Promise<BoundedRun> {
  const { record, checkpoint, signal, onProgress } = options;
  signal?.throwIfAborted();
  if (options.crew && options.module) {
    throw new Error('train: module must not be given beside a crew, got both; give it to openCrew as modules');
  }
  const vocabulary = { phase: 'vocabulary', total: 1, envSteps: 0, success: null } as const;
  onProgress?.({ ...vocabulary, done: 0 });
  const pool = await openEnvironments(config, options.openBridge ?? null, checkpoint?.tokenizer ?? null, {
    signal,
    onNotes: (notes) => onProgress?.({ ...vocabulary, done: 1, notes }),
  });
  let begun: Run | null = null;
  try {
    const crew = options.crew ?? soloCrew('one thread', options.module ? { single: options.module } : {});
    const run = await startRun(config, pool, crew, onProgress, signal);
    begun = run;
    const { learner, environments, games, spread } = run;
    const { policy } = learner;
    const { arena, network } = policy;
    const { spec } = environments[0];
    const head: ChainHead = {
      numerics: numericsVersion,
      configSha256: jsonSha256(config),
      environment: `${spec.name} ${spec.version}`,
      vocabularySha256: pool.vocabulary && jsonSha256(pool.vocabulary),
      ...(crew.arithmetic === 'relaxed' && { arithmetic: crew.arithmetic }),
    };
    if (checkpoint) requireSameStart(checkpoint.chain.head, head);
    let chain: Chain = checkpoint?.chain ?? { head, links: [], open: [] };
    const links = openChain(chain);
    const labelSource = createLabelSource(config, labelTools(run));
    const surgeon = createSurgeon(config, learner, environments[0], games);
    options.onParts?.({ learner, environments, spread, labelSource });
    const demonstrations =
      config.coldStart > 0 && spec.hasExpert ? await demonstrate(environments[0], games, config, signal) : null;
    const reference = config.beta > 0 ? arena.floats(network.vectorSize) : 0;
    let first = 0;
    let saved = checkpoint?.iteration ?? -1;
    let couplingStart: CouplingSummary;
    const learnedUntil = (iteration: number): ReturnType<typeof saveLearner> => {
      const { updates, beta1Power, beta2Power } = learner;
      const counters: Counters = { envSteps: run.envSteps, updates, beta1Power, beta2Power, couplingStart };
      return saveLearner(learner, iteration, reference, labelSource.save(), counters, pool.vocabulary);
    };
    const save = (learned: ReturnType<typeof saveLearner>, scheduled = true): void => {
      saved = learned.iteration;
      chain = links.addLink(learned, scheduled);
      record?.checkpoint({ ...learned, chain });
    };
    const recordMetrics = (iteration: number, metrics: Metrics): void => {
      links.addMetrics({ iteration, ...metrics });
      record?.metrics(iteration, metrics);
    };
    if (checkpoint) {
      const counters = restoreLearner(learner, checkpoint, reference, labelSource);
      requireWhole(checkpoint);
      first = checkpoint.iteration;
      run.envSteps = counters.envSteps;
      couplingStart = counters.couplingStart;
    } else {
      if (demonstrations) {
        const onUpdate = (done: number): void => reportProgress(run, 'cold start', done, config.coldStartUpdates);
        await cloneDemonstrations(spread, learner, demonstrations, config, adamwSettings(config), onUpdate, signal);
      }
      if (reference) arena.copy(reference, policy.weights, network.vectorSize * 4);
      const { measured, metrics } = await judge(run);
      couplingStart = couplingSummary(measured);
      if (measured) record?.coupling('coupling-start', 0, measured);
      recordMetrics(0, { envSteps: 0, updates: 0, ...metrics });
      save(learnedUntil(0));
    }
    if (reference) network.prepare(reference);
    let judged: Awaited<ReturnType<typeof judge>> | null = null;
    const shown = demonstrations && withLabelNoise(demonstrations, config);
    const context = {
      ...{ config, environments, games, spread, labelSource, reference, surgeon, signal },
      demonstrations: shown,
    };
    let spent: Rollout | null = null;
    let episodes = episodesOf(context, first + 1);
    const until = Math.min(bound.until, config.iterations);
    for (let iteration = first + 1; iteration <= until; iteration++) {
      try {
        const rollout: Rollout = await spread.collect(episodes, spent).catch((error: unknown) => {
          // Ctrl-C, a failing environment or a dead worker: all is still as the iteration before left it.
          if (saved !== iteration - 1) save(learnedUntil(iteration - 1), false);
          throw error;
        });
        const last = iteration === config.iterations;
        const judges = last || dueAt(config.evalEvery, iteration) || dueAt(config.couplingEvery, iteration);
        episodes = episodesOf(context, iteration + 1);
        // Learning cannot be undone, and an iteration is not whole before it is judged.
        const before = judges && signal && saved !== iteration - 1 ? learnedUntil(iteration - 1) : null;
        const collectsNext = !judges && iteration < until;
        const metrics = await learnFrom(rollout, learner, context, iteration, collectsNext ? episodes : null).catch(
          (error: unknown) => {
            // Only labels without a memory end on an abort: all is still as the iteration before left it.
            if (signal?.aborted && error === signal.reason && saved !== iteration - 1) {
              save(before ?? learnedUntil(iteration - 1), false);
            }
            throw error;
          },
        );
        spent = rollout;
        run.envSteps += rollout.states.states + (metrics['labels/env_steps'] ?? 0);
        run.success = metrics['charts/success'];
        const line: Metrics = { envSteps: run.envSteps, updates: learner.updates, ...metrics };
        try {
          if (last) {
            judged = await judge(run);
            Object.assign(line, judged.metrics);
          } else {
            if (dueAt(config.evalEvery, iteration)) Object.assign(line, successMetrics(await evaluateAll(run)));
            if (dueAt(config.couplingEvery, iteration))
              Object.assign(line, couplingMetrics(couplingSummary(await measureRun(run))));
          }
        } catch (error) {
          if (before) save(before, false);
          throw error;
        }
        recordMetrics(iteration, line);
        if (last || dueAt(config.checkpointEvery, iteration)) save(learnedUntil(iteration));
        else if (iteration === until || bound.extraCheckpoints.has(iteration)) save(learnedUntil(iteration), false);
        reportProgress(run, 'train', iteration, until);
        // One thread with an environment that answers at once would not hear of an abort.
        await turn();
      } catch (error) {
        throw signal?.aborted ? error : inIteration(iteration, error);
      }
    }
    if (until < config.iterations) return { chain, outcome: null };
    // A run resumed from its last checkpoint has everything but this.
    judged ??= await judge(run);
    if (judged.measured) record?.coupling('coupling-end', config.iterations, judged.measured);
    signal?.throwIfAborted();
    const outcome = {
      success: judged.success,
      coupling: { start: couplingStart, end: couplingSummary(judged.measured) },
      envSteps: run.envSteps,
      updates: learner.updates,
      parametersSha256: tensorsSha256(parameterTensors(policy)),
    };
    return { chain, outcome };
  } finally {
    begun?.spread.close();
    await pool.close();
  }
}

/**
 * Trains one policy and measures its success and coupling.
 *
 * The result depends on config and seed alone. An abort stops the run wherever it is but in what an iteration learns (labels with a memory and
 * updates), which is finished first; no thread begins anything of the next iteration. All whole iterations before it are then in a checkpoint,
 * except that there is none before the first evaluation has ended. The crew can be used for another run at once.
 *
 * @throws if the config does not fit the environment, the environment breaks its contract, a gradient is not finite, or on abort; the message
 *   begins with `iteration N: ` where one has begun, but for an abort
 */
export async function runTraining(config: Config, options: TrainOptions = {}): Promise<TrainOutcome> {
  const { chain, outcome } = await runBounded(config, options, {
    until: config.iterations,
    extraCheckpoints: new Set(),
  });
  if (outcome === null) throw new Error('runTraining: a run without a bound must have an outcome; report this');
  return { ...outcome, receipt: createReceipt(unbraidVersion, config, chain, outcome) };
}

/**
 * Trains one policy from a partial config (docs/configuration.md has every key) and gives its success by split, its coupling at the start and
 * the end, and the hash of its parameters.
 *
 * @throws if the config has an unknown key or a value out of range, an option is unknown or of another type, and as `runTraining` does
 */
export async function train(config: Partial<Config> = {}, options: TrainOptions = {}): Promise<TrainOutcome> {
  checkOptions('train', options, trainOptionTypes);
  return runTraining(resolveConfig(config), options);
}
