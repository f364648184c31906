/** Trains a run in any runtime. Records, clocks and processes are the caller's. */

import { checkOptions } from '../check/values.ts';
import { type Config, recordedConfig } from '../config/config.ts';
import { type CouplingSummary, couplingSummary } from '../coupling/measure.ts';
import { completeLabelSource } from '../credit/labels/custom.ts';
import { type LabelSource, type LabelTools, labelSourceOn } from '../credit/labels/labels.ts';
import type { Width } from '../engine/kernels/load.ts';
import type { ModuleSource } from '../engine/kernels/moduleFrom.ts';
import { parameterTensors } from '../engine/policy/parameters.ts';
import { actionKey } from '../engine/policy/policy.ts';
import type { OpenBridge } from '../env/outside.ts';
import { openEnvironments } from '../env/registry.ts';
import { pauses, runWithPauses } from '../eventLoop.ts';
import { type Crew, soloCrew } from '../parallel/crew.ts';
import { wideKernels } from '../parallel/kernelChoices.ts';
import type { Chain } from '../record/chain.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import type { JsonRecord } from '../record/json.ts';
import { createReceipt, type Receipt } from '../record/receipt.ts';
import { tensorsSha256 } from '../record/sha256.ts';
import { branch, requireCopies } from '../rollout/branch.ts';
import { unbraidVersion } from '../version.ts';
import { type Counters, restoreLearner } from './checkpointing.ts';
import { createChurn } from './churn.ts';
import { cloneDemonstrations, type Demonstrations, demonstrate, withLabelNoise } from './coldStart.ts';
import { createCritic } from './critic.ts';
import {
  type CustomOptions,
  type CustomParts,
  configWith,
  loadParts,
  noParts,
  requireParts,
  suppliesParts,
} from './custom.ts';
import { createDecoupler } from './decouple.ts';
import { createExperience, type Experience } from './experience.ts';
import { type RunBound, trainIterations } from './iterations.ts';
import { createNormalizers } from './normalizers.ts';
import {
  couplingMetrics,
  type Evaluated,
  evaluateRun,
  measureRun,
  type RandomResults,
  type ReturnBySplit,
  type Run,
  type RunParts,
  randomMetrics,
  randomResults,
  reportProgress,
  type SuccessBySplit,
  startProgress,
  startRun,
} from './run.ts';
import { type LoggedParts, openRunLog, type TrainHooks } from './runLog.ts';
import { chainHead, requireSameStart, requireWhole } from './start.ts';
import { createSurgeon } from './surgery.ts';
import { adamwSettings } from './takeUpdates.ts';
import { collectTrackedStates, trackedProbabilities } from './trackedStates.ts';

/** What a run ends with. */
export interface TrainOutcome {
  readonly success: SuccessBySplit;
  /** Over the `evalEpisodes` episodes of each split from which `success` comes. */
  readonly return: ReturnBySplit;
  readonly coupling: { readonly start: CouplingSummary; readonly end: CouplingSummary };
  readonly envSteps: number;
  readonly updates: number;
  /** SHA-256 of the parameters' names, shapes and bits. */
  readonly parametersSha256: string;
  /** Present if `randomEpisodes` is above 0: the results of uniformly random actions. */
  readonly random?: RandomResults;
  /** The chain of hashes from config to outcome, which `replay` computes again. */
  readonly receipt: Receipt;
  /** The build of the kernels at the end of the run. Everything above is bitwise identical for both. */
  readonly build: Width;
  /** The reason for `build`, as text. */
  readonly buildReason: string;
}

