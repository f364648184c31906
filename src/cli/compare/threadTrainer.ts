/** Trains runs in a thread of this process, so that several can train at the same time. */

import type { Config } from '../../config/config.ts';
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import type { Build } from '../../engine/kernels/load.ts';
import type { RunResult } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import { openThread } from '../shared/thread.ts';
import type { Train } from '../train/command.ts';
import type { CommandKernels } from '../width/commandKernels.ts';

/** The message that starts a run in a thread. */
export interface ThreadRun {
  readonly config: Config;
  readonly directory: string;
  readonly resume: boolean;
  readonly programs: Programs;
  readonly threads: number;
  /** The kernels for modules of one kind. */
  readonly kernels: { readonly of: Build; readonly choice: KernelChoice };
}

export interface Trainer {
  /** As `Train`, with the worker pool of the trainer. */
  train(config: Config, options: Omit<Parameters<Train>[1], 'crew'>): Promise<RunResult>;
  close(): void;
}

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './runThread.ts' : './runThread.js';

/**
 * @param threads of each run, including the thread of the trainer
 * @param kernels the first run waits until the build of the kernels is chosen
 */
export function openThreadTrainer(threads: number, kernels: CommandKernels): Trainer {
  const { run, close } = openThread<ThreadRun, RunResult, Progress>(new URL(entry, import.meta.url), 'unbraid compare');
  return {
    async train(config, { directory, resume, programs = 'shipped', onProgress, signal }) {
      const of = threads > 1 ? 'threads' : 'single';
      const choice = await kernels.settled(of);
      return run({ config, directory, resume, programs, threads, kernels: { of, choice } }, onProgress, signal);
    },
    close: () => void close(),
  };
}
