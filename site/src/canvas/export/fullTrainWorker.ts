/** The worker that trains on a drawing with the full trainer: the same `train` that the command calls. */
import { expose } from 'comlink';
import { estimateSeconds, resolveConfig, train } from 'unbraid';
import type { Scene } from '../../plane/scene.ts';
import { configOf } from './command.ts';
import { drawingOf, moduleOf } from './drawing.ts';
import { drawnEnvironment } from './drawnEnvironment.js';

/** Success of an iteration's episodes, and how many iterations are done. */
export type OnIteration = (iteration: number, success: number) => void;

export interface FullRun {
  readonly parametersSha256: string;
  readonly trained: number;
  /** null without held-out states. */
  readonly heldOut: number | null;
}

export interface FullTrainWorker {
  /** Seconds that the run takes, roughly. */
  estimate(scene: Scene, iterations: number): number;
  /** The text of the module. */
  module(scene: Scene): Promise<string>;
  train(scene: Scene, iterations: number, onIteration: OnIteration): Promise<FullRun>;
}

const api: FullTrainWorker = {
  estimate(scene, iterations) {
    // The estimate does not depend on the drawing; the bandit has vectors and episodes of about this cost.
    const config = resolveConfig({ ...configOf(scene, iterations), env: 'bandit' });
    return estimateSeconds(config, iterations, 1);
  },
  module: async (scene) => moduleOf(await drawingOf(scene)),
  async train(scene, iterations, onIteration) {
    const drawing = await drawingOf(scene);
    const { success, parametersSha256 } = await train(configOf(scene, iterations), {
      environment: () => drawnEnvironment(drawing),
      onMetrics(iteration, metrics) {
        const found = metrics['charts/success'];
        if (typeof found === 'number') onIteration(iteration, found);
      },
    });
    const isHeldOut = scene.states.some(({ trained }) => !trained);
    return {
      parametersSha256,
      trained: success.train ?? 0,
      heldOut: isHeldOut ? (success.outOfDomain ?? 0) : null,
    };
  },
};

expose(api);
