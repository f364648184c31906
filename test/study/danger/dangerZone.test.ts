import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../../src/record/json.ts';
import { file } from '../../../src/report/draw/layout.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import type { DangerInput, DangerResult } from '../../../src/study/danger/dangerJob.ts';
import { dangerZone } from '../../../src/study/danger/dangerZone.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../../src/study/job.ts';
import { runJob } from '../../../src/study/jobKinds.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import { lines, requireWellFormed, texts } from '../../report/svg.ts';

const quick: StudyScale = { size: 'quick', seeds: null, firstSeed: 1, noGames: () => null };

/**
 * At odd seeds, GRPO rises by half of the rest and stays there; every other condition falls to 0. Its return is 1 minus
 * the last probability, and 0.1 without the data of the other state.
 */
function madeUp({ arms, start, seed }: DangerInput): JsonRecord {
  const line = (peak: number, end: number): number[] =>
    Array.from({ length: 13 }, (_, k) => (k === 0 ? start : k === 1 ? peak : end));
  const high = arms.map(({ method, labels, coupling }) => coupling && (method === 'grpo' || labels !== 'oracle'));
  return {
    probabilities: high.map((rises) => (rises ? line((1 + start) / 2, seed % 2) : line(start, 0))),
    returns: high.map((rises, a) => (rises ? 1 - (seed % 2) : arms[a].coupling ? 1 : 0.1)),
  };
}

function resultsOf(jobs: readonly Job[]): JobResults {
  return jobResults(new Map(jobs.map((job) => [jobHash(job), madeUp(job.input as unknown as DangerInput)])));
}

const methodsOf = (job: Job): string[] => [
  ...new Set((job.input as unknown as DangerInput).arms.map(({ method, labels }) => `${method} ${labels}`)),
];

test('a full study has more seeds and similarities, and all surgeries', () => {
  const starts = 6;
  expect(dangerZone.plan(quick)).toHaveLength(8 * starts);
  const full = dangerZone.plan({ ...quick, size: 'full' });
  expect(full).toHaveLength(3 * 24 * starts);
  expect((full[0].input.arms as unknown[]).length).toBe(9);
  const both = ['grpo oracle', 'decouple oracle', 'classifier oracle', 'classifier advantage', 'classifier shuffled'];
  expect(methodsOf(full[0])).toEqual([...both, 'pcgrad oracle', 'gradvac oracle', 'upgrad oracle']);
  expect(methodsOf(dangerZone.plan(quick)[0])).toEqual(both);
});