/** Options of `train`: parts of the user's own, hooks, and how the run is computed. */
export interface TrainOptions extends CustomOptions, TrainHooks {
  /** Resumes from this checkpoint. The result is bitwise identical to that of an uninterrupted run. */
  readonly checkpoint?: Checkpoint;
  /** @internal */
  readonly openBridge?: OpenBridge;
  /**
   * A pool of worker threads that share the work; without it the calling thread does all. The result is bitwise
   * identical.
   */
  readonly crew?: Crew;
  /**
   * For a run without a crew: `unbraid.wasm`, compiled, or its URL, if it is not beside the engine's code. A crew has
   * its own.
   */
  readonly module?: ModuleSource;
  /**
   * For a run without a crew: requests the wide build, which is faster where the runtime merges vector operations, and
   * bitwise identical: Node 24 and newer on x64. The outcome states which build the run had and why. The build is
   * checked against stored hashes first, which blocks the thread for some 200 ms. Not with `module`.
   */
  readonly wide?: boolean;
  readonly signal?: AbortSignal;
  /**
   * Called once, before the first update and evaluation: a profiler wraps the methods of the parts. They must return
   * the same values.
   *
   * @internal
   */
  readonly onParts?: (parts: RunParts) => void;
}

/** A run up to its bound. */
export interface BoundedRun {
  readonly chain: Chain;
  /** null where the bound comes before the last iteration. */
  readonly outcome: Omit<TrainOutcome, 'receipt'> | null;
}
/** The type of each option; a key that is missing here does not compile. */
export const trainOptionTypes = {
  environment: 'part',
  policy: 'part',
  labelSource: 'part',
  onMetrics: 'function',
  onCheckpoint: 'function',
  onCoupling: 'function',
  onActionProbabilities: 'function',
  checkpoint: 'object',
  openBridge: 'function',
  crew: 'object',
  module: 'module',
  wide: 'boolean',
  onProgress: 'function',
  signal: 'object',
  onParts: 'function',
} as const satisfies Record<keyof TrainOptions, string>;

/** What label sources use of a run: copies of its environment to try actions on, and a critic. */
function labelTools({ config, learner, environments, signal }: Run, parts: CustomParts): LabelTools {
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
      const critic = createCritic(policy.arena, first.spec, config, parts.policy?.make);
      // An abort does not stop the critic: its update cannot be undone.
      return { ...critic, learn: (rollout) => runWithPauses(critic.learning(rollout), pauses()) };
    },
  };
}

function labelSourceOf(run: Run, parts: CustomParts, experience: Experience | null): LabelSource {
  const { config } = run;
  if (parts.labelSource) return completeLabelSource(parts.labelSource.make(config), config);
  return labelSourceOn(config, labelTools(run, parts), experience?.graphs);
}

/** Restores the learner from a checkpoint; returns its counters. */
function resume(
  run: Run,
  checkpoint: Checkpoint,
  parts: Pick<LoggedParts, 'reference' | 'labelSource' | 'normalizers' | 'experience'>,
): Counters {
  const { reference, labelSource, normalizers, experience } = parts;
  const counters = restoreLearner(run.learner, checkpoint, reference, labelSource, normalizers, experience);
  requireWhole(checkpoint);
  run.envSteps = counters.envSteps;
  return counters;
}

/**
 * The policy before the first update: cloned from demonstrations if there are any, and copied as the reference policy.
 */
async function beginLearning(run: Run, demonstrations: Demonstrations | null, reference: number): Promise<void> {
  const { config, learner, spread, signal } = run;
  const { arena, network, weights } = learner.policy;
  if (demonstrations) {
    const onUpdate = (done: number): void => reportProgress(run, 'cold start', done, config.coldStartUpdates);
    await cloneDemonstrations(spread, learner, demonstrations, config, adamwSettings(config), onUpdate, signal);
  }
  if (reference) arena.copy(reference, weights, network.vectorSize * 4);
}

/** Returns what records the probabilities of the tracked states; null without `diagnostics`. */
async function openTracking(
  { config, learner, environments, signal }: Run,
  onActionProbabilities: NonNullable<TrainHooks['onActionProbabilities']>,
): Promise<((iteration: number) => void) | null> {
  if (!config.diagnostics) return null;
  const tracked = await collectTrackedStates(environments[0], config, signal);
  return (iteration) => {
    const probabilities = trackedProbabilities(learner.policy, tracked, config.temperature);
    onActionProbabilities(iteration, tracked.states, probabilities);
  };
}

