/** Trains runs in a thread of this process, so that several can train at the same time. */

import type { Config } from '../../config/config.ts';
import type { RunResult } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import { openThread } from '../shared/thread.ts';
import type { Train } from '../train/command.ts';

/** The message that starts a run in a thread. */
export interface ThreadRun {
  readonly config: Config;
  readonly directory: string;
  readonly resume: boolean;
  readonly programs: Programs;
  readonly threads: number;
}

export interface Trainer {
  /** As `Train`, with the worker pool of the trainer. */
  train(config: Config, options: Omit<Parameters<Train>[1], 'crew'>): Promise<RunResult>;
  close(): void;
}

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './runThread.ts' : './runThread.js';

/** @param threads of each run, including the thread of the trainer */
export function openThreadTrainer(threads: number): Trainer {
  const { run, close } = openThread<ThreadRun, RunResult, Progress>(new URL(entry, import.meta.url), 'unbraid compare');
  return {
    train: (config, { directory, resume, programs = 'shipped', onProgress, signal }) =>
      run({ config, directory, resume, programs, threads }, onProgress, signal),
    close,
  };
}
