/** Artificial results of training jobs, computed from config and seed, with effects that a report must find. */

import { resolveConfig } from '../../src/config/config.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../src/study/job.ts';
import type { TrainInput, TrainResult } from '../../src/study/trained/trainJob.ts';

/** Final out-of-domain success of the artificial run. */
function finalSuccess(input: TrainInput): number {
  const { method, labels, seed } = resolveConfig(input);
  const base = 0.4 + (seed % 4) / 100;
  if (method === 'grpo' || labels === 'shuffled') return base;
  const both = method === 'classifier+cloning' ? 0.1 : 0;
  return base + (labels === 'oracle' ? 0.4 : 0.25) + both + (seed % 2) / 20;
}

export function madeUp(input: TrainInput): TrainResult {
  const { method, seed, iterations, evalEvery } = resolveConfig(input);
  const end = finalSuccess(input);
  const shift = method.includes('classifier') ? -0.05 : 0;
  const cosine = (success: number): number => 0.3 - 0.25 * success + shift + (seed % 3) / 200;
  const measuredAt =
    evalEvery > 0 ? Array.from({ length: iterations / evalEvery + 1 }, (_, i) => i * evalEvery) : [0, iterations];
  const checkpoints = measuredAt.map((iteration) => {
    const success = 0.1 + ((end - 0.1) * iteration) / iterations;
    return {
      ...{ iteration, envSteps: iteration * 1000 },
      ...{ 'eval/in_domain': success, 'eval/out_of_domain': success, 'coupling/good_bad_cosine': cosine(success) },
    };
  });
  const coupling = (success: number) => ({
    ...{ goodBadCosine: cosine(success), goodGoodCosine: 0.5, badBadCosine: 0.4, goodBadPositiveFraction: 0.8 },
  });
  return {
    success: { train: end + 0.1, inDomain: end + 0.05, outOfDomain: end },
    coupling: { start: coupling(0.1), end: coupling(end) },
    envSteps: 150_000,
    updates: 960,
    parametersSha256: 'ab12',
    checkpoints,
    labelQuality: [],
    receipt: { hash: 'cd34', environment: 'household 1', numerics: 2 },
  };
}

/** Results of those jobs that `finished` accepts. */
export function resultsOf(
  jobs: readonly Job[],
  finished: (input: TrainInput) => boolean = () => true,
  result: (input: TrainInput) => TrainResult = madeUp,
): JobResults {
  const done = jobs.filter(({ input }) => finished(input as TrainInput));
  return jobResults(new Map(done.map((job) => [jobHash(job), result(job.input as TrainInput) as JsonRecord])));
}