/** The coupling before the first iteration of a run that is evaluated later. */
async function measureAtStart(run: Run): Promise<Pick<Evaluated, 'measured' | 'metrics'>> {
  const measured = await measureRun(run);
  return { measured, metrics: couplingMetrics(measured) };
}

/** Trains a run that has been set up. */
async function trainRun(
  run: Run,
  options: TrainOptions,
  bound: RunBound,
  parts: CustomParts,
  vocabulary: JsonRecord | null,
): Promise<BoundedRun> {
  const { checkpoint, signal, onCoupling, onActionProbabilities } = options;
  const { config, learner, environments, games, spread } = run;
  const { arena, network } = learner.policy;
  const { spec } = environments[0];
  const head = chainHead(config, spec, vocabulary, spread.crew.arithmetic, parts);
  if (checkpoint) requireSameStart(checkpoint.chain.head, head);
  const experience = createExperience(config);
  const labelSource = labelSourceOf(run, parts, experience);
  const surgeon = createSurgeon(config, learner, environments[0], games);
  const decoupler = createDecoupler(config, arena, spread.gramTotals);
  const churn = createChurn(config, learner.policy);
  options.onParts?.({ learner, environments, spread, labelSource });
  const demonstrations =
    config.coldStart > 0 && spec.hasExpert
      ? await demonstrate(environments[0], games, config, signal, (done) =>
          reportProgress(run, 'demonstrations', done, config.coldStart),
        )
      : null;
  const track = onActionProbabilities ? await openTracking(run, onActionProbabilities) : null;
  let random: RandomResults | null = null;
  const reference = config.beta > 0 ? arena.floats(network.vectorSize) : 0;
  let couplingStart: CouplingSummary;
  const normalizers = createNormalizers(config, spec);
  const logged = {
    ...{ run, labelSource, normalizers, experience, reference, vocabulary },
    couplingStart: () => couplingStart,
  };
  const log = openRunLog(logged, head, checkpoint, options);
  if (checkpoint) couplingStart = resume(run, checkpoint, logged).couplingStart;
  else {
    random = await randomResults(run);
    await beginLearning(run, demonstrations, reference);
    const { measured, metrics } = config.evalAtStart ? await evaluateRun(run) : await measureAtStart(run);
    couplingStart = couplingSummary(measured);
    if (measured) onCoupling?.('coupling-start', 0, measured);
    track?.(0);
    log.metrics(0, { envSteps: 0, updates: 0, ...metrics, ...(random && randomMetrics(run, random)) });
    log.save(log.learned(0));
  }
  if (reference) network.prepare(reference);
  const context = {
    ...{ config, environments, games, spread, labelSource, experience, reference },
    ...{ normalizers, surgeon, decoupler, churn, track, signal },
    demonstrations: demonstrations && withLabelNoise(demonstrations, config),
  };
  const trained = await trainIterations(run, context, log, checkpoint?.iteration ?? 0, bound);
  if (bound.until < config.iterations) return { chain: log.chain, outcome: null };
  // A run that resumes from the checkpoint of its last iteration trains nothing, but still needs its outcome.
  const { success, return: returns, measured } = trained ?? (await evaluateRun(run));
  if (measured) onCoupling?.('coupling-end', config.iterations, measured);
  // A resumed run plays the same episodes again.
  random ??= await randomResults(run);
  signal?.throwIfAborted();
  const outcome = {
    success,
    return: returns,
    ...(random && { random }),
    coupling: { start: couplingStart, end: couplingSummary(measured) },
    envSteps: run.envSteps,
    updates: learner.updates,
    parametersSha256: tensorsSha256(parameterTensors(learner.policy)),
    build: spread.crew.build,
    buildReason: spread.crew.buildReason,
  };
  return { chain: log.chain, outcome };
}

