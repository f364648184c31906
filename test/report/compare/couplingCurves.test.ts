import { describe, expect, it } from 'vitest';
import { contrastAt, contrastIn, contrastOf } from '../../../src/report/compare/contrast.ts';
import { couplingCurves, stepCurves } from '../../../src/report/compare/couplingCurves.ts';
import { runPanels, variantPanels } from '../../../src/report/compare/metricPanels.ts';
import { joinVariants } from '../../../src/report/compare/variants.ts';
import { seriesStyle } from '../../../src/report/draw/chart.ts';
import { coupling, reportRecords } from '../fixtures/readFixtures.ts';
import { lines, requireWellFormed, texts } from '../svg.ts';

describe('contrast', () => {
  it('by hand: half of good-good and bad-bad, minus good-bad', () => {
    const cosines = { goodBadCosine: 0.27, goodGoodCosine: 0.48, badBadCosine: 0.3 };
    expect(contrastOf(cosines)).toBeCloseTo(0.12, 12);
    expect(contrastOf({ goodBadCosine: 0.5, goodGoodCosine: 0.1, badBadCosine: -0.1 })).toBe(-0.5);
    for (const key of ['goodBadCosine', 'goodGoodCosine', 'badBadCosine'] as const)
      expect(contrastOf({ ...cosines, [key]: null })).toBeNull();
  });

  it('of a coupling record and of a line of metrics', () => {
    const record = coupling();
    const of = (name: 'goodBad' | 'goodGood' | 'badBad'): number => record.classes[name].meanCosine as number;
    expect(contrastIn(record)).toBe((of('goodGood') + of('badBad')) / 2 - of('goodBad'));
    const line = {
      'coupling/good_bad_cosine': 0.1,
      'coupling/good_good_cosine': 0.4,
      'coupling/bad_bad_cosine': 0.2,
    };
    expect(contrastAt(line)).toBeCloseTo(0.2, 12);
    expect(contrastAt({ 'coupling/good_bad_cosine': 0.1 })).toBeNull();
  });
});

/** Lines of metrics at three iterations: good-bad falls, good-good rises, bad-bad stays. */
const metrics = [0, 1, 2].map((k) => ({
  ...{ iteration: 10 * k, envSteps: 1000 * k },
  'coupling/good_bad_cosine': 0.35 - 0.05 * k,
  'coupling/good_good_cosine': 0.36 + 0.06 * k,
  'coupling/bad_bad_cosine': 0.3,
}));

describe('coupling curves of a run', () => {
  it('draw good-bad, contrast, good-good and bad-bad: down, up, up, level', () => {
    const svg = runPanels(couplingCurves, { metrics }, seriesStyle(1)) as string;
    requireWellFormed(svg);
    const drawn = lines(svg).map(({ points }) => points);
    expect(drawn.map((points) => points.length)).toEqual([3, 3, 3, 3]);
    // Upwards is a smaller y.
    const rises = drawn.map((points) => Math.sign(Math.round(points[0][1] - points[2][1])));
    expect(rises).toEqual([-1, 1, 1, 0]);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['good-bad cosine', 'contrast', 'good-good cosine', 'bad-bad cosine']),
    );
  });

  it('are left out for fewer than three measurements', () => {
    expect(runPanels(couplingCurves, { metrics: metrics.slice(0, 2) }, seriesStyle(1))).toBeUndefined();
  });
});

describe('coupling curves of variants', () => {
  const records = reportRecords();
  const variants = joinVariants(records.compare, records.runs).map((variant) => ({
    ...variant,
    runs: [0, 1, 0, 1, 0].map((i) => ({ ...variant.runs[i], metrics })),
  }));

  it('draw a line per variant and panel, and bands from five seeds on', () => {
    const svg = variantPanels(couplingCurves, variants) as string;
    requireWellFormed(svg);
    expect(lines(svg)).toHaveLength(4 * variants.length);
    expect(svg.match(/fill-opacity="0.14"/g)).toHaveLength(4 * variants.length);
    const few = variants.map((variant) => ({ ...variant, runs: variant.runs.slice(0, 4) }));
    expect(variantPanels(couplingCurves, few)).not.toContain('fill-opacity="0.14"');
  });

  it('leave out what no run measured', () => {
    const part = variants.map((variant) => ({
      ...variant,
      runs: variant.runs.map((run) => ({
        ...run,
        metrics: metrics.map(({ 'coupling/bad_bad_cosine': _, ...line }) => line),
      })),
    }));
    expect(lines(variantPanels(couplingCurves, part) as string)).toHaveLength(2 * variants.length);
    const none = variants.map((variant) => ({
      ...variant,
      runs: variant.runs.map((run) => ({ ...run, metrics: metrics.slice(0, 2) })),
    }));
    expect(variantPanels(couplingCurves, none)).toBeUndefined();
  });
});

describe('curves of the steps of training', () => {
  const measured = [0, 1, 2, 3].map((k) => ({
    ...{ iteration: 10 * k, envSteps: 1000 * k },
    ...(k > 0 && {
      'spillover/bad_actual': 0.1 * k,
      'spillover/good_actual': -0.1 * k,
      'spillover/correlation': 0.9,
      'spillover/relative_error': 0.3 - 0.1 * k,
    }),
  }));

  it('draw bad, good, correlation and error on axes that bad and good share: up, down, level, down', () => {
    const svg = runPanels(stepCurves, { metrics: measured }, seriesStyle(1)) as string;
    requireWellFormed(svg);
    const drawn = lines(svg).map(({ points }) => points);
    expect(drawn.map((points) => points.length)).toEqual([3, 3, 3, 3]);
    const heights = drawn.map((points) => points[0][1] - points[2][1]);
    expect(heights.map((height) => Math.sign(Math.round(height)))).toEqual([1, -1, 0, -1]);
    expect(heights[0]).toBeCloseTo(-heights[1], 1);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['bad samples', 'good samples', 'correlation', 'relative error']),
    );
  });

  it('are left out without diagnostics', () => {
    expect(runPanels(stepCurves, { metrics }, seriesStyle(1))).toBeUndefined();
  });
});
