/** Trains the runs of a comparison side by side. */

import type { Config } from '../../config/config.ts';
import type { Crew } from '../../parallel/crew.ts';
import { type JobRunner, runJobs } from '../../study/runJobs.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import type { Frame } from '../shared/commandShell.ts';
import type { ProgressBoard } from '../shared/progress.ts';
import type { Train } from '../train/command.ts';
import { openPace } from './pace.ts';
import type { Trainer } from './threadTrainer.ts';

export interface PlannedRun {
  readonly name: string;
  readonly config: Config;
  readonly directory: string;
  /** Which programs may be started for the environment. */
  readonly programs: Programs;
  /**
   * What its folder holds of it, and in `part` the iteration of the checkpoint from which it goes on, 0 where there
   * is none yet.
   */
  readonly kept: 'nothing' | 'all' | { readonly part: number };
}

export interface ComparisonTools {
  /** Trains a run in this thread, with a crew. */
  readonly train: Train;
  /** A trainer in a thread of its own, with so many threads for each run. */
  readonly openTrainer: (threads: number) => Trainer;
  readonly frame: Pick<Frame, 'signal' | 'note' | 'progressOfMany' | 'withCrew'>;
  /** Threads for all runs together. */
  readonly workers: number;
  /** A clock in ms. */
  readonly now: () => number;
}

/** Iterations that a run has behind it when it begins or goes on. */
function behind({ kept }: PlannedRun): number {
  return typeof kept === 'object' ? kept.part : 0;
}

/** Trains one run, or goes on with it from its checkpoint. */
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

/** Shows each run, and all together in iterations where there are several. */
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
    /** A run that is not begun. */
    leave: (run: PlannedRun): unknown => wanted.delete(run),
  };
}

/** How a run ended; `left` where there was no time for it. */
type End = { readonly error: unknown } | 'left' | 'trained';

/**
 * Trains the runs, begun in the order given: as many at a time as there are workers, which share out the workers. The
 * first that fails, as an abort, ends the others between two steps, from where they can go on.
 *
 * @param budgetMs time in ms in which all runs of a further seed must be expected to end for it to begin; null begins
 *   all
 * @param onEnd called after each run that has ended well
 * @throws what a run or `onEnd` threw; the signal's reason on abort. All runs have ended then.
 */
export async function trainRuns(
  runs: readonly PlannedRun[],
  budgetMs: number | null,
  { train, openTrainer, frame, workers, now }: ComparisonTools,
  onEnd: (run: PlannedRun) => void,
): Promise<void> {
  if (runs.length === 0) return;
  const lanes = Math.min(workers, runs.length);
  const withTrainers = (open: () => Trainer): Promise<unknown> =>
    frame.progressOfMany((board) => {
      const displays = openDisplays(board, runs);
      const pace = openPace(budgetMs, lanes, now);
      const runOnce = async (run: PlannedRun, trainer: Trainer, signal: AbortSignal): Promise<End> => {
        if (!pace.begin(run.config.seed, run.name)) {
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
          pace.end(run.name);
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
      return runJobs(runs, { workers: lanes, openRunner, keep, signal: frame.signal });
    });
  if (lanes === 1) {
    const here = (crew: Crew): Trainer => ({ train: (config, how) => train(config, { ...how, crew }), close() {} });
    await frame.withCrew(workers, (crew) => withTrainers(() => here(crew)));
    return;
  }
  const threads = Math.floor(workers / lanes);
  frame.note(`${lanes} runs at a time, ${threads === 1 ? '1 thread' : `${threads} threads`} each`);
  await withTrainers(() => openTrainer(threads));
}
