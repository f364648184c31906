/** Workers of a queue in this process, honest or not, and a study of short jobs. */
import { loadQueueLibraries } from '../../src/cli/queue/libraries.ts';
import { workJobs } from '../../src/cli/worker/workJobs.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import { type Job, type JobResults, jobOf } from '../../src/study/job.ts';
import { runJob } from '../../src/study/jobKinds.ts';
import type { JobRunner } from '../../src/study/runJobs.ts';
import { type Study, seedsOf } from '../../src/study/study.ts';
import { riskyKind } from '../../src/study/theory/riskyActionJob.ts';

const tools = {
  openBridge: () => {
    throw new Error('a test has no bridge');
  },
};

/** Runs jobs in this thread. @param change what a dishonest worker does to a result */
export function runner(change: (result: JsonRecord, job: Job) => JsonRecord = (result) => result): JobRunner {
  return { run: async (job) => change(await runJob(job, tools), job), close() {} };
}

/** Adds 0.1 to a number of a result of the study below. */
export function lie(result: JsonRecord): JsonRecord {
  const { none } = result as { none: { mean: number } };
  return { ...result, none: { ...none, mean: none.mean + 0.1 } };
}

export interface TestWorker {
  readonly notes: readonly string[];
  /** Finishes its jobs and ends; returns the number of jobs that it finished. */
  stop(): Promise<number>;
}

export async function startWorker(
  address: string,
  name: string,
  openRunner: () => JobRunner = runner,
): Promise<TestWorker> {
  const stopping = new AbortController();
  const notes: string[] = [];
  const done = workJobs({
    ...{ libraries: await loadQueueLibraries(), address, name, concurrency: 1, kinds: ['plain'], openRunner },
    locks: { lock: 3000, stalled: 1500 },
    missingGames: () => null,
    note: (text) => notes.push(text),
    onDone() {},
    signal: stopping.signal,
  });
  return {
    notes,
    stop() {
      stopping.abort();
      return done;
    },
  };
}

const inputOf = (seed: number) => ({ q: 0.5, r: 0.2, groupSize: 8, episodes: 800, seed });

/** The mean advantage of a risky action by seed: jobs of milliseconds. */
export const risky: Study = {
  name: 'risky',
  question: 'what is the mean advantage of a risky action?',
  plan: (scale) => seedsOf(scale, 12).map((seed) => jobOf(riskyKind, inputOf(seed), 0.1)),
  report(results: JobResults, scale) {
    const means = seedsOf(scale, 12).map((seed) => results.of(riskyKind, inputOf(seed))?.none.mean ?? null);
    return { summary: ['means'], tables: [], figures: [], notes: [], key: { means } };
  },
};
