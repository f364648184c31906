import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../src/record/json.ts';
import type { Quantity } from '../../src/report/studyTables.ts';
import type { DangerInput } from '../../src/study/dangerJob.ts';
import { dangerZone } from '../../src/study/dangerZone.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../src/study/job.ts';
import { runJob } from '../../src/study/jobKinds.ts';
import type { StudyScale } from '../../src/study/study.ts';
import { requireWellFormed, texts } from '../report/svg.ts';

const quick: StudyScale = { size: 'quick', seeds: null, firstSeed: 1, noGames: () => null };

/** GRPO rises by half of what is left and stays there at odd seeds; every other arm falls to nothing. */
function madeUp({ arms, start, seed }: DangerInput): JsonRecord {
  const line = (peak: number, end: number): number[] =>
    Array.from({ length: 13 }, (_, k) => (k === 0 ? start : k === 1 ? peak : end));
  return {
    probabilities: arms.map(({ method, labels, coupling }) =>
      coupling && (method === 'grpo' || labels !== 'oracle') ? line((1 + start) / 2, seed % 2) : line(start, 0),
    ),
  };
}

function resultsOf(jobs: readonly Job[]): JobResults {
  return jobResults(new Map(jobs.map((job) => [jobHash(job), madeUp(job.input as unknown as DangerInput)])));
}

test('a full study has more seeds, similarities and counterfactuals', () => {
  const starts = 6;
  expect(dangerZone.plan(quick)).toHaveLength(8 * starts);
  const full = dangerZone.plan({ ...quick, size: 'full' });
  expect(full).toHaveLength(3 * 24 * starts);
  expect((full[0].input.arms as unknown[]).length).toBeGreaterThan(
    (dangerZone.plan(quick)[0].input.arms as unknown[]).length,
  );
});

describe('report', () => {
  const report = dangerZone.report(resultsOf(dangerZone.plan(quick)), quick, 'unbraid study danger-zone --quick');

  test('key numbers: largest rise without coupling, last means from 0.4', () => {
    expect(report.key.similarities).toEqual([
      {
        ...{ rho: 0.8, seeds: [1, 2, 3, 4, 5, 6, 7, 8], offLargestRise: expect.closeTo(0, 10) },
        endFrom: {
          ...{ GRPO: 0.5, 'classifier, oracle labels': 0 },
          ...{ 'classifier, advantage labels': 0.5, 'classifier, shuffled labels': 0.5 },
        },
      },
    ]);
  });

  test('a table of the highest and one of the last means, with intervals over seeds', () => {
    const [highest, last] = report.tables;
    expect([highest.rows[0].name, highest.columns[2]]).toEqual(['GRPO, coupling on', 'from 0.4']);
    expect(highest.rows[0].cells[2]).toMatchObject({
      value: expect.closeTo(0.7, 10),
      low: expect.closeTo(0.7, 10),
      high: 0.875,
    });
    const end = last.rows[0].cells[2] as Quantity;
    expect([end.value, (end.low as number) < 0.3, (end.high as number) > 0.7]).toEqual([0.5, true, true]);
    expect(last.rows[1]).toMatchObject({ name: 'GRPO, coupling off', command: 'unbraid study danger-zone --quick' });
  });

  test('two figures per similarity, whose ids differ, with the same colour for the same method', () => {
    expect(report.figures.map(({ id }) => id)).toEqual(['danger-zone-rho-0.8', 'danger-zone-controls-rho-0.8']);
    const ids = report.figures.map(({ svg }) => /id="([\w-]+)"/.exec(svg)?.[1]);
    expect(new Set(ids).size).toBe(2);
    for (const { svg } of report.figures) requireWellFormed(svg);
    expect(texts(report.figures[0].svg)).toContain('GRPO, coupling off');
    expect(texts(report.figures[1].svg).join(' ')).toContain('in 5 of 6 cases with coupling');
    // Blue is the oracle's; the controls have other colours.
    expect(report.figures.map(({ svg }) => svg.includes('#0072B2'))).toEqual([true, false]);
  });
});

test('a job follows each arm from the same start', async () => {
  const arms = [true, false].map((coupling) => ({ method: 'grpo', labels: 'oracle', coupling }));
  const input = { rho: 0.8, seed: 1, start: 0.4, iterations: 10, arms };
  const openBridge = async (): Promise<never> => {
    throw new Error('no bridge');
  };
  const { probabilities } = (await runJob({ kind: 'danger', input }, { openBridge })) as { probabilities: number[][] };
  const [on, off] = probabilities;
  expect(on[0]).toBe(off[0]);
  expect(Math.abs(on[0] - 0.4)).toBeLessThan(0.03);
  expect([on.length, on[1] > 0.6, off[1] < 0.4]).toEqual([2, true, true]);
});
