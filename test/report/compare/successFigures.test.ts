import { describe, expect, it } from 'vitest';
import { curveOf, learningCurves, successBySplit } from '../../../src/report/compare/successFigures.ts';
import { joinVariants } from '../../../src/report/compare/variants.ts';
import { reportRecords } from '../fixtures/readFixtures.ts';
import { lines, marks, requireWellFormed, texts } from '../svg.ts';

const records = reportRecords();
const variants = joinVariants(records.compare, records.runs);

describe('learningCurves', () => {
  const five = variants.map((variant) => ({ ...variant, runs: [0, 1, 0, 1, 0].map((i) => variant.runs[i]) }));
  const svg = learningCurves(five);

  it('draws one line and one band per variant and split, and names axes and panels', () => {
    requireWellFormed(svg);
    expect(lines(svg)).toHaveLength(variants.length * 2);
    expect(svg.match(/fill-opacity="0.14"/g)).toHaveLength(variants.length * 2);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['environment steps', 'success rate', 'training games', 'out-of-domain games', 'GRPO']),
    );
  });

  it('places a higher success higher and more steps further right', () => {
    for (const [i, line] of lines(svg).entries()) {
      const curve = curveOf(five[Math.floor(i / 2)], i % 2 === 0 ? 'eval/train' : 'eval/out_of_domain');
      expect(line.points).toHaveLength(curve.length);
      for (let k = 1; k < curve.length; k++) {
        const rise = curve[k][1].mean - curve[k - 1][1].mean;
        expect(Math.sign(line.points[k - 1][1] - line.points[k][1])).toBe(Math.sign(rise));
        expect(line.points[k][0]).toBeGreaterThan(line.points[k - 1][0]);
      }
    }
  });

  it('draws no band for fewer than five seeds', () => {
    for (const count of [1, 4]) {
      const few = five.map((variant) => ({ ...variant, runs: variant.runs.slice(0, count) }));
      expect(learningCurves(few)).not.toContain('fill-opacity="0.14"');
      expect(lines(learningCurves(few))).toHaveLength(variants.length * 2);
    }
  });
});

describe('curveOf', () => {
  it('averages steps and values over runs at iterations that all of them measured', () => {
    const [{ runs }] = variants;
    const shorter = { ...runs[1], metrics: runs[1].metrics.slice(0, 2) };
    const curve = curveOf({ ...variants[0], runs: [runs[0], shorter] }, 'eval/train');
    expect(curve).toHaveLength(2);
    expect(curve[1][0]).toBe((runs[0].metrics[1].envSteps + runs[1].metrics[1].envSteps) / 2);
    const values = [0, 1].map((run) => runs[run].metrics[1]['eval/train'] as number);
    expect(curve[1][1].mean).toBeCloseTo((values[0] + values[1]) / 2, 12);
  });
});

describe('successBySplit', () => {
  const svg = successBySplit(variants);

  it('draws a mean per variant and split, placed by its value, and marks controls and bounds', () => {
    requireWellFormed(svg);
    const means = marks(svg).filter((mark) => mark.size === 11);
    expect(means).toHaveLength(variants.length * 3);
    for (let split = 0; split < 3; split++) {
      const panel = means.slice(split * variants.length, (split + 1) * variants.length);
      const success = variants.map(({ runs }) => {
        const key = (['train', 'inDomain', 'outOfDomain'] as const)[split];
        return runs.reduce((sum, run) => sum + (run.result.success[key] ?? 0), 0);
      });
      const order = (values: number[]) => values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
      expect(order(panel.map((mark) => mark.point[0]))).toEqual(order(success));
    }
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['success rate', 'in-domain', 'classifier, oracle labels (upper bound)']),
    );
  });
});
