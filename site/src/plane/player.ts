/** Plays the training of a scene: the state of a page section around one worker. */
import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Remote, wrap } from 'comlink';
import type { Scene } from './scene.ts';
import type { Frame, PlaneWorker, Wanted } from './worker.ts';

export interface Player {
  readonly scene: ReadonlySignal<Scene>;
  /** The latest frame; null before the first one. */
  readonly frame: ReadonlySignal<Frame | null>;
  /** Probabilities after each update from the first policy on: f32[states * actions] each. */
  readonly history: ReadonlySignal<readonly Float32Array[]>;
  readonly playing: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string | null>;
  /** Updates a second. */
  readonly speed: Signal<number>;
  /** Shows another scene from its first policy, and pauses. */
  restart(scene: Scene): void;
  step(count: number): void;
  play(): void;
  pause(): void;
}

/** The first updates change most, so they are played at this many a second at most. */
const slowUpdates = 15;
const slowSpeed = 10;

/** Updates at which playing stops. */
export const lastUpdate = 600;

/** @param wanted which parts of frames the section shows */
export function createPlayer(first: Scene, wanted: () => Wanted): Player {
  const scene = signal(first);
  const frame = signal<Frame | null>(null);
  const history = signal<readonly Float32Array[]>([]);
  const playing = signal(false);
  const problem = signal<string | null>(null);
  const speed = signal(60);
  let worker: Worker | null = null;
  let remote: Remote<PlaneWorker> | null = null;
  // Work is done in the order asked for; a restart makes earlier work void.
  let version = 0;
  let queue: Promise<void> = Promise.resolve();

  function fail(message: string): void {
    worker?.terminate();
    worker = null;
    remote = null;
    batch(() => {
      problem.value = `The training stopped: ${message}. Press Restart to begin again.`;
      playing.value = false;
    });
  }

  function connect(): Remote<PlaneWorker> {
    if (remote) return remote;
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('error', (event) => fail(event.message || 'its worker could not be loaded'));
    remote = wrap<PlaneWorker>(worker);
    return remote;
  }

  function enqueue(work: (api: Remote<PlaneWorker>, isCurrent: () => boolean) => Promise<void>): Promise<void> {
    const own = version;
    queue = queue.then(async () => {
      if (own !== version) return;
      try {
        await work(connect(), () => own === version);
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    });
    return queue;
  }

  function take(count: number): Promise<void> {
    return enqueue(async (api, isCurrent) => {
      const frames = await api.run(count, wanted());
      if (!isCurrent()) return;
      batch(() => {
        frame.value = frames[frames.length - 1];
        history.value = [...history.value, ...frames.map(({ probabilities }) => probabilities)];
      });
    });
  }

  let owed = 0;
  let before = 0;
  async function tick(now: number): Promise<void> {
    if (!playing.value) return;
    const done = history.value.length - 1;
    const rate = done < slowUpdates ? Math.min(slowSpeed, speed.value) : speed.value;
    // A hidden tab gets no ticks: time beyond a quarter second is not made up for.
    owed += (Math.min(250, now - before) / 1000) * rate;
    before = now;
    const steps = Math.min(Math.floor(owed), lastUpdate - done);
    if (steps > 0) {
      owed -= steps;
      await take(steps);
    }
    if (history.value.length > lastUpdate) playing.value = false;
    if (playing.value) requestAnimationFrame((at) => void tick(at));
  }

  function restart(next: Scene): void {
    version++;
    batch(() => {
      scene.value = next;
      playing.value = false;
      problem.value = null;
    });
    void enqueue(async (api, isCurrent) => {
      const opened = await api.open(next, wanted());
      if (!isCurrent()) return;
      batch(() => {
        frame.value = opened;
        history.value = [opened.probabilities];
      });
    });
  }

  restart(first);
  return {
    ...{ scene, frame, history, playing, problem, speed, restart },
    step(count) {
      playing.value = false;
      void take(count);
    },
    play() {
      if (playing.value || problem.value !== null) return;
      playing.value = true;
      owed = 1;
      before = performance.now();
      requestAnimationFrame((at) => void tick(at));
    },
    pause() {
      playing.value = false;
    },
  };
}
