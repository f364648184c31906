import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { file } from '../../../src/report/draw/layout.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import { matchedSuccess } from '../../../src/study/trained/matchedSuccess.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { resultsOf } from '../results.ts';

const quick: StudyScale = { size: 'quick', seeds: 6, firstSeed: 1, noGames: () => null };

test('the plan measures success and coupling over training, of configs that train', () => {
  for (const { input } of matchedSuccess.plan({ ...quick, size: 'full' })) {
    expect(resolveConfig(input)).toMatchObject({ evalEvery: 20, couplingEvery: 20, seed: input.seed });
  }
});

describe('report', () => {
  const report = matchedSuccess.report(resultsOf(matchedSuccess.plan(quick)), quick, '');
  const cells = (name: string) => report.tables[0].rows.find((row) => row.name === name)?.cells as readonly Estimate[];

  test('a method whose cosine is lower at equal success is told from one that only succeeds more', () => {
    const classifier = cells('classifier, graph labels');
    expect(classifier[3]).toMatchObject({ value: expect.closeTo(-0.05, 4), seeds: [1, 2, 3, 4, 5, 6] });
    expect(classifier[4]).toBe((2 / 64).toFixed(4));
    const cloning = cells('cloning, graph labels (control)');
    expect(cloning[2].value).toBeLessThan(cells('GRPO')[2].value - 0.05);
    expect(Math.abs(cloning[3].value)).toBeLessThan(1e-4);
    expect(cells('GRPO')[3]).toBeNull();
    expect(report.key.differences).toMatchObject({ 'classifier, graph labels': { pValue: 2 / 64 } });
  });

  test('findings: whose cosine is lower at equal success, methods and controls apart', () => {
    const head = 'Good-bad cosine against that of GRPO at equal success';
    expect(report.summary).toEqual([
      `${head}, methods: Lower: classifier + cloning, graph labels −0.05; classifier, graph labels −0.05.`,
      `${head}, controls: Lower: classifier + cloning, shuffled graph labels −0.05. No certain difference: cloning, graph labels.`,
    ]);
    expect(cells('classifier, graph labels').slice(4, 6)).toEqual(['0.0313', '0.10 to 0.43']);
    // Of four comparisons, three have the least p that six seeds can have.
    expect(report.tables[0].rows.slice(1).map(({ cells: row }) => row.at(-1))).toEqual(
      expect.arrayContaining([(8 / 64).toFixed(4)]),
    );
    expect(report.tables[0].rows[0].cells.at(-1)).toBeNull();
  });

  test('the figure has a mark per checkpoint and names its axes', () => {
    const svg = report.figures[0].draw(file);
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(expect.arrayContaining(['in-domain success rate', 'mean cosine of good-bad pairs']));
  });

  test('below five seeds a difference has no interval, and no method is called lower', () => {
    const four: StudyScale = { ...quick, seeds: 4 };
    const short = matchedSuccess.report(resultsOf(matchedSuccess.plan(four)), four, '');
    expect(short.tables[0].rows[1].cells[3]).toMatchObject({ value: expect.closeTo(-0.05, 3), low: null, high: null });
    expect(short.summary.join(' ')).not.toMatch(/Lower|Higher|No certain/);
    expect(short.summary[0]).toContain('Too few seeds for an interval: classifier');
  });

  test('with too few seeds the missing comparison is stated', () => {
    const two: StudyScale = { ...quick, seeds: 2 };
    const short = matchedSuccess.report(resultsOf(matchedSuccess.plan(two)), two, '');
    expect(short.summary).toEqual([
      'Too few seeds share a range of success with GRPO to compare: classifier, graph labels; cloning, graph labels; classifier + cloning, graph labels; classifier + cloning, shuffled graph labels.',
    ]);
    expect(short.key.differences).toMatchObject({ 'classifier, graph labels': null });
  });
});
