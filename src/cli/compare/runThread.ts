/** Entry of a thread that trains runs in their folders, one after another. */
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { type Crew, openCrew } from '../../parallel/crew.ts';
import { settledKernels } from '../../parallel/kernelChoices.ts';
import type { Progress } from '../../train/run.ts';
import { unbraidVersion } from '../../version.ts';
import { serveThread } from '../shared/thread.ts';
import { trainIn } from '../train/trainRun.ts';
import type { ThreadRun } from './threadTrainer.ts';

/**
 * Shortest time between two progress messages of one phase, in ms. An evaluation reports each of thousands of
 * episodes.
 */
const reportMs = 50;

function sparsely(report: (progress: Progress) => void): (progress: Progress) => void {
  let phase = '';
  let lastMs = 0;
  return (progress) => {
    const nowMs = performance.now();
    if (progress.phase === phase && progress.done < progress.total && nowMs - lastMs < reportMs) return;
    phase = progress.phase;
    lastMs = nowMs;
    report(progress);
  };
}

let crew: Crew | null = null;
const train = trainIn(unbraidVersion);

serveThread(
  async (
    { config, directory, resume, programs, threads, kernels: { of, choice } }: ThreadRun,
    onProgress: (progress: Progress) => void,
    signal,
  ) => {
    crew ??= await openCrew(spawnWorker, threads, { kernels: settledKernels(of, choice) });
    return train(config, { directory, resume, programs, crew, onProgress: sparsely(onProgress), signal });
  },
);
