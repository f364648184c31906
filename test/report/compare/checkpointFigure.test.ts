import { describe, expect, it } from 'vitest';
import { couplingAgainstSuccess } from '../../../src/report/compare/checkpointFigure.ts';
import { joinVariants } from '../../../src/report/compare/variants.ts';
import { reportRecords } from '../fixtures/readFixtures.ts';
import { marks, requireWellFormed, texts } from '../svg.ts';

const records = reportRecords();
const variants = joinVariants(records.compare, records.runs);

describe('couplingAgainstSuccess', () => {
  it('draws a mark per checkpoint: further right with success, higher with the cosine', () => {
    const svg = couplingAgainstSuccess(variants) ?? '';
    requireWellFormed(svg);
    const points = variants.flatMap(({ runs }) => runs.flatMap((run) => run.metrics));
    const drawn = marks(svg);
    expect(drawn).toHaveLength(points.length);
    const cosine = (i: number) => points[i]['coupling/good_bad_cosine'] as number;
    const byCosine = points.map((_, i) => i).sort((i, j) => cosine(i) - cosine(j));
    expect(byCosine.map((i) => drawn[i].point[1])).toEqual(drawn.map((mark) => mark.point[1]).sort((a, b) => b - a));
    expect(texts(svg)).toContain('out-of-domain success rate');
    expect(texts(svg)).toContain('mean cosine of good-bad pairs');
  });

  it('returns the correlation of all checkpoints, and none below three of them', () => {
    const titled = (points: [number, number][]) => {
      const metrics = points.map(([success, cosine], iteration) => ({
        ...{ iteration, envSteps: iteration },
        ...{ 'eval/out_of_domain': success, 'coupling/good_bad_cosine': cosine },
      }));
      const [variant] = variants;
      return texts(couplingAgainstSuccess([{ ...variant, runs: [{ ...variant.runs[0], metrics }] }]) ?? '').join('|');
    };
    // numpy.corrcoef([0, .5, 1, .25], [.3, .2, .1, .1])[0, 1] is -0.66254.
    expect(
      titled([
        [0, 0.3],
        [0.5, 0.2],
        [1, 0.1],
        [0.25, 0.1],
      ]),
    ).toContain('4 checkpoints: correlation −0.66');
    expect(
      titled([
        [0, 0.3],
        [0.5, 0.2],
      ]),
    ).not.toContain('correlation');
  });

  it('is left out where no checkpoint measured both', () => {
    const bare = variants.map((variant) => ({
      ...variant,
      runs: variant.runs.map((run) => ({ ...run, metrics: [] })),
    }));
    expect(couplingAgainstSuccess(bare)).toBeUndefined();
  });
});
