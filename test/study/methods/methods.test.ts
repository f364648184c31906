import { describe, expect, test } from 'vitest';
import { methodPages } from '../../../scripts/methodPages.ts';
import { readStudyCsv } from '../../../scripts/pageTables.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { canonicalJson, type JsonRecord } from '../../../src/record/json.ts';
import { file } from '../../../src/report/draw/layout.ts';
import { type Estimate, type StudyTable, studyTableCsv } from '../../../src/report/studyTables.ts';
import { type Job, jobHash } from '../../../src/study/job.ts';
import { graphAdvantages } from '../../../src/study/methods/graphAdvantages.ts';
import { noDemonstrations } from '../../../src/study/methods/noDemonstrations.ts';
import { optimisers } from '../../../src/study/methods/optimisers.ts';
import type { StudyReport, StudyScale } from '../../../src/study/study.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { madeUp } from '../results.ts';
import { distinctSeconds, done, stagesOf } from '../stages.ts';

const quick: StudyScale = { size: 'quick', seeds: 6, firstSeed: 1, noGames: () => null };
const full: StudyScale = { ...quick, size: 'full', seeds: null };

/** GRPO takes more steps. In-domain high weights of labels, a learning rate of .001 and churn 3 are best. */
function trained(input: TrainInput): TrainResult {
  const { method, labels, seed, iterations, hindsight } = resolveConfig(input);
  const { classifierCoef = 0.5, learningRate = 3e-3, churnCoef = 0, hidden = 64 } = input;
  const gains: Record<string, number> = {
    ...{ classifier: 0.2, cloning: 0.1, 'classifier+cloning': 0.3, 'graph-advantages': 0.05 },
  };
  const labelled = labels === 'shuffled' ? -0.1 : (gains[method] ?? 0) + (hindsight ? 0.2 : 0);
  const outOfDomain = 0.4 + (seed % 3) / 100 + labelled;
  const best = (classifierCoef === 1.5 ? 0.1 : 0) + (learningRate === 1e-3 ? 0.1 : 0) + (churnCoef === 3 ? 0.1 : 0);
  const steps = method === 'grpo' ? 200_000 : 160_000;
  const cosine = (success: number): number => 0.4 - 0.2 * success - (hidden === 512 ? 0.03 : 0) + (seed % 5) / 1000;
  const checkpoints = Array.from({ length: 5 }, (_, i) => {
    const success = 0.1 + ((outOfDomain - 0.1) * i) / 4;
    return {
      ...{ iteration: (iterations * i) / 4, envSteps: (steps * i) / 4, 'eval/out_of_domain': success },
      ...{ 'eval/in_domain': success, 'coupling/good_bad_cosine': cosine(success) },
    };
  });
  const success = { train: 0.9, inDomain: outOfDomain + best, outOfDomain };
  return { ...madeUp(input), success, envSteps: steps, checkpoints };
}

const resultOf = ({ input }: Job): JsonRecord => trained(input as TrainInput) as unknown as JsonRecord;

const inputsOf = (jobs: readonly Job[]): readonly TrainInput[] => jobs.map(({ input }) => input as TrainInput);

const cellsOf = (report: StudyReport, id: string, name: string) => {
  const { columns, rows } = report.tables.find((each) => each.id === id) as StudyTable;
  const cells = rows.find((row) => row.name === name)?.cells ?? [];
  return (column: string): Estimate | string | null => {
    expect(columns).toContain(column);
    return cells[columns.indexOf(column)];
  };
};

const holm = "p with Holm's correction for the comparisons of all tables";

const planned = [
  // Comparisons, and hours on two cores.
  [graphAdvantages.name, graphAdvantages, 44, 1],
  [noDemonstrations.name, noDemonstrations, 28, 1],
  [optimisers.name, optimisers, 62, 4],
] as const;

