/** Studies of small jobs. `--seeds` is the number of their jobs. */

import { fileURLToPath } from 'node:url';
import type { JsonRecord } from '../../src/record/json.ts';
import { dangerKind } from '../../src/study/danger/dangerJob.ts';
import { type Job, type JobKind, jobOf } from '../../src/study/job.ts';
import { banditKind } from '../../src/study/similarity/banditJob.ts';
import { type Study, seedsOf } from '../../src/study/study.ts';
import { type TrainInput, trainKind } from '../../src/study/trained/trainJob.ts';

const small: TrainInput = {
  groupsPerIteration: 2,
  minibatches: 1,
  coldStart: 0,
  hidden: 8,
  embedding: 4,
  tokenWidth: 4,
  evalEpisodes: 4,
  couplingPairs: 4,
};

/** A training run of some 50 ms. */
export const banditInput = (seed: number): TrainInput => ({
  ...small,
  ...{ iterations: 5, checkpointEvery: 5, similarity: 0.5, seed },
});

function testStudy(name: string, jobOfSeed: (seed: number) => Job, measured: (result: JsonRecord) => number): Study {
  const plan: Study['plan'] = (scale) => seedsOf(scale, 4).map(jobOfSeed);
  return {
    ...{ name, question: 'do all jobs have the same results on every machine?', plan },
    report(results, scale, command) {
      const rows = plan(scale).map((job, i) => {
        const result = results.ofJob(job);
        const [seed] = [scale.firstSeed + i];
        const estimate = result && {
          statistic: 'value',
          value: measured(result),
          low: null,
          high: null,
          seeds: [seed],
        };
        return { name: `seed ${seed}`, cells: [estimate], command };
      });
      const table = { id: 'seeds', title: 'Values', rowHead: 'seed', columns: ['value'], rows };
      return {
        summary: [`${rows.length} seeds`],
        tables: [table],
        figures: [],
        notes: [],
        key: { seeds: rows.length },
      };
    },
  };
}

const numberOf = (value: unknown): number => value as number;

/** Small training runs with receipts. */
export const trainInput = (seed: number): TrainInput => ({
  ...small,
  ...{ env: 'look-alike', policy: 'mlp', iterations: 100, checkpointEvery: 100, trainGames: 4, seed },
});

const program = fileURLToPath(new URL('../env/bridge/fixtures/bridgeProgram.mjs', import.meta.url));

/** A training run that starts a program. */
const programInput = (seed: number): TrainInput => ({
  ...{ env: `exec:${process.execPath} ${program} steady`, iterations: 1, groupsPerIteration: 2, numGenerations: 2 },
  ...{ coldStart: 0, evalEpisodes: 2, trainGames: 2, vocabularyEpisodes: 2, couplingPairs: 2, seed },
});

export const testStudies: readonly Study[] = [
  testStudy(
    'programs',
    (seed) => jobOf(trainKind, programInput(seed), 0.1),
    ({ envSteps }) => numberOf(envSteps),
  ),
  testStudy(
    'bandits',
    (seed) => jobOf(banditKind, banditInput(seed), 0.05),
    ({ cosine }) => numberOf((cosine as JsonRecord).end),
  ),
  testStudy(
    'runs',
    (seed) => jobOf(trainKind, trainInput(seed), 0.1),
    ({ envSteps }) => numberOf(envSteps),
  ),
  testStudy(
    'large',
    (seed) => jobOf(dangerKind as unknown as JobKind<JsonRecord, JsonRecord>, dangerInput(seed), 0.05),
    ({ returns }) => (returns as number[])[0],
  ),
];

function dangerInput(seed: number): JsonRecord {
  const arms = [{ method: 'grpo', labels: 'oracle', coupling: true }];
  return { rho: 0.5, seed, start: 0.5, iterations: 10, arms };
}