/**
 * Trains one policy up to `bound.until`. The bound is part of the loop: the parameters, checkpoints and metrics up to
 * there are those of the whole run. A checkpoint of iteration `bound.until` is written even if the config asks for none
 * there.
 *
 * @param loaded the parts that `options` supplies, where they are loaded already
 * @throws as `runTraining` does
 */
export async function runBounded(
  config: Config,
  options: TrainOptions,
  bound: RunBound,
  loaded: CustomParts | null = null,
): Promise<BoundedRun> {
  const { checkpoint, signal, onProgress } = options;
  signal?.throwIfAborted();
  if (options.crew && options.module) {
    throw new Error('train: module must not be given beside a crew, got both; give it to openCrew as modules');
  }
  if (options.wide && (options.crew || options.module)) {
    const other = options.crew ? 'a crew' : 'module';
    const advice = options.crew ? 'give wide to openCrew' : 'drop one of them';
    throw new Error(`train: wide must not be given beside ${other}, got both; ${advice}`);
  }
  const parts = loaded ?? (suppliesParts(options) ? await loadParts(options) : noParts);
  signal?.throwIfAborted();
  requireParts(config, parts);
  const total = config.vocabularyEpisodes;
  const progress = { phase: 'vocabulary', total, envSteps: 0, success: null } as const;
  onProgress?.({ ...progress, done: 0 });
  const pool = await openEnvironments(config, options.openBridge ?? null, checkpoint?.tokenizer ?? null, {
    signal,
    makeEnvironment: parts.environment?.make ?? null,
    onStart: (report) => onProgress?.(startProgress(report)),
    onVocabulary: (done) => onProgress?.({ ...progress, done }),
    onNotes: (notes) => onProgress?.({ ...progress, done: total, notes }),
  });
  let run: Run | null = null;
  try {
    const modules = options.module ? { single: options.module } : {};
    const crew = options.crew ?? soloCrew('one thread', modules, options.wide ? wideKernels() : undefined);
    run = await startRun(config, pool, parts, crew, onProgress, signal);
    return await trainRun(run, options, bound, parts, pool.vocabulary);
  } finally {
    run?.spread.close();
    await pool.close();
  }
}

/**
 * Trains one policy and measures its success and coupling.
 *
 * The result depends on config and seed alone. An abort stops the run wherever it is but in what an iteration learns
 * (labels with a memory and updates), which is finished first; no thread begins anything of the next iteration. All
 * whole iterations before it are then in a checkpoint, except that there is none before the first evaluation has ended.
 * The crew can be used for another run at once.
 *
 * @throws if the config does not fit the environment, the environment breaks its contract, a gradient is not finite, or
 *   on abort; the message begins with `iteration N: ` where one has begun, but for an abort
 */
export async function runTraining(
  config: Config,
  options: TrainOptions = {},
  loaded: CustomParts | null = null,
): Promise<TrainOutcome> {
  const bound = { until: config.iterations, extraCheckpoints: new Set<number>() };
  const { chain, outcome } = await runBounded(config, options, bound, loaded);
  if (outcome === null) throw new Error('runTraining: a run without a bound must have an outcome; report this');
  return { ...outcome, receipt: createReceipt(unbraidVersion, recordedConfig(config), chain, outcome) };
}

/**
 * Trains one policy from a partial config (docs/configuration.md has every key) and gives its success by split, its
 * coupling at the start and the end, and the hash of its parameters.
 *
 * @throws if the config has an unknown key or a value out of range, an option is unknown or of another type, and as
 *   `runTraining` does
 */
export async function train(config: Partial<Config> = {}, options: TrainOptions = {}): Promise<TrainOutcome> {
  checkOptions('train', options, trainOptionTypes);
  const parts = suppliesParts(options) ? await loadParts(options) : noParts;
  return runTraining(configWith(config, parts), options, parts);
}