describe.each(planned)('the full study %s', (_, study, comparisons, hours) => {
  const stages = stagesOf(study, full, resultOf);
  const all = stages[stages.length - 1];
  const inputs = inputsOf(all);
  const report = study.report(done(all, resultOf), full, '');

  test('every config trains, at five development seeds and twenty fresh ones', () => {
    const distinct = new Map(inputs.map(({ seed: _, ...config }) => [canonicalJson(config as JsonRecord), config]));
    for (const config of distinct.values()) expect(resolveConfig(config)).toMatchObject(config);
    const seeds = [...new Set(inputs.map(({ seed }) => seed as number))].sort((a, b) => a - b);
    expect(seeds).toEqual([1, 2, 3, 4, 5, ...Array.from({ length: 20 }, (_, i) => 101 + i)]);
    expect([...new Set(inputs.map(({ env = 'household' }) => env))]).toEqual(['household', 'crafting']);
  });

  test('the number of comparisons that one correction covers', () => {
    expect(report.key.comparisons).toBe(comparisons);
    const gains = report.tables.flatMap(({ id, columns, rows }) =>
      id === 'grid' ? [] : rows.flatMap(({ cells }) => cells.filter((cell, i) => /^p .*Holm/.test(columns[i]) && cell)),
    );
    expect(gains).toHaveLength(comparisons);
  });

  test('a default is left out of the input, so that equal runs have one hash', () => {
    const defaults = resolveConfig({}) as unknown as JsonRecord;
    for (const { seed: _, labels: __, ...input } of inputs)
      for (const [key, value] of Object.entries(input)) expect([key, value]).not.toEqual([key, defaults[key]]);
  });

  test('its time is stated before it starts, as an upper bound', () => {
    const stated = study.stages?.seconds(full) ?? 0;
    expect(stated).toBeGreaterThanOrEqual(distinctSeconds(all));
    expect(stated).toBeLessThan(1.3 * distinctSeconds(all));
    expect(stated).toBeLessThan(2 * 3600 * hours);
    // The quick study is stated as less than ten minutes on two cores.
    expect(study.stages?.seconds({ ...quick, seeds: null }) ?? 0).toBeLessThan(1200);
  });

  test('its page has a table for each task, and the study fills each of their columns', () => {
    const page = methodPages.find((each) => each.study === study.name);
    const csvs = new Map(report.tables.map((table) => [table.id, readStudyCsv(studyTableCsv(table))]));
    expect([...(page?.tables ?? [])].map(({ name }) => name)).toEqual(
      report.tables.map(({ id }) => id).filter((id) => id !== 'grid'),
    );
    for (const { markdown } of page?.tables ?? []) {
      const [, , ...lines] = (markdown((name) => csvs.get(name) ?? null) ?? '').split('\n');
      const columns = lines[0].split('|').map((_, i) => lines.map((line) => line.split('|')[i]?.trim()));
      for (const column of columns.slice(1, -1)) expect(column.some((cell) => cell !== '')).toBe(true);
    }
    const files = page?.files.map(([from]) => from) ?? [];
    for (const { id } of report.figures) expect(files).toContain(`${id}.svg`);
  });

  test('figures have a row for each arm', () => {
    const svg = report.figures[0].draw(file);
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(expect.arrayContaining(['GRPO']));
  });
});

test('studies share the runs of equal config and seed', () => {
  const [own, other] = [graphAdvantages, optimisers].map(
    (study) => new Set((stagesOf(study, full, resultOf).at(-1) ?? []).map(jobHash)),
  );
  const shared = [...own].filter((hash) => other.has(hash));
  expect(shared.length).toBeGreaterThan(100);
});

