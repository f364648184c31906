import { expect, test } from 'vitest';
import type { JsonRecord } from '../../../src/record/json.ts';
import { estimateText } from '../../../src/report/studyTables.ts';
import { jobHash, jobResults } from '../../../src/study/job.ts';
import { runJob } from '../../../src/study/jobKinds.ts';
import { theory } from '../../../src/study/theory/theory.ts';

const scale = { size: 'quick', seeds: 1, firstSeed: 1, noGames: () => null } as const;
const tools = {
  openBridge: async (name: string): Promise<never> => {
    throw new Error(name);
  },
};

test('the plan has each job once: two ways of stepping, risky actions, signs of their advantages, two policies per seed', () => {
  const jobs = theory.plan({ ...scale, seeds: 2 });
  const count = (kind: string): number => jobs.filter((job) => job.kind === kind).length;
  // 2 group sizes, 3 risks, 19 probabilities; 2 rests, 2 risks, 3 group sizes, 9 probabilities.
  expect(['squeezing', 'risky-action', 'group-sign', 'step-error'].map(count)).toEqual([2, 114, 108, 4]);
  expect(new Set(jobs.map(jobHash)).size).toBe(228);
  const iterations = (size: 'quick' | 'full') => theory.plan({ ...scale, size }).at(-1)?.input.iterations;
  expect([iterations('quick'), iterations('full')]).toEqual([40, 160]);
});

test('without a result there is nothing in the report; each part comes with its own', () => {
  const empty = theory.report(jobResults(new Map()), scale, 'command');
  expect(empty).toEqual({ summary: [], tables: [], figures: [], notes: [], key: {} });
});

test('from results made by its jobs and a stored one it reports all its parts', async () => {
  const results = new Map<string, JsonRecord>();
  for (const job of theory.plan(scale)) {
    const { kind, input } = job;
    if (kind === 'risky-action' && (input.groupSize !== 8 || input.r !== 1)) continue;
    if (kind === 'group-sign' && (input.groupSize !== 8 || input.q !== 0.5)) continue;
    if (kind === 'step-error') {
      const stage = (input.lifts as number[]).map((lift) => {
        return { lift, predicted: lift, actual: lift, error: 0.5 * lift * lift };
      });
      results.set(jobHash(job), { initial: stage, 'cold start': stage, trained: stage });
    } else results.set(jobHash(job), await runJob(job, tools));
  }
  const report = theory.report(jobResults(results), scale, 'unbraid study theory');
  expect(report.figures.map(({ id }) => id)).toEqual(
    ['squeezing', 'risky-action', 'group-sign', 'step-error'].map((id) => `theory-${id}`),
  );
  expect(report.key).toMatchObject({
    squeezing: { punish: { starts: 171, other: 141, bad: 30 }, expected: { starts: 171, other: 30, bad: 0 } },
    riskyAction: { points: 38, negative: 38 },
    groupSign: { cases: 8, raised: 0 },
    stepError: { leastRatio: 16, largestRatio: 16 },
  });
  expect((report.key.riskyAction as { inside: number }).inside).toBeGreaterThan(28);
  const [squeezing, risky, signs, step] = report.tables;
  expect(signs.rows).toHaveLength(4);
  expect(squeezing.rows.map(({ cells }) => cells.slice(0, 2))).toEqual([
    ['141 of 171', '30 of 171'],
    ['30 of 171', '0 of 171'],
  ]);
  expect(risky.rows.map(({ name, cells }) => [name, cells[1], cells[2]])).toEqual([
    ['scaleRewards none, groups of 8, r = 1', '−0.2188', '−0.2500'],
    ['scaleRewards group, groups of 8, r = 1', '−0.4638', '−0.4999'],
  ]);
  // As many decimals as the closed form beside it.
  expect(estimateText(risky.rows[0].cells[0])).toMatch(/^−0\.2\d{3} \[−0\.2\d{3}, −0\.2\d{3}\]$/);
  expect(step.rows).toHaveLength(6);
  expect(step.rows[0].cells.map((cell) => (cell as { value: number }).value)).toEqual([0.5 / 256, 0.5 / 16, 16]);
});