describe('report', () => {
  const report = dangerZone.report(resultsOf(dangerZone.plan(quick)), quick, 'unbraid study danger-zone --quick');
  const full = { ...quick, size: 'full', seeds: 4 } as const;
  const whole = dangerZone.report(resultsOf(dangerZone.plan(full)), full, 'unbraid study danger-zone --full');

  test('key numbers: risen means, largest rises and returns, last means from 0.4', () => {
    expect(report.key.similarities).toEqual([
      {
        ...{
          rho: 0.8,
          seeds: [1, 2, 3, 4, 5, 6, 7, 8],
        },
        // From 0.95, half of the rest is below 0.05; the largest rise is that from 0.05.
        grpo: { risen: 5, largestRise: expect.closeTo(0.475, 10), return: 0.5 },
        dataRemoved: { risen: 0, largestRise: expect.closeTo(0, 10), return: expect.closeTo(0.1, 10) },
        decouple: { risen: 0, largestRise: expect.closeTo(0, 10), return: 1 },
        endFrom: {
          ...{ GRPO: 0.5, 'decoupled advantages': 0, 'classifier, oracle labels': 0 },
          ...{ 'classifier, advantage labels': 0.5, 'classifier, shuffled labels': 0.5 },
        },
      },
    ]);
  });

  test('findings: from how many starts means rise, and who ends lower than GRPO, with the interval of the difference', () => {
    const [first, second, ...more] = report.summary;
    expect(more).toEqual([]);
    expect(first).toBe(
      "Similarity 0.8, 8 seeds: the bad action becomes likelier than at its start from 5 of 6 starts with GRPO (mean return after training 0.50), from 0 with the other state's data removed (0.10), and from 0 with decoupled advantages (1.00).",
    );
    // Every other seed ends at 1 with GRPO: a resample of 8 seeds has 1 to 7 of them.
    expect(second).toBe(
      'Similarity 0.8, starts from 0.4 up: with GRPO the bad action ends at a probability of 0.50 [0.13, 0.88]. ' +
        'Lower: decoupled advantages −0.50; classifier, oracle labels −0.50. ' +
        'No certain difference: classifier, advantage labels; classifier, shuffled labels.',
    );
  });

  test('a table by method, then the highest and last means and the returns by start, with intervals over seeds', () => {
    const [methods, highest, last, returns] = report.tables;
    expect(methods.rows.map(({ name, cells }) => [name, (cells[0] as Estimate).value])).toEqual([
      ['GRPO', 0.5],
      ["GRPO, other state's data removed", 0],
      ['decoupled advantages', 0],
      ['classifier, oracle labels', 0],
      ['classifier, advantage labels', 0.5],
      ['classifier, shuffled labels', 0.5],
    ]);
    // Starts 0.4, 0.6, 0.8 and 0.95 rise by half of the rest; at odd seeds they end at 1.
    expect(methods.rows[0].cells.slice(1)).toEqual([
      null,
      expect.objectContaining({ value: expect.closeTo((1 + (0.7 + 0.8 + 0.9 + 0.975) / 4) / 2, 10) }),
      null,
      expect.objectContaining({ value: 0.5 }),
      null,
    ]);
    expect(methods.rows[1].cells[4]).toMatchObject({ value: expect.closeTo(0.1, 10) });
    expect(returns.rows[1].cells.map((cell) => (cell as Estimate).value)).toEqual(
      Array.from({ length: 6 }, () => expect.closeTo(0.1, 10)),
    );
    expect(methods.rows[2].cells[1]).toMatchObject({ statistic: 'mean of paired differences', value: -0.5 });
    expect([highest.rows[0].name, highest.columns[2]]).toEqual(['GRPO', 'from 0.4']);
    expect(highest.rows[0].cells[2]).toMatchObject({
      value: expect.closeTo(0.7, 10),
      low: expect.closeTo(0.7, 10),
      high: 0.875,
    });
    const end = last.rows[0].cells[2] as Estimate;
    expect([end.value, (end.low as number) < 0.3, (end.high as number) > 0.7]).toEqual([0.5, true, true]);
    expect(last.rows[1]).toMatchObject({
      name: "GRPO, other state's data removed",
      command: 'unbraid study danger-zone --quick',
    });
  });

  test('a figure per similarity: a panel per condition with its return, a line per start', () => {
    expect(report.figures.map(({ id }) => id)).toEqual(['danger-zone-rho-0.8']);
    const svg = report.figures[0].draw(file);
    requireWellFormed(svg);
    expect(svg).toMatch(/id="danger-zone-rho-0-8-/);
    const panelsOf = (figure: string): string[] =>
      texts(figure).filter((text) => /both states|data removed|labels \(|advantage labels|tasks/.test(text));
    const panels = [
      ...['data of both states', "other state's data removed", 'data of both states, λ 3'],
      ...['oracle labels (upper bound)', 'advantage labels', 'shuffled labels (control)'],
    ];
    expect(panelsOf(svg)).toEqual(panels);
    expect(texts(svg).filter((text) => text.startsWith('return '))).toEqual(
      ['0.50', '0.10', '1.00', '1.00', '0.50', '0.50'].map((value) => `return ${value}`),
    );
    expect(lines(svg)).toHaveLength(6 * 6);
    const surgeries = ['pcgrad', 'gradvac', 'upgrad'].map(() => 'tasks: the two states');
    expect(panelsOf(whole.figures[0].draw(file))).toEqual([...panels, ...surgeries]);
  });

  test('surgeries stand in the full study, with what they are told', () => {
    expect(whole.tables[0].rows.slice(-3).map(({ name, cells }) => [name, (cells[0] as Estimate).value])).toEqual([
      ['PCGrad', 0],
      ['GradVac', 0],
      ['UPGrad', 0],
    ]);
    expect(whole.notes).toHaveLength(report.notes.length + 1);
  });
});

test('a job follows each condition from the same start', async () => {
  const arms = [true, false].map((coupling) => ({ method: 'grpo', labels: 'oracle', coupling }));
  const input = { rho: 0.8, seed: 1, start: 0.4, iterations: 10, arms };
  const openBridge = async (): Promise<never> => {
    throw new Error('no bridge');
  };
  const { probabilities, returns } = (await runJob(
    { kind: 'danger', input },
    { openBridge },
  )) as unknown as DangerResult;
  expect([returns.length, returns[0] > returns[1]]).toEqual([2, true]);
  const [on, off] = probabilities;
  expect(on[0]).toBe(off[0]);
  expect(Math.abs(on[0] - 0.4)).toBeLessThan(0.03);
  expect([on.length, on[1] > 0.6, off[1] < 0.4]).toEqual([2, true, true]);
});
