/** Trains the runs of a comparison, several at the same time. */

import type { Config } from '../../config/config.ts';
import type { Crew } from '../../parallel/crew.ts';
import { type JobRunner, runJobs } from '../../study/runJobs.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import type { ProgressBoard } from '../shared/progress.ts';
import type { Train } from '../train/command.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import type { Trainer } from './threadTrainer.ts';
import { openTimeBudget } from './timeBudget.ts';

export interface PlannedRun {
  readonly name: string;
  readonly config: Config;
  readonly directory: string;
  /** Programs that may be started for the environment. */
  readonly programs: Programs;
  /**
   * The part of the run in its folder; `part` is the iteration of the checkpoint from which it resumes, 0 if there is
   * none yet.
   */
  readonly kept: 'nothing' | 'all' | { readonly part: number };
}

export interface ComparisonTools {
  /** Trains a run in this thread, with a worker pool. */
  readonly train: Train;
  /** Opens a trainer in another thread, which uses `threads` threads for each run and the kernels that are chosen. */
  readonly openTrainer: (threads: number, kernels: CommandKernels) => Trainer;
  readonly shell: Pick<CommandShell, 'signal' | 'kernels' | 'note' | 'progressOfMany' | 'withCrew'>;
  /** Threads for all runs together. */
  readonly workers: number;
  /** A clock in ms. */
  readonly now: () => number;
}

/** Iterations of a run that are finished when it begins or resumes. */
function behind({ kept }: PlannedRun): number {
  return typeof kept === 'object' ? kept.part : 0;
}

/** Trains one run, or resumes it from its checkpoint. */
async function trainRun(
  { name, config, directory, programs, kept }: PlannedRun,
  trainer: Trainer,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await trainer.train(config, { directory, resume: typeof kept === 'object', programs, onProgress, signal });
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Shows the progress of each run, and of all together in iterations if there are several. */
function openDisplays(board: ProgressBoard, runs: readonly PlannedRun[]) {
  const all = runs.length > 1 ? board.open('all runs') : null;
  const wanted = new Map(runs.map((run) => [run, run.config.iterations - behind(run)]));
  const done = new Map<PlannedRun, number>();
  const sum = (counts: ReadonlyMap<PlannedRun, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  const count = (run: PlannedRun, iterations: number): void => {
    done.set(run, iterations);
    all?.update({ phase: 'train', done: sum(done), total: sum(wanted), envSteps: 0, success: null });
  };
  return {
    open(run: PlannedRun) {
      const display = board.open(run.name);
      count(run, 0);
      return {
        onProgress(progress: Progress): void {
          display.update(progress);
          if (progress.phase === 'train') count(run, progress.done - behind(run));
        },
        close: display.close,
      };
    },
    /** Removes a run that does not begin from the total. */
    leave: (run: PlannedRun): unknown => wanted.delete(run),
  };
}

/** How a run ended; `left` if the time limit did not allow it to begin. */
type End = { readonly error: unknown } | 'left' | 'trained';

/**
 * Trains the runs in the order given, as many at the same time as there are workers. The workers are divided equally
 * among these runs. If a run fails, or on an abort, the others end between two steps and can be resumed.
 *
 * @param budgetMs time limit in ms: a further seed begins only if its runs are expected to end within it; null: no
 *   limit
 * @param onEnd called after each run that has succeeded
 * @throws after all runs have ended: the error of a run or of `onEnd`; on abort, the reason of the signal
 */
export async function trainRuns(
  runs: readonly PlannedRun[],
  budgetMs: number | null,
  { train, openTrainer, shell, workers, now }: ComparisonTools,
  onEnd: (run: PlannedRun) => void,
): Promise<void> {
  if (runs.length === 0) return;
  const concurrent = Math.min(workers, runs.length);
  const withTrainers = (open: () => Trainer): Promise<unknown> =>
    shell.progressOfMany((board) => {
      const displays = openDisplays(board, runs);
      const budget = openTimeBudget(budgetMs, concurrent, now);
      const runOnce = async (run: PlannedRun, trainer: Trainer, signal: AbortSignal): Promise<End> => {
        if (!budget.begin(run.config.seed, run.name)) {
          displays.leave(run);
          return 'left';
        }
        const display = displays.open(run);
        try {
          await trainRun(run, trainer, display.onProgress, signal);
          return 'trained';
        } catch (error) {
          return { error };
        } finally {
          budget.end(run.name);
          display.close();
        }
      };
      const openRunner = (): JobRunner<PlannedRun, End> => {
        const trainer = open();
        const ending = new AbortController();
        let newest: Promise<unknown> = Promise.resolve();
        return {
          run(run) {
            const end = runOnce(run, trainer, ending.signal);
            newest = end;
            return end;
          },
          close() {
            ending.abort();
            void newest.then(trainer.close);
          },
        };
      };
      const keep = (run: PlannedRun, end: End): void => {
        if (typeof end === 'object') throw end.error;
        if (end === 'trained') onEnd(run);
      };
      return runJobs(runs, { workers: concurrent, openRunner, keep, signal: shell.signal });
    });
  if (concurrent === 1) {
    const here = (crew: Crew): Trainer => ({ train: (config, how) => train(config, { ...how, crew }), close() {} });
    await shell.withCrew(workers, (crew) => withTrainers(() => here(crew)));
    return;
  }
  const threads = Math.floor(workers / concurrent);
  shell.note(`${concurrent} runs at the same time, ${threads === 1 ? '1 thread' : `${threads} threads`} each`);
  await withTrainers(() => openTrainer(threads, shell.kernels));
}
