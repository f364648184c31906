/**
 * The worker that trains one run. A pause is an abort, after which training resumes from the latest checkpoint: the
 * result is the same to the last bit, and no shared memory is needed for it.
 */
import { expose, transfer } from 'comlink';
import { zipSync } from 'fflate';
import {
  type Config,
  estimateSeconds,
  type Metrics,
  type Progress,
  resolveConfig,
  type TrainOutcome,
  train,
} from 'unbraid';
import { type Checkpoint, type RunRecorder, recordRun } from 'unbraid/record';
import { type Crew, openCrew, spawnWorker } from 'unbraid/workers';

/** What a page follows while a run is trained. */
export interface Listener {
  onProgress(progress: Progress): void;
  onMetrics(iteration: number, metrics: Metrics): void;
  /** The parameters after an iteration. */
  onPolicy(iteration: number, parameters: Checkpoint['parameters']): void;
}

/** The end of a run, as plain data. */
export type Ended = Pick<TrainOutcome, 'success' | 'parametersSha256'>;

export interface TrainWorker {
  /** Seconds that the run takes, roughly. */
  estimate(config: Partial<Config>, threads: number): number;
  open(config: Partial<Config>, threads: number): Promise<void>;
  /**
   * Trains on from where the run stands, to its end or for one iteration.
   *
   * @returns null where it was paused
   */
  run(listener: Listener, oneIteration: boolean): Promise<Ended | null>;
  pause(): void;
  /** The run's folder as a zip. */
  files(): Uint8Array;
}

let config: Partial<Config> = {};
let crew: Crew | null = null;
let recorder: RunRecorder | null = null;
let checkpoint: Checkpoint | null = null;
let outcome: TrainOutcome | null = null;
let pausing: AbortController | null = null;
let wallMs = 0;

const api: TrainWorker = {
  estimate(of, threads) {
    const resolved = resolveConfig(of);
    return estimateSeconds(resolved, resolved.iterations, threads);
  },
  async open(of, threads) {
    config = of;
    recorder = recordRun(of);
    crew = await openCrew(spawnWorker, threads);
  },
  async run(listener, oneIteration) {
    if (!recorder || !crew) throw new Error('run: open a run first');
    const { hooks } = recorder;
    pausing = new AbortController();
    const start = performance.now();
    try {
      outcome = await train(config, {
        crew,
        ...(checkpoint && { checkpoint }),
        signal: pausing.signal,
        onProgress: listener.onProgress,
        onCoupling: hooks.onCoupling,
        onMetrics(iteration, metrics) {
          hooks.onMetrics(iteration, metrics);
          listener.onMetrics(iteration, metrics);
          if (oneIteration && iteration > 0) pausing?.abort(new DOMException('paused', 'AbortError'));
        },
        onCheckpoint(saved) {
          checkpoint = saved;
          hooks.onCheckpoint(saved);
          listener.onPolicy(saved.iteration, saved.parameters);
        },
      });
      const { success, parametersSha256 } = outcome;
      return { success, parametersSha256 };
    } catch (error) {
      if (pausing.signal.aborted) return null;
      throw error;
    } finally {
      wallMs += performance.now() - start;
      pausing = null;
    }
  },
  pause() {
    pausing?.abort(new DOMException('paused', 'AbortError'));
  },
  files() {
    if (!recorder) throw new Error('files: open a run first');
    const zip = zipSync(Object.fromEntries(recorder.files(outcome, Math.round(wallMs))), { level: 6 });
    return transfer(zip, [zip.buffer]);
  },
};

expose(api);
