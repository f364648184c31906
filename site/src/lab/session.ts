/** One run in the lab: the worker that trains it, and what the page shows of it. */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { MeasuredCoupling, Progress } from 'unbraid';
import { watchLife } from './alive.ts';
import type { Frames } from './frames.ts';
import { configOf, type Settings } from './settings.ts';
import { silentSeconds, watchSilence } from './silence.ts';
import type { Ended, Kept, Listener, MetricsLine, PackedCheckpoint, Threads, TrainWorker } from './trainWorker.ts';
import { openWatcher, type Watcher } from './watcher.ts';

/** Iterations a second at most; 0: as fast as the machine can. */
export const speeds = [0, 4, 1] as const;
export type Speed = (typeof speeds)[number];

export interface Session {
  readonly settings: Settings;
  /** `broken`: the worker has ended; `run` resumes from the checkpoint that the page keeps. */
  readonly state: ReadonlySignal<'paused' | 'running' | 'ended' | 'broken'>;
  readonly problem: ReadonlySignal<string | null>;
  readonly progress: ReadonlySignal<Progress | null>;
  /** Lines of metrics, of iteration 0 first. */
  readonly metrics: ReadonlySignal<readonly MetricsLine[]>;
  readonly threads: ReadonlySignal<Threads | null>;
  readonly ended: ReadonlySignal<Ended | null>;
  /** Iteration of the kept checkpoint; -1: there is none yet. */
  readonly saved: ReadonlySignal<number>;
  /** Nothing was reported for some time, so a thread may have ended. */
  readonly isSilent: ReadonlySignal<boolean>;
  readonly watcher: Watcher;
  /** Iterations that are done, known in a hidden tab too. */
  done(): number;
  /** Trains on, to the end or for one iteration. */
  run(oneIteration: boolean): void;
  pause(): void;
  /** Ends a silent worker. Its run can be resumed from the kept checkpoint. */
  giveUp(): void;
  restartViews(): void;
  /** The run's folder as a zip. */
  files(folder: string): Promise<Uint8Array>;
  close(): void;
}

const nothing: Kept = { metrics: [], checkpoints: [], couplingStart: null };

let lives = 0;

/**
 * Nothing is trained before `run`.
 *
 * @param speed read before each iteration of a slow run
 * @param onDone called whenever `done` or the end of the run changes
 */
