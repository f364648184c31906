/** One run in the lab: its workers, and what the page shows of it. */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { proxy, type Remote, wrap } from 'comlink';
import type { Metrics, Progress } from 'unbraid';
import type { Checkpoint } from 'unbraid/record';
import { configOf, type Settings } from './settings.ts';
import type { Ended, TrainWorker } from './trainWorker.ts';
import type { PlayedStep, PolicyView, ViewWorker } from './viewWorker.ts';

export interface Session {
  readonly settings: Settings;
  readonly state: ReadonlySignal<'paused' | 'running' | 'ended' | 'broken'>;
  readonly problem: ReadonlySignal<string | null>;
  readonly progress: ReadonlySignal<Progress | null>;
  /** Lines of metrics, of iteration 0 first. */
  readonly metrics: ReadonlySignal<readonly Metrics[]>;
  /** Iterations that are done. */
  readonly iteration: ReadonlySignal<number>;
  readonly view: ReadonlySignal<{ readonly iteration: number; readonly of: PolicyView } | null>;
  readonly episode: ReadonlySignal<readonly PlayedStep[] | null>;
  readonly ended: ReadonlySignal<Ended | null>;
  run(oneIteration: boolean): void;
  pause(): void;
  /** Plays a game with the latest policy. */
  play(game: number): void;
  /** The run's folder as a zip. */
  files(): Promise<Uint8Array>;
  close(): void;
}

/** Starts the workers of a run. Nothing is trained before `run`. */
export function openSession(settings: Settings, threads: number): Session {
  const state = signal<'paused' | 'running' | 'ended' | 'broken'>('paused');
  const problem = signal<string | null>(null);
  const progress = signal<Progress | null>(null);
  const metrics = signal<readonly Metrics[]>([]);
  const iteration = signal(0);
  const view = signal<{ readonly iteration: number; readonly of: PolicyView } | null>(null);
  const episode = signal<readonly PlayedStep[] | null>(null);
  const ended = signal<Ended | null>(null);
  const trainer = new Worker(new URL('./trainWorker.ts', import.meta.url), { type: 'module' });
  const viewer = new Worker(new URL('./viewWorker.ts', import.meta.url), { type: 'module' });
  const train: Remote<TrainWorker> = wrap<TrainWorker>(trainer);
  const views: Remote<ViewWorker> = wrap<ViewWorker>(viewer);
  const config = configOf(settings);

  function fail(error: unknown): void {
    batch(() => {
      state.value = 'broken';
      problem.value = `${error instanceof Error ? error.message : String(error)}. Press Start anew to begin again.`;
    });
    trainer.terminate();
    viewer.terminate();
  }
  for (const worker of [trainer, viewer]) {
    worker.addEventListener('error', (event) => fail(new Error(event.message || 'a worker could not be loaded')));
  }

  let policy: { readonly iteration: number; readonly parameters: Checkpoint['parameters'] } | null = null;
  let isLooking = false;
  /** Shows the latest policy; policies that come while another one is looked at are skipped. */
  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    while (policy && policy.iteration !== view.value?.iteration && state.value !== 'broken') {
      const { iteration: at, parameters } = policy;
      const of = await views.look(parameters);
      if (!of) break;
      view.value = { iteration: at, of };
    }
    isLooking = false;
  }

  const opened = Promise.all([train.open(config, threads), views.open(config)]);
  opened.catch(fail);
  const listener = {
    onProgress(of: Progress): void {
      progress.value = of;
    },
    onMetrics(at: number, line: Metrics): void {
      batch(() => {
        iteration.value = at;
        metrics.value = [...metrics.value, { iteration: at, ...line }];
      });
    },
    onPolicy(at: number, parameters: Checkpoint['parameters']): void {
      policy = { iteration: at, parameters };
      look().catch(fail);
    },
  };

  return {
    ...{ settings, state, problem, progress, metrics, iteration, view, episode, ended },
    run(oneIteration) {
      if (state.value !== 'paused') return;
      state.value = 'running';
      opened
        .then(() => train.run(proxy(listener), oneIteration))
        .then((outcome) => {
          batch(() => {
            state.value = outcome ? 'ended' : 'paused';
            ended.value = outcome;
          });
        })
        .catch(fail);
    },
    pause() {
      if (state.value === 'running') void train.pause();
    },
    play(game) {
      if (!policy) return;
      views.play(policy.parameters, game).then((steps) => {
        episode.value = steps;
      }, fail);
    },
    files: () => train.files(),
    close() {
      trainer.terminate();
      viewer.terminate();
    },
  };
}
