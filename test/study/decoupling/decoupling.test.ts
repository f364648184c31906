import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import type { JsonRecord } from '../../../src/record/json.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import { decoupling } from '../../../src/study/decoupling/decoupling.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../../src/study/job.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { madeUp } from '../results.ts';

const quick: StudyScale = { size: 'quick', seeds: 6, firstSeed: 1, noGames: () => null };
const full: StudyScale = { ...quick, size: 'full', seeds: null };

/** All pairs lose .2 and move held-out samples half as far; pairs of good and bad actions lose .1 at lambda 30. */
function resultOf(input: TrainInput): TrainResult {
  const { decouplePairs = null, decoupleLambda = 0, seed = 0 } = input;
  const loss = { all: 0.2, labelled: decoupleLambda === 30 ? 0.1 : 0.02 }[decouplePairs as string] ?? 0;
  const base = 0.5 + (seed % 3) / 100;
  const moved = decouplePairs === 'all' ? 0.1 : 0.2;
  const spillover = { iteration: 20, 'spillover/rms_actual': moved + seed / 1e4, 'spillover/bad_actual': 0.01 };
  return {
    ...madeUp(input),
    success: { train: 0.9, inDomain: base - loss, outOfDomain: base - loss },
    checkpoints: input.diagnostics ? [{ iteration: 0, envSteps: 0 }, spillover] : [],
  };
}

const done = (jobs: readonly Job[]): JobResults =>
  jobResults(new Map(jobs.map((job) => [jobHash(job), resultOf(job.input as TrainInput) as unknown as JsonRecord])));

const next = (scale: StudyScale, jobs: readonly Job[]): readonly Job[] =>
  decoupling.next?.(done(jobs), scale) as readonly Job[];

test('every config of the full study trains, and the fresh seeds are apart from the development seeds', () => {
  const first = decoupling.plan(full);
  const second = next(full, first);
  for (const { input } of [...first, ...second]) expect(resolveConfig(input)).toMatchObject({ seed: input.seed });
  const seeds = (jobs: readonly Job[]) =>
    [...new Set(jobs.map(({ input }) => input.seed as number))].sort((a, b) => a - b);
  expect(seeds(first)).toEqual([1, 2, 3, 4, 5]);
  expect(seeds(second)).toEqual(Array.from({ length: 20 }, (_, i) => 101 + i));
  const pairs = new Set(second.flatMap(({ input }) => input.decouplePairs ?? []));
  expect([...pairs].sort()).toEqual(
    ['all', 'labelled', 'opposite', 'opposite-words', 'other-state', 'permuted', 'same-label'].sort(),
  );
});

test('games of others are left out where they cannot be played, with the reason in the notes', () => {
  const missing: StudyScale = { ...full, noGames: (name) => `${name} is missing` };
  const named = (scale: StudyScale) =>
    decoupling.plan(scale).some(({ input }) => String(input.env).startsWith('minigrid:'));
  expect([named(full), named(missing)]).toEqual([true, false]);
  expect(decoupling.report(done([]), missing, '').notes.at(-1)).toContain('was left out: minigrid:');
});

describe('report', () => {
  const first = decoupling.plan(quick);
  const all = [...first, ...next(quick, first)];
  const report = decoupling.report(done(all), quick, '');
  const cells = (id: string, name: string) =>
    report.tables.find((table) => table.id === id)?.rows.find((row) => row.name === name)?.cells as readonly Estimate[];

  test('gains at fresh seeds, with the lambda that was chosen', () => {
    expect(cells('household', 'all pairs, lambda 30')[4]).toMatchObject({
      value: expect.closeTo(-0.2, 10),
      seeds: [101, 102, 103, 104, 105, 106],
    });
    expect(cells('household', 'one good and one bad action, chosen lambda')[0]).toBe('300');
    expect(cells('household', 'one good and one bad action, chosen lambda')[4].value).toBeCloseTo(-0.02, 10);
    expect(cells('household', 'permuted, lambda 30 (control)')[4].value).toBe(0);
    // Six comparisons; the least p of six seeds is 2 / 64.
    expect(cells('household', 'all pairs, lambda 30').slice(5, 7)).toEqual(['0.0313', '0.1875']);
  });

  test('movement of held-out samples relative to GRPO of the same seed', () => {
    expect(cells('spillover', 'household: all pairs, lambda 30')[1].value).toBeCloseTo(0.1001 / 0.2001, 10);
    expect(cells('spillover', 'household: permuted, lambda 30')[1].value).toBe(1);
    expect(cells('spillover', 'household: GRPO')[1]).toBeNull();
  });

  test('findings name losses, and controls apart', () => {
    expect(report.summary[0]).toMatch(/^Household: GRPO succeeds in 0\.51 .*Lose: all pairs, lambda 30 −0\.20/);
    expect(report.summary[1]).toMatch(/^Household, controls: No certain difference: /);
    expect(report.summary[2]).toContain('household: all pairs, lambda 30 0.50');
  });

  test('the figure has a row for each arm', () => {
    const [{ svg }] = report.figures;
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(expect.arrayContaining(['all pairs, lambda 30', 'permuted, lambda 30 (control)']));
  });
});
