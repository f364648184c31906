/**
 * The worker that trains one run. A pause is an abort, after which training resumes from the latest checkpoint: the
 * result is the same to the last bit, and no shared memory is needed for it.
 */
import { expose, type ProxyMarked, transfer } from 'comlink';
import { zipSync } from 'fflate';
import { type Config, type MeasuredCoupling, type Metrics, type Progress, type TrainOutcome, train } from 'unbraid';
import { type Checkpoint, packCheckpoint, type RunRecorder, recordRun, unpackCheckpoint } from 'unbraid/record';
import { type Crew, openCrew, spawnWorker } from 'unbraid/workers';
import { holdLife } from './alive.ts';

/** A line of metrics with its iteration. */
export type MetricsLine = Metrics & { readonly iteration: number };

/** A checkpoint as its files. */
export type PackedCheckpoint = ReadonlyMap<string, Uint8Array>;

/** What a page keeps of a run, so that another worker can resume it after this one has ended. */
export interface Kept {
  readonly metrics: readonly MetricsLine[];
  /** The first checkpoint and the latest. */
  readonly checkpoints: readonly PackedCheckpoint[];
  readonly couplingStart: MeasuredCoupling | null;
}

/** How many threads train, and why. */
export interface Threads {
  readonly size: number;
  readonly reason: string;
}

/** What a page follows while a run is trained. */
export interface Listener {
  onProgress(progress: Progress): void;
  onMetrics(line: MetricsLine): void;
  onCheckpoint(iteration: number, files: PackedCheckpoint): void;
  onCouplingStart(measured: MeasuredCoupling): void;
  onThreads(threads: Threads): void;
}

/** The policy of an iteration, as the port of `connect` carries it. */
export interface PolicyMessage {
  readonly iteration: number;
  readonly parameters: Checkpoint['parameters'];
}

/** The end of a run, as plain data. */
export type Ended = Pick<TrainOutcome, 'success' | 'parametersSha256'>;

export interface TrainWorker {
  /** @param life name of the lock that this worker holds while it exists */
  open(
    config: Partial<Config>,
    threads: number,
    life: string,
    kept: Kept,
    listener: Listener & ProxyMarked,
  ): Promise<void>;
  /** Sends a `PolicyMessage` of the latest checkpoint, and of each one that follows, through this port. */
  connect(policies: MessagePort): void;
  /**
   * Trains on from where the run stands, to its end or for one iteration.
   *
   * @returns null where it was paused
   */
  run(oneIteration: boolean): Promise<Ended | null>;
  pause(): void;
  /** The run's folder as a zip. @param folder its name in the zip */
  files(folder: string): Uint8Array;
}

/** Milliseconds between two reports of progress. */
const reportEvery = 100;

interface Open {
  readonly config: Partial<Config>;
  readonly recorder: RunRecorder;
  readonly crew: Crew;
  readonly listener: Listener;
}

let opened: Open | null = null;
let checkpoint: Checkpoint | null = null;
let policies: MessagePort | null = null;
let outcome: TrainOutcome | null = null;
let pausing: AbortController | null = null;
let wallMs = 0;
let reported = Number.NEGATIVE_INFINITY;
/** Calls of the listener that the page has not answered yet. They and the answer of `run` take different ports. */
const unanswered = new Set<unknown>();

function current(): Open {
  if (!opened) throw new Error('run: open a run first');
  return opened;
}

const pause = (): void => pausing?.abort(new DOMException('paused', 'AbortError'));

/** Puts what an earlier worker produced into the recorder. */
function restore({ hooks }: RunRecorder, { metrics, checkpoints, couplingStart }: Kept): void {
  for (const files of checkpoints) {
    checkpoint = unpackCheckpoint(files, 'the kept checkpoint', 'press Start again');
    hooks.onCheckpoint(checkpoint);
  }
  const reached = checkpoint?.iteration ?? -1;
  for (const { iteration, ...line } of metrics) if (iteration <= reached) hooks.onMetrics(iteration, line);
  if (couplingStart) hooks.onCoupling('coupling-start', 0, couplingStart);
}

/** Keeps a call of the listener until it is answered. */
function keep(call: unknown): void {
  unanswered.add(call);
  void Promise.resolve(call).finally(() => unanswered.delete(call));
}

function onProgress(progress: Progress): void {
  const now = performance.now();
  if (now - reported < reportEvery) return;
  reported = now;
  keep(current().listener.onProgress(progress));
}

function sendPolicy(): void {
  if (!checkpoint || !policies) return;
  const { iteration, parameters } = checkpoint;
  policies.postMessage({ iteration, parameters } satisfies PolicyMessage);
}

function onCheckpoint(saved: Checkpoint): void {
  const { recorder, listener } = current();
  checkpoint = saved;
  recorder.hooks.onCheckpoint(saved);
  sendPolicy();
  const files = packCheckpoint(saved);
  // A file can be a view of a part of its buffer, which then cannot be handed over alone.
  const buffers = [...files.values()].filter((bytes) => bytes.byteLength === bytes.buffer.byteLength);
  keep(listener.onCheckpoint(saved.iteration, transfer(files, [...new Set(buffers.map((bytes) => bytes.buffer))])));
}

const api: TrainWorker = {
  async open(config, threads, life, kept, listener) {
    await holdLife(life);
    const recorder = recordRun(config);
    restore(recorder, kept);
    opened = { config, recorder, listener, crew: await openCrew(spawnWorker, threads, { config }) };
  },
  connect(port) {
    policies = port;
    sendPolicy();
  },
  async run(oneIteration) {
    const { config, recorder, crew, listener } = current();
    const { hooks } = recorder;
    pausing = new AbortController();
    const start = performance.now();
    try {
      outcome = await train(config, {
        crew,
        ...(checkpoint && { checkpoint }),
        signal: pausing.signal,
        onProgress,
        onCoupling(name, iteration, measured) {
          hooks.onCoupling(name, iteration, measured);
          if (name === 'coupling-start') keep(listener.onCouplingStart(measured));
        },
        onMetrics(iteration, line) {
          hooks.onMetrics(iteration, line);
          keep(listener.onMetrics({ iteration, ...line }));
          keep(listener.onThreads({ size: crew.size, reason: crew.reason }));
          // The last iteration ends the run by itself.
          if (oneIteration && iteration > 0 && iteration !== config.iterations) pause();
        },
        onCheckpoint,
      });
      const { success, parametersSha256 } = outcome;
      return { success, parametersSha256 };
    } catch (error) {
      if (pausing.signal.aborted) return null;
      throw error;
    } finally {
      wallMs += performance.now() - start;
      pausing = null;
      // The page shows a run as paused or ended only after all that it reported.
      await Promise.all(unanswered);
    }
  },
  pause,
  files(folder) {
    const files = [...current().recorder.files(outcome, Math.round(wallMs))];
    const zip = zipSync(Object.fromEntries(files.map(([path, bytes]) => [`${folder}/${path}`, bytes])), { level: 6 });
    return transfer(zip, [zip.buffer]);
  },
};

expose(api);
