/** The views of one run, around their own worker. The run does not depend on them. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { Config } from 'unbraid';
import type { Split } from 'unbraid/env';
import { watchLife } from './alive.ts';
import type { PlayedStep } from './episode.ts';
import type { Frames } from './frames.ts';
import type { SampleText } from './samples.ts';
import type { PolicyView, ViewWorker } from './viewWorker.ts';

export interface Watcher {
  /** Views so far, the first policy's first. */
  readonly views: ReadonlySignal<readonly PolicyView[]>;
  /** The samples of all views; null while they are collected, or where there are none. */
  readonly samples: ReadonlySignal<readonly SampleText[] | null>;
  readonly episode: ReadonlySignal<{ readonly iteration: number; readonly steps: readonly PlayedStep[] } | null>;
  readonly problem: ReadonlySignal<string | null>;
  /** Policies come through this port from now on. */
  connect(policies: MessagePort): void;
  play(game: number, split: Split): void;
  /** The inner products of one parameter's part of the gradients under the latest view; null: there are none. */
  productsOf(parameter: string): Promise<Float32Array | null>;
  /** Starts the worker again after it has failed. It has no policy before the next `connect`. */
  restart(): void;
  close(): void;
}

/** Views that are kept. Longer runs lose every second of the older ones. */
const mostViews = 120;

let lives = 0;

export function openWatcher(config: Partial<Config>, frames: Frames): Watcher {
  const views = signal<readonly PolicyView[]>([]);
  const samples = signal<readonly SampleText[] | null>(null);
  const episode = signal<{ readonly iteration: number; readonly steps: readonly PlayedStep[] } | null>(null);
  const problem = signal<string | null>(null);
  let closing = new AbortController();
  let remote: Remote<ViewWorker>;

  function fail(error: unknown): void {
    if (closing.signal.aborted) return;
    closing.abort();
    const message = error instanceof Error ? error.message : String(error);
    frames.show(() => {
      problem.value = `The views stopped: ${message}. The training goes on without them.`;
    });
  }

  function onView(view: PolicyView): void {
    frames.show(() => {
      const kept = views.value.filter(({ iteration }) => iteration < view.iteration);
      const thinned = kept.length < mostViews ? kept : kept.filter((_, i) => i % 2 === 0);
      views.value = [...thinned, view];
    });
  }

  function start(): void {
    closing = new AbortController();
    const { signal: closed } = closing;
    const worker = new Worker(new URL('./viewWorker.ts', import.meta.url), { type: 'module', name: 'unbraid views' });
    const life = `unbraid views ${++lives}`;
    closed.addEventListener('abort', () => worker.terminate());
    worker.addEventListener('error', (event) => fail(new Error(event.message || 'its script could not be loaded')));
    remote = wrap<ViewWorker>(worker);
    remote
      .open(
        config,
        life,
        proxy(onView),
        proxy((message: string) => fail(new Error(message))),
      )
      .then((texts) => {
        watchLife(life, closed, () => fail(new Error('the browser ended their worker')));
        frames.show(() => {
          samples.value = texts;
        });
      })
      .catch(fail);
    remote.watch(!document.hidden).catch(fail);
    document.addEventListener('visibilitychange', () => void remote.watch(!document.hidden).catch(fail), {
      signal: closed,
    });
  }

  start();
  return {
    ...{ views, samples, episode, problem },
    connect(policies) {
      remote.connect(transfer(policies, [policies])).catch(fail);
    },
    play(game, split) {
      remote.play(game, split).then((steps) => {
        const last = views.peek().at(-1);
        if (steps) {
          frames.show(() => {
            episode.value = { iteration: last?.iteration ?? 0, steps };
          });
        }
      }, fail);
    },
    productsOf: (parameter) => remote.productsOf(parameter),
    restart() {
      problem.value = null;
      start();
    },
    close: () => closing.abort(),
  };
}
