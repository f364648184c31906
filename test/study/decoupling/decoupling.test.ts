import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { canonicalJson, type JsonRecord } from '../../../src/record/json.ts';
import { file } from '../../../src/report/draw/layout.ts';
import type { Estimate, StudyTable } from '../../../src/report/studyTables.ts';
import type { DangerInput, DangerResult } from '../../../src/study/danger/dangerJob.ts';
import { decoupling } from '../../../src/study/decoupling/decoupling.ts';
import type { Job, JobResults } from '../../../src/study/job.ts';
import type { StudyReport, StudyScale } from '../../../src/study/study.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { madeUp } from '../results.ts';
import { stagesOf as allStages, distinctSeconds, done as finished } from '../stages.ts';

const quick: StudyScale = { size: 'quick', seeds: 6, firstSeed: 1, noGames: () => null };
const full: StudyScale = { ...quick, size: 'full', seeds: null };

/** All pairs lose .2 and move held-out samples half as far; pairs of good and bad actions lose .1 at lambda 3. */
function trained(input: TrainInput): TrainResult {
  const { decouplePairs = null, decoupleLambda = 0, seed = 0 } = input;
  const loss = { all: 0.2, labelled: decoupleLambda === 3 ? 0.1 : 0.02 }[decouplePairs as string] ?? 0;
  const base = 0.5 + (seed % 3) / 100;
  const moved = decouplePairs === 'all' && input.updateKl === undefined ? 0.1 : 0.2;
  const spillover = { iteration: 20, 'spillover/rms_actual': moved + seed / 1e4, 'spillover/bad_actual': 0.01 };
  return {
    ...madeUp(input),
    success: { train: 0.9, inDomain: base - loss, outOfDomain: base - loss },
    checkpoints: input.diagnostics ? [{ iteration: 0, envSteps: 0 }, spillover] : [],
  };
}

/** The bad action rises by .5, and by .1 with pairs of different states taken apart, which gains .3 of return. */
function followed({ arms, start, seed }: DangerInput): DangerResult {
  const apart = arms.map(({ decouplePairs }) => decouplePairs === 'other-state');
  return {
    probabilities: apart.map((less) => [start, start + (less ? 0.1 : 0.5), start]),
    returns: apart.map((less) => (less ? 0.9 : 0.6) + seed / 1e4),
  };
}

function resultOf({ kind, input }: Job): JsonRecord {
  return (kind === 'danger' ? followed(input as DangerInput) : trained(input as TrainInput)) as unknown as JsonRecord;
}

const done = (jobs: readonly Job[]): JobResults => finished(jobs, resultOf);
const stagesOf = (scale: StudyScale): readonly (readonly Job[])[] => allStages(decoupling, scale, resultOf);

const tasksIn = (jobs: readonly Job[]): readonly string[] => [
  ...new Set(
    jobs.flatMap(({ kind, input }) =>
      kind === 'train' ? `${input.env ?? 'household'}${input.similarity ? ` ${input.similarity}` : ''}` : [],
    ),
  ),
];

describe('the full study', () => {
  const stages = stagesOf(full);
  const all = stages[stages.length - 1];
  const runs = all.filter(({ kind }) => kind === 'train').map(({ input }) => input as TrainInput);

  test('every config trains, and the fresh seeds are apart from the development seeds', () => {
    const distinct = new Map(runs.map(({ seed: _, ...config }) => [canonicalJson(config as JsonRecord), config]));
    for (const config of distinct.values()) expect(resolveConfig(config)).toMatchObject(config);
    const seeds = [...new Set(runs.map(({ seed }) => seed as number))].sort((a, b) => a - b);
    expect(seeds).toEqual([1, 2, 3, 4, 5, ...Array.from({ length: 20 }, (_, i) => 101 + i)]);
    expect([...new Set(runs.flatMap(({ decouplePairs }) => decouplePairs ?? []))].sort()).toEqual(
      ['all', 'labelled', 'opposite', 'opposite-words', 'other-state', 'permuted', 'same-label'].sort(),
    );
  });

  test('a task begins when the one before it is finished, and has a stage for the choice', () => {
    const order = ['household', 'crafting', 'bandit 0.3', 'bandit 0.9', 'minigrid:BabyAI-GoToLocal-v0?actions=3'];
    expect(stages.map((jobs) => tasksIn(jobs).at(-1))).toEqual(order.flatMap((name) => [name, name]));
    expect(tasksIn(all)).toEqual(order);
  });

  test('each setting that is compared is checked for its spillover at the development seeds', () => {
    const checked = runs.filter(({ diagnostics }) => diagnostics);
    expect(new Set(checked.map(({ seed }) => seed))).toEqual(new Set([1, 2, 3, 4, 5]));
    const pairsOf = (some: readonly TrainInput[]) =>
      new Set(some.map(({ env, decouplePairs, decoupleLambda }) => `${env} ${decouplePairs} ${decoupleLambda}`));
    const compared = runs.filter(({ seed }) => (seed as number) > 100);
    for (const equal of [false, true])
      expect(pairsOf(checked.filter(({ updateKl }) => (updateKl !== undefined) === equal))).toEqual(pairsOf(compared));
  });

  test('its time is stated before it starts, as an upper bound', () => {
    const sum = distinctSeconds(all);
    const stated = decoupling.stages?.seconds(full) ?? 0;
    expect(stated).toBeGreaterThanOrEqual(sum);
    expect(stated).toBeLessThan(1.5 * sum);
  });
});