export function openSession(
  settings: Settings,
  threadCount: number,
  speed: ReadonlySignal<Speed>,
  frames: Frames,
  onDone: () => void,
): Session {
  const state = signal<'paused' | 'running' | 'ended' | 'broken'>('paused');
  const problem = signal<string | null>(null);
  const progress = signal<Progress | null>(null);
  const metrics = signal<readonly MetricsLine[]>([]);
  const threads = signal<Threads | null>(null);
  const ended = signal<Ended | null>(null);
  const saved = signal(-1);
  const config = configOf(settings);
  const watcher = openWatcher(config, frames);

  // What has happened, which can be more than what a hidden tab shows.
  let lines: readonly MetricsLine[] = [];
  let kept = nothing;
  let keptAt = -1;
  let wantsPause = false;
  let endWait: (() => void) | null = null;
  let closing = new AbortController();
  let train: Remote<TrainWorker> | null = null;

  function fail(error: unknown): void {
    if (closing.signal.aborted) return;
    closing.abort();
    train = null;
    const message = error instanceof Error ? error.message : String(error);
    frames.show(() => {
      state.value = 'broken';
      problem.value = message;
    });
  }

  const { isSilent, onReport, close: endSilence } = watchSilence(() => state.peek() === 'running');
  const listener: Listener = {
    onProgress(of) {
      onReport();
      frames.show(() => {
        progress.value = of;
      });
    },
    onMetrics(line) {
      onReport();
      lines = [...lines, line];
      const shown = lines;
      onDone();
      frames.show(() => {
        metrics.value = shown;
      });
    },
    onCheckpoint(iteration: number, files: PackedCheckpoint) {
      const first = kept.checkpoints.slice(0, iteration === 0 ? 0 : 1);
      kept = { ...kept, checkpoints: [...first, files] };
      keptAt = iteration;
      frames.show(() => {
        saved.value = iteration;
      });
    },
    onCouplingStart(measured: MeasuredCoupling) {
      kept = { ...kept, couplingStart: measured };
    },
    onThreads: (of) =>
      frames.show(() => {
        threads.value = of;
      }),
  };

  function link(): void {
    if (!train) return;
    const { port1, port2 } = new MessageChannel();
    watcher.connect(port2);
    train.connect(transfer(port1, [port1])).catch(fail);
  }

  /** Starts the worker, with what an earlier one has left. */
  function start(): Promise<Remote<TrainWorker>> {
    closing = new AbortController();
    const { signal: closed } = closing;
    const worker = new Worker(new URL('./trainWorker.ts', import.meta.url), {
      type: 'module',
      name: 'unbraid trainer',
    });
    const life = `unbraid trainer ${++lives}`;
    closed.addEventListener('abort', () => worker.terminate());
    worker.addEventListener('error', (event) => fail(new Error(event.message || 'its script could not be loaded')));
    const remote = wrap<TrainWorker>(worker);
    train = remote;
    lines = lines.filter(({ iteration }) => iteration <= keptAt);
    return remote.open(config, threadCount, life, { ...kept, metrics: lines }, proxy(listener)).then(() => {
      watchLife(life, closed, () =>
        fail(new Error('the browser ended the worker that trains, which may have run out of memory')),
      );
      link();
      return remote;
    });
  }

  let opened = start();
  opened.catch(fail);

  /** Trains on, slowly where that is wanted. */
  async function advance(remote: Remote<TrainWorker>, once: boolean): Promise<Ended | null> {
    for (;;) {
      const from = performance.now();
      const perSecond = speed.value;
      const outcome = await remote.run(once || perSecond > 0);
      if (outcome || once || wantsPause) return outcome;
      const rest = perSecond > 0 ? 1000 / perSecond - (performance.now() - from) : 0;
      if (rest > 0) {
        await new Promise<void>((resolve) => {
          endWait = resolve;
          setTimeout(resolve, rest);
        });
      }
      if (wantsPause) return null;
    }
  }

  function run(once: boolean): void {
    if (state.value === 'running' || state.value === 'ended') return;
    if (state.value === 'broken') {
      opened = start();
      opened.catch(fail);
    }
    wantsPause = false;
    batch(() => {
      problem.value = null;
      state.value = 'running';
      metrics.value = lines;
    });
    opened
      .then((remote) => advance(remote, once))
      .then((outcome) => {
        frames.show(() => {
          state.value = outcome ? 'ended' : 'paused';
          ended.value = outcome;
        });
        onDone();
      })
      .catch(fail);
  }

  // A run at full speed becomes slow at once, by a pause after which `advance` resumes it.
  const stopWatching = speed.subscribe((now) => {
    endWait?.();
    if (state.peek() === 'running' && now !== 0) train?.pause().catch(fail);
  });

  return {
    ...{ settings, state, problem, progress, metrics, threads, ended, saved, isSilent, watcher, run },
    done: () => lines.at(-1)?.iteration ?? 0,
    pause() {
      if (state.value !== 'running') return;
      wantsPause = true;
      endWait?.();
      train?.pause().catch(fail);
    },
    giveUp: () => fail(new Error(`it had reported nothing for ${silentSeconds} seconds`)),
    restartViews() {
      watcher.restart();
      link();
    },
    async files(folder) {
      if (state.value === 'broken') {
        // The worker is gone; another one packs what the page has kept.
        opened = start();
        await opened;
        batch(() => {
          problem.value = null;
          metrics.value = lines;
          state.value = 'paused';
        });
      }
      return (await opened).files(folder);
    },
    close() {
      stopWatching();
      endSilence();
      closing.abort();
      watcher.close();
    },
  };
}
