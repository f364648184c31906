/** Runs small enough for a test, with everything they would have written. */

import type { Config } from '../../src/config/config.ts';
import { type CheckpointFiles, packCheckpoint, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import type { TrainHooks } from '../../src/train/runLog.ts';
import { type TrainOptions, type TrainOutcome, train } from '../../src/train/trainer.ts';

export const small: Partial<Config> = {
  iterations: 3,
  groupsPerIteration: 2,
  numGenerations: 4,
  trainGames: 12,
  coldStart: 12,
  coldStartUpdates: 10,
  coldStartBatch: 64,
  evalEpisodes: 8,
  couplingPairs: 8,
};

export interface RecordedRun {
  readonly outcome: TrainOutcome;
  /** Lines of metrics.jsonl, coupling files by name and iteration, checkpoints as bytes by iteration. */
  readonly metrics: readonly Record<string, number>[];
  readonly couplings: Readonly<Record<string, unknown>>;
  readonly checkpoints: ReadonlyMap<number, CheckpointFiles>;
}

export async function recordedRun(config: Partial<Config>, options: TrainOptions = {}): Promise<RecordedRun> {
  const metrics: Record<string, number>[] = [];
  const couplings: Record<string, unknown> = {};
  const checkpoints = new Map<number, CheckpointFiles>();
  const hooks: TrainHooks = {
    onMetrics: (iteration, line) => metrics.push({ iteration, ...line }),
    onCheckpoint: (checkpoint) => checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
    onCoupling: (name, iteration, measured) => {
      couplings[`${name}/${iteration}`] = measured;
    },
  };
  const outcome = await train({ ...small, ...config }, { ...options, ...hooks });
  return { outcome, metrics, couplings, checkpoints };
}

/** The run goes on from the checkpoint's bytes, as after a crash. */
export async function resumedRun(
  config: Partial<Config>,
  checkpoints: RecordedRun['checkpoints'],
  iteration: number,
  options: TrainOptions = {},
): Promise<RecordedRun> {
  const files = checkpoints.get(iteration);
  if (!files) throw new Error(`resumedRun: no checkpoint at ${iteration}, only at ${[...checkpoints.keys()].join()}`);
  return recordedRun(config, { ...options, checkpoint: unpackCheckpoint(files, String(iteration), 'none') });
}
