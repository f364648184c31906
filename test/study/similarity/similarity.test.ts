import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../../src/engine/policy/policy.ts';
import { createBandit } from '../../../src/env/bandit/bandit.ts';
import type { JsonRecord } from '../../../src/record/json.ts';
import { jobHash, jobResults } from '../../../src/study/job.ts';
import { banditKind, sameScenarioCosine } from '../../../src/study/similarity/banditJob.ts';
import { similarity } from '../../../src/study/similarity/similarity.ts';
import { small } from '../../train/recordedRun.ts';

const scale = { size: 'quick', seeds: 3, firstSeed: 1, noGames: () => null } as const;

test('states of one scenario couple the more, the more alike they are, with a policy of random weights', async () => {
  const sizes = { tokenWidth: 8, matchWidth: 1, hidden: 32, embedding: 16, blocks: 0, heads: 1, logitScale: 1 };
  const policy = createPolicy(await createArena(), createBandit().spec, { policy: 'mlp', ...sizes });
  for (const seed of [1, 2]) {
    policy.network.initialise(policy.weights, seed);
    policy.network.prepare(policy.weights);
    const cosines = [0, 0.3, 0.8, 0.95, 1].map((rho) => sameScenarioCosine(policy, rho, seed));
    expect([...cosines].sort((a, b) => a - b)).toEqual(cosines);
    // Equal states have equal gradients.
    expect(cosines[4]).toBeCloseTo(1, 5);
  }
});

test('the job trains in the bandit and returns success and cosines, the same result again', async () => {
  const changes = { ...small, iterations: 3, env: 'household', policy: 'attention', maxSteps: null } as const;
  const result = await banditKind.run(changes, { openBridge: async () => Promise.reject(new Error('none')) });
  expect(Object.keys(result.success)).toEqual(['train', 'inDomain', 'outOfDomain']);
  expect(result.envSteps).toBe(3 * (small.groupsPerIteration as number) * (small.numGenerations as number) * 5);
  expect(result.cosine.start).not.toBe(result.cosine.end);
  expect(await banditKind.run(changes, { openBridge: async () => Promise.reject(new Error('none')) })).toEqual(result);
});

test('the plan goes seed by seed over similarities and six ways of training', () => {
  const jobs = similarity.plan(scale);
  expect(jobs).toHaveLength(3 * 3 * 6);
  expect(jobs.slice(0, 18).every(({ input }) => input.seed === 1)).toBe(true);
  expect(new Set(jobs.map(jobHash)).size).toBe(54);
  expect(similarity.plan({ ...scale, size: 'full', seeds: null })).toHaveLength(8 * 6 * 6);
});

test('the report has a table per similarity, differences paired by seed, and leaves out what is not finished', () => {
  const results = new Map<string, JsonRecord>();
  for (const job of similarity.plan(scale)) {
    const { similarity: rho, seed, method } = job.input as { similarity: number; seed: number; method?: string };
    if (rho === 0.95) continue;
    const outOfDomain = 1 - rho + 0.01 * seed + (method === undefined ? 0 : 0.1);
    const success = { train: 1, inDomain: 0.9, outOfDomain };
    results.set(jobHash(job), { success, cosine: { start: rho, end: 0.1 }, envSteps: 100 });
  }
  const report = similarity.report(jobResults(results), scale, 'unbraid study similarity');
  const labels = (source: string): string => `classifier + cloning, ${source} labels`;
  const gain = ['graph', 'advantage', 'oracle', 'shuffled'].map((source) => `${labels(source)} +0.10`).join('; ');
  expect(report.summary).toEqual([
    `Similarity 0.3: GRPO succeeds in 0.72 (0.71 0.72 0.73) of the out-of-domain games. Too few seeds for an interval: ${gain}; GRPO, entropy 0.1 by less than 0.01.`,
    `Similarity 0.8: GRPO succeeds in 0.22 (0.21 0.22 0.23) of the out-of-domain games. Too few seeds for an interval: ${gain}; GRPO, entropy 0.1 by less than 0.01.`,
  ]);
  expect(report.tables.map(({ id, rows }) => [id, rows.length])).toEqual([
    ['similarity-0.3', 6],
    ['similarity-0.8', 6],
  ]);
  const [first, , third] = report.tables[1].rows;
  expect(first.cells[5]).toBeNull();
  expect(third.cells[5]).toMatchObject({ seeds: [1, 2, 3] });
  expect((third.cells[5] as { value: number }).value).toBeCloseTo(0.1, 12);
  expect(report.figures.map(({ id }) => id)).toEqual(['similarity']);
  expect(similarity.report(jobResults(new Map()), scale, '').figures).toEqual([]);
});
