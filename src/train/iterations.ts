/** The iterations of a run: collect episodes, learn from them, evaluate, record. */

import type { Learner } from '../engine/learn/update.ts';
import type { Environment } from '../env/environment.ts';
import { yieldToEventLoop } from '../eventLoop.ts';
import type { Rollout } from '../rollout/rollout.ts';
import {
  episodesOf,
  type IterationContext,
  learnFrom,
  type Metrics,
  type PreparedUpdates,
  prepareUpdates,
} from './iteration.ts';
import {
  couplingMetrics,
  type Evaluated,
  evaluateAll,
  evaluateRun,
  measureRun,
  type Run,
  reportProgress,
  resultMetrics,
  stepMetrics,
} from './run.ts';
import type { RunLog } from './runLog.ts';

/** Where a run ends and which checkpoints it writes, where that differs from its config. */
export interface RunBound {
  /** Last iteration to train. */
  readonly until: number;
  /**
   * Iterations whose checkpoints are written although the config asks for none; the chain of the run leaves them out.
   */
  readonly extraCheckpoints: ReadonlySet<number>;
  /** Receives the updates of the iteration after `until`, which are prepared and not taken. */
  readonly onNext?: (next: NextUpdates) => void | Promise<void>;
}

/** The updates of an iteration that is not trained, with the policy before them. */
export interface NextUpdates extends Pick<PreparedUpdates, 'tasks' | 'prepared'> {
  readonly iteration: number;
  readonly rollout: Rollout;
  readonly learner: Learner;
  readonly environments: readonly Environment[];
}

function dueAt(every: number, iteration: number): boolean {
  return every > 0 && iteration % every === 0;
}

/** An error that states in which iteration it arose. */
function inIteration(iteration: number, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`iteration ${iteration}: ${reason}`, { cause });
}

/**
 * The results and coupling that an iteration measures; null where it is not the last one.
 *
 * @param stepFrom the weights before the updates of the iteration, if the spillover of its step is measured
 */
async function measureAfter(
  run: Run,
  iteration: number,
  line: Metrics,
  stepFrom: Float32Array | null,
): Promise<Evaluated | null> {
  const { evalEvery, couplingEvery, iterations } = run.config;
  if (stepFrom) Object.assign(line, await stepMetrics(run, stepFrom));
  if (iteration === iterations) {
    const evaluated = await evaluateRun(run);
    Object.assign(line, evaluated.metrics);
    return evaluated;
  }
  if (dueAt(evalEvery, iteration)) Object.assign(line, resultMetrics(run, await evaluateAll(run)));
  if (dueAt(couplingEvery, iteration)) Object.assign(line, couplingMetrics(await measureRun(run)));
  return null;
}

/**
 * Trains the iterations after `first` up to the bound.
 *
 * @returns what was measured after the last iteration of the config; null if that iteration is not among them
 * @throws with `iteration N: ` before the message; on abort the reason of the signal
 */
export async function trainIterations(
  run: Run,
  context: IterationContext,
  log: RunLog,
  first: number,
  bound: RunBound,
): Promise<Evaluated | null> {
  const { config, learner, spread, signal } = run;
  const { evalEvery, couplingEvery, checkpointEvery, diagnostics, iterations } = config;
  let reusable: Rollout | null = null;
  let episodes = episodesOf(context, first + 1);
  let evaluated: Evaluated | null = null;
  const until = Math.min(bound.until, iterations);

  const trainOne = async (iteration: number): Promise<void> => {
    const rollout: Rollout = await spread.collect(episodes, reusable).catch((error: unknown) => {
      // An abort, a failing environment or a failed worker: the parameters are those of the previous iteration.
      if (log.saved !== iteration - 1) log.save(log.learned(iteration - 1), false);
      throw error;
    });
    const last = iteration === iterations;
    const evaluates = last || dueAt(evalEvery, iteration) || dueAt(couplingEvery, iteration);
    episodes = episodesOf(context, iteration + 1);
    // The update overwrites the parameters. If the evaluation below is aborted, the run saves this copy.
    const before = evaluates && signal && log.saved !== iteration - 1 ? log.learned(iteration - 1) : null;
    const { arena, network, weights } = learner.policy;
    const measuresStep = diagnostics && run.bank !== null && (last || dueAt(couplingEvery, iteration));
    const stepFrom = measuresStep ? arena.read(weights, network.vectorSize) : null;
    const collectsNext = !evaluates && iteration < until;
    const metrics = await learnFrom(rollout, learner, context, iteration, collectsNext ? episodes : null).catch(
      (error: unknown) => {
        // Only label sources without a memory end on an abort, before the update: nothing has changed.
        if (signal?.aborted && error === signal.reason && log.saved !== iteration - 1) {
          log.save(before ?? log.learned(iteration - 1), false);
        }
        throw error;
      },
    );
    reusable = rollout;
    run.envSteps += rollout.states.states + (metrics['labels/env_steps'] ?? 0);
    run.success = metrics['charts/success'] ?? null;
    run.return = run.success === null ? metrics['charts/episodic_return'] : null;
    const line: Metrics = { envSteps: run.envSteps, updates: learner.updates, ...metrics };
    evaluated = await measureAfter(run, iteration, line, stepFrom).catch((error: unknown) => {
      if (before) log.save(before, false);
      throw error;
    });
    if (evaluates) context.track?.(iteration);
    log.metrics(iteration, line);
    if (last || dueAt(checkpointEvery, iteration)) log.save(log.learned(iteration));
    else if (iteration === until || bound.extraCheckpoints.has(iteration)) log.save(log.learned(iteration), false);
    reportProgress(run, 'train', iteration, until);
    // With one thread and a synchronous environment the signal would otherwise never be delivered.
    await yieldToEventLoop();
    if (iteration < until) spread.renewKernels(until - iteration);
  };

  for (let iteration = first + 1; iteration <= until; iteration++) {
    await trainOne(iteration).catch((error: unknown) => {
      throw signal?.aborted ? error : inIteration(iteration, error);
    });
  }
  if (bound.onNext) {
    const { environments } = run;
    const rollout = await spread.collect(episodes, reusable);
    const { tasks, prepared } = await prepareUpdates(rollout, learner, context, until + 1);
    await bound.onNext({ iteration: until + 1, rollout, learner, environments, tasks, prepared });
  }
  return evaluated;
}
