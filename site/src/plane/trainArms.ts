/** Trains several scenes to their end in one worker, for figures that compare them. */
import { wrap } from 'comlink';
import type { Scene } from './scene.ts';
import type { PlaneWorker } from './worker.ts';

export interface Arm {
  readonly scene: Scene;
  /** Probabilities after each update: f32[states * actions] each. */
  readonly history: readonly Float32Array[];
  /** The plane after the last update so far. */
  readonly plane: Float32Array | null;
}

/** Updates between two reports. */
const chunk = 25;

/**
 * @param report receives all arms after each chunk
 * @throws the worker's error, or the signal's reason
 */
export async function trainArms(
  scenes: readonly Scene[],
  updates: number,
  signal: AbortSignal,
  report: (arms: readonly Arm[]) => void,
): Promise<void> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const broken = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'its worker could not be loaded')));
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  const remote = wrap<PlaneWorker>(worker);
  const arms: Arm[] = [];
  try {
    for (const [i, scene] of scenes.entries()) {
      const opened = await Promise.race([remote.open(scene, { plane: false, coupling: false }), broken]);
      let history: readonly Float32Array[] = [opened.probabilities];
      while (history.length <= updates) {
        const steps = Math.min(chunk, updates + 1 - history.length);
        const frames = await Promise.race([remote.run(steps, { plane: true, coupling: false }), broken]);
        history = [...history, ...frames.map(({ probabilities }) => probabilities)];
        arms[i] = { scene, history, plane: frames[frames.length - 1].plane };
        report([...arms]);
      }
    }
  } finally {
    worker.terminate();
  }
}
