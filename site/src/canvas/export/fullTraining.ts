/** The full training of the present drawing: its worker, and what the page shows of it. */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { proxy, type Remote, wrap } from 'comlink';
import type { Scene } from '../../plane/scene.ts';
import type { FullRun, FullTrainWorker } from './fullTrainWorker.ts';

export interface FullTraining {
  readonly running: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string | null>;
  /** Success of the episodes of each iteration so far. */
  readonly successes: ReadonlySignal<readonly number[]>;
  /** The run that has ended, and the drawing that it trained on. */
  readonly ended: ReadonlySignal<{ readonly run: FullRun; readonly command: string } | null>;
  estimate(scene: Scene, iterations: number): Promise<number>;
  /** The module of a drawing; null after a problem, which is shown. */
  module(scene: Scene): Promise<string | null>;
  /** @param command the command that reaches the same parameters */
  train(scene: Scene, iterations: number, command: string): Promise<void>;
  stop(): void;
}

export function createFullTraining(): FullTraining {
  const running = signal(false);
  const problem = signal<string | null>(null);
  const successes = signal<readonly number[]>([]);
  const ended = signal<{ readonly run: FullRun; readonly command: string } | null>(null);
  let worker: Worker | null = null;
  let remote: Remote<FullTrainWorker> | null = null;

  function close(): void {
    worker?.terminate();
    worker = null;
    remote = null;
    running.value = false;
  }

  function fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    batch(() => {
      problem.value = `The full trainer stopped: ${reason}. Press the button again; if it stops again, reload the page.`;
      close();
    });
  }

  function connect(): Remote<FullTrainWorker> {
    if (remote) return remote;
    worker = new Worker(new URL('./fullTrainWorker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('error', (event) => fail(new Error(event.message || 'its worker could not be loaded')));
    remote = wrap<FullTrainWorker>(worker);
    return remote;
  }

  return {
    ...{ running, problem, successes, ended },
    estimate: (scene, iterations) => connect().estimate(scene, iterations),
    async module(scene) {
      problem.value = null;
      try {
        return await connect().module(scene);
      } catch (error) {
        fail(error);
        return null;
      }
    },
    async train(scene, iterations, command) {
      batch(() => {
        problem.value = null;
        ended.value = null;
        successes.value = [];
        running.value = true;
      });
      const own = connect();
      const onIteration = (iteration: number, success: number): void => {
        if (remote === own && iteration > 0) successes.value = [...successes.value, success];
      };
      try {
        const run = await own.train(scene, iterations, proxy(onIteration));
        batch(() => {
          ended.value = { run, command };
          running.value = false;
        });
      } catch (error) {
        if (remote === own) fail(error);
      }
    },
    stop: close,
  };
}
