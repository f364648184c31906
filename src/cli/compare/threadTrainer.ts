/** Trains runs in a thread of this process, so that several go on at the same time. */

import type { Config } from '../../config/config.ts';
import type { RunResult } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import { openThread } from '../shared/thread.ts';
import type { Train } from '../train/command.ts';

/** A run as its thread is told of it. */
export interface ThreadRun {
  readonly config: Config;
  readonly directory: string;
  readonly resume: boolean;
  readonly programs: Programs;
  readonly threads: number;
}

export interface Trainer {
  /** As `Train`, with the trainer's own crew. */
  train(config: Config, options: Omit<Parameters<Train>[1], 'crew'>): Promise<RunResult>;
  close(): void;
}

// From source the entry is TypeScript, from dist/ it is what became of it.
const entry = import.meta.url.endsWith('.ts') ? './runThread.ts' : './runThread.js';

/** @param threads of each run, its own included */
export function openThreadTrainer(threads: number): Trainer {
  const { run, close } = openThread<ThreadRun, RunResult, Progress>(new URL(entry, import.meta.url), 'unbraid compare');
  return {
    train: (config, { directory, resume, programs = 'shipped', onProgress, signal }) =>
      run({ config, directory, resume, programs, threads }, onProgress, signal),
    close,
  };
}