test('games of others are left out where they cannot be played, with the reason in the notes', () => {
  const missing: StudyScale = { ...full, noGames: (name) => `${name} is missing` };
  expect(tasksIn(stagesOf(missing).at(-1) as readonly Job[])).toHaveLength(4);
  expect(decoupling.report(done([]), missing, '').notes.at(-1)).toContain('was left out: minigrid:');
});

describe('report', () => {
  const all = stagesOf(quick).at(-1) as readonly Job[];
  const report = decoupling.report(done(all), quick, '');
  const cells = (id: string, name: string, from: StudyReport = report): readonly (Estimate | string | null)[] => {
    const table = from.tables.find((each) => each.id === id) as StudyTable;
    return table.rows.find((row) => row.name === name)?.cells as readonly (Estimate | string | null)[];
  };

  test('gains at fresh seeds, with the lambda that was chosen', () => {
    expect(cells('household', 'all pairs, lambda 3')[3]).toMatchObject({
      value: expect.closeTo(-0.2, 10),
      seeds: [101, 102, 103, 104, 105, 106],
    });
    expect(cells('household', 'one good and one bad action, chosen lambda')[9]).toBe('30');
    expect(cells('household', 'one good and one bad action, chosen lambda')[3]).toMatchObject({
      value: expect.closeTo(-0.02, 10),
    });
    expect(cells('household', 'permuted, lambda 3 (control)')[3]).toMatchObject({ value: 0 });
  });

  test('one correction for the comparisons of tasks and danger zone, those included that are not finished', () => {
    // Six comparisons of the household and seven of the danger zone; the least p of six seeds is 2 / 64.
    expect(report.key.comparisons).toBe(13);
    expect(cells('household', 'all pairs, lambda 3').slice(4, 6)).toEqual(['0.0313', '0.4063']);
    expect(cells('danger-zone', 'pairs of different states').slice(5)).toEqual(['0.0313', '0.4063']);
    const early = decoupling.report(done(all.filter(({ kind }) => kind === 'danger')), quick, '');
    expect(cells('danger-zone', 'pairs of different states', early).slice(5)).toEqual(['0.0313', '0.4063']);
  });

  test('the danger zone: rise and return relative to GRPO', () => {
    const row = cells('danger-zone', 'pairs of different states') as readonly Estimate[];
    expect(row.slice(0, 5).map(({ value }) => Number(value.toFixed(6)))).toEqual([0.6, 0.1, -0.4, 0.91035, 0.3]);
    expect(cells('danger-zone', 'permuted (control)')[2]).toMatchObject({ value: 0 });
    expect(report.summary.at(-2)).toContain('It rises less: pairs of different states −0.40.');
    expect(report.summary.at(-1)).toContain('Gain: pairs of different states +0.30.');
  });

  test('movement of held-out samples relative to GRPO of the same seed', () => {
    expect(cells('spillover', 'household: all pairs, lambda 3')[1]).toMatchObject({
      value: expect.closeTo(0.1001 / 0.2001, 10),
    });
    expect(cells('spillover', 'household: permuted, lambda 3')[1]).toMatchObject({ value: 1 });
    expect(cells('spillover', 'household: GRPO')[1]).toBeNull();
    expect(cells('spillover-equal-kl', 'household: all pairs, lambda 3')[1]).toMatchObject({ value: 1 });
    expect(cells('household', 'all pairs, lambda 3')[8]).toMatchObject({ value: 1 });
  });

  test('without an interval of the movement, a row says that it has too few seeds', () => {
    expect(cells('household', 'all pairs, lambda 3')[7]).toBe('too few seeds');
    expect(report.summary[0]).toMatch(/^Household: GRPO succeeds in 0\.51 .*Lose: all pairs, lambda 3 −0\.20/);
    expect(report.summary[1]).toMatch(/^Household, controls: No certain difference: /);
  });

  test('a row whose held-out samples do not move less is no test of coupling', () => {
    const household = stagesOf(full)[1];
    const found = decoupling.report(done(household), full, '');
    expect(cells('household', 'all pairs, lambda 3', found)[7]).toBe('yes');
    expect(cells('household', 'one good and one bad action, lambda 3', found)[7]).toBe('no');
    expect(found.summary[0]).not.toContain('one good and one bad action');
    expect(found.summary[1]).toMatch(/no test of coupling.*: one good and one bad action, lambda 3;/);
  });

  test('the figure has a row for each arm', () => {
    const svg = report.figures[0].draw(file);
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(expect.arrayContaining(['all pairs, lambda 3', 'permuted, lambda 3 (control)']));
  });
});