describe('graph advantages', () => {
  const all = stagesOf(graphAdvantages, quick, resultOf).at(-1) ?? [];
  const report = graphAdvantages.report(done(all, resultOf), quick, '');

  test('the shuffled control has the weights that were chosen for classifier + cloning', () => {
    const shuffled = inputsOf(all).filter(({ labels }) => labels === 'shuffled');
    expect(new Set(shuffled.map(({ seed }) => seed))).toEqual(new Set([101, 102, 103, 104, 105, 106]));
    expect(new Set(shuffled.map(({ classifierCoef, cloningCoef }) => `${classifierCoef} ${cloningCoef}`))).toEqual(
      new Set(['1.5 0.3']),
    );
  });

  test('gains at equal iterations and at equal environment steps, with one correction', () => {
    const cell = cellsOf(report, 'household', 'cloning');
    expect(cell('out-of-domain gain over GRPO')).toMatchObject({ value: expect.closeTo(0.1, 10) });
    // GRPO is read at four fifths of its steps: .1 + .8 (.41 - .1).
    expect(cell('out-of-domain gain at equal environment steps over GRPO')).toMatchObject({
      value: expect.closeTo(0.1 + 0.2 * 0.31, 10),
    });
    expect([cell('p of the gain, by permutation'), cell(holm)]).toEqual(['0.0313', '0.6875']);
    expect(cellsOf(report, 'household-routes', 'graph advantages')('setting')).toBe('defaults');
    const routes = cellsOf(report, 'household-routes', 'graph advantages');
    expect(routes('out-of-domain gain over classifier + cloning')).toMatchObject({ value: expect.closeTo(-0.25, 10) });
  });

  test('findings name methods, then controls, for each quantity', () => {
    expect(report.summary[0]).toMatch(/^Household: GRPO succeeds in 0\.41 .* of the out-of-domain games\.$/);
    expect(report.summary[1]).toMatch(
      /^Household, against GRPO\. Gain: classifier \+ cloning \+0\.30; classifier \+0\.20;/,
    );
    expect(report.summary[2]).toMatch(/^Household, against GRPO\. Controls: Lose: .*shuffled labels −0\.10\./);
    expect(report.summary[3]).toMatch(/^Household, against GRPO\. Gain at equal environment steps: /);
  });
});

test('without demonstrations: hindsight against GRPO, and against labels and hindsight', () => {
  const all = stagesOf(noDemonstrations, quick, resultOf).at(-1) ?? [];
  expect(inputsOf(all).every(({ coldStart }) => coldStart === 0)).toBe(true);
  const report = noDemonstrations.report(done(all, resultOf), quick, '');
  expect(cellsOf(report, 'household', 'labels, hindsight')('out-of-domain gain over GRPO')).toMatchObject({
    value: expect.closeTo(0.5, 10),
  });
  const cloned = cellsOf(report, 'household-hindsight', 'cloning alone, hindsight (control)');
  expect(cloned('out-of-domain gain over labels, hindsight')).toMatchObject({ value: expect.closeTo(-0.2, 10) });
});

describe('optimisers', () => {
  const all = stagesOf(optimisers, quick, resultOf).at(-1) ?? [];
  const fresh = inputsOf(all).filter(({ seed }) => (seed as number) > 100);
  const report = optimisers.report(done(all, resultOf), quick, '');

  test('labels have the learning rate that was chosen for GRPO on the same network', () => {
    const wide = fresh.filter(({ hidden }) => hidden === 512);
    expect(new Set(wide.map(({ method }) => method))).toEqual(new Set([undefined, 'classifier+cloning']));
    expect(new Set(wide.map(({ learningRate }) => learningRate))).toEqual(new Set([1e-3]));
  });

  test('the weight of the churn penalty is chosen, and one is fixed', () => {
    expect(new Set(fresh.flatMap(({ churnCoef }) => churnCoef ?? []))).toEqual(new Set([3, 10]));
  });

  test('labels are compared with GRPO of the same network, hints with the classifier', () => {
    const cell = cellsOf(report, 'household-labels', 'labels, Muon');
    expect(cell('compared with')).toBe('GRPO, Muon');
    expect(cell('out-of-domain gain over GRPO of the same network and optimiser')).toMatchObject({
      value: expect.closeTo(0.3, 10),
    });
    expect(cellsOf(report, 'household-hints', 'GRPO')('compared with')).toBeNull();
    expect(cellsOf(report, 'household-hints', 'classifier, hints')('compared with')).toBe('classifier');
  });

  test('the cosine at equal success', () => {
    const cell = cellsOf(report, 'household', 'GRPO, width 512');
    expect(cell('good-bad cosine at equal success minus that of GRPO')).toMatchObject({
      value: expect.closeTo(-0.03, 3),
    });
  });
});
