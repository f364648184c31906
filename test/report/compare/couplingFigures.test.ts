import { describe, expect, it } from 'vitest';
import { layerFigure, similarityFigure, spilloverFigure } from '../../../src/report/compare/couplingFigures.ts';
import { seriesStyle } from '../../../src/report/draw/chart.ts';
import { coupling } from '../fixtures/readFixtures.ts';
import { lines, marks, requireWellFormed, texts } from '../svg.ts';

const start = coupling('grpo-none-s1/coupling-start.json');
const end = coupling();
const named = { name: 'a <b> & c', record: end, style: seriesStyle(1) };

/** Widths of the bars with this fill, in drawing order. */
function barWidths(svg: string, fill: string): number[] {
  const pattern = new RegExp(`<path d="M[-\\d.]+ [-\\d.]+l([-\\d.]+) 0[^"]+" fill="${fill}" stroke="#0072B2"`, 'g');
  return [...svg.matchAll(pattern)].map(([, width]) => Number(width));
}

describe('layerFigure', () => {
  it('draws a hollow bar for the start and a filled one for the end, as long as its cosine', () => {
    const svg = layerFigure([{ name: 'GRPO', start, end }]);
    requireWellFormed(svg);
    for (const [fill, record] of [
      ['#ffffff', start],
      ['#0072B2', end],
    ] as const) {
      const widths = barWidths(svg, fill);
      const cosines = record.layers.map((layer) => layer.goodBadCosine as number);
      expect(widths).toHaveLength(cosines.length);
      expect(widths[1] / widths[0]).toBeCloseTo(cosines[1] / cosines[0], 1);
    }
    expect(texts(svg)).toEqual(expect.arrayContaining(['mean cosine of good-bad pairs', 'GRPO', 'match.weight 48%']));
  });

  it('draws the end alone where there is no start', () => {
    const svg = layerFigure([{ name: 'GRPO', end }]);
    expect(barWidths(svg, '#ffffff')).toHaveLength(0);
    expect(barWidths(svg, '#0072B2')).toHaveLength(end.layers.length);
  });
});

describe('spilloverFigure', () => {
  const svg = spilloverFigure([named]);

  it('draws one mark per sample on equal axes: a point on the identity is as far right as up', () => {
    requireWellFormed(svg);
    const drawn = marks(svg);
    expect(drawn).toHaveLength(end.spillover.points.length);
    const exact = marks(
      spilloverFigure([
        {
          ...named,
          record: {
            ...end,
            spillover: {
              ...end.spillover,
              points: [
                [0.01, 0.01],
                [-0.02, -0.02],
              ],
            },
          },
        },
      ]),
    );
    const [[x0, y0], [x1, y1]] = exact.map((mark) => mark.point);
    expect(x0 - x1).toBeCloseTo(y1 - y0, 2);
    expect(x0).toBeGreaterThan(x1);
  });

  it('names axes, error and policy', () => {
    expect(texts(svg)).toEqual(expect.arrayContaining(['predicted change of log π', 'measured change of log π']));
    expect(texts(svg)).toContain('a <b> & c (relative error 0.13)');
  });

  it('keeps a point of any size inside round axis ends', () => {
    const points: [number, number][] = [[3.7e-5, -2e-5]];
    const small = spilloverFigure([{ ...named, record: { ...end, spillover: { ...end.spillover, points } } }]);
    expect(texts(small)).toContain('0.00004');
  });
});

describe('similarityFigure', () => {
  it('draws cosine and positive fraction per bin, higher where larger', () => {
    const svg = similarityFigure([named]);
    requireWellFormed(svg);
    const [cosine, fraction] = lines(svg);
    expect(lines(svg)).toHaveLength(2);
    expect(cosine.points).toHaveLength(end.similarity.length);
    expect(cosine.points[1][1]).toBeLessThan(cosine.points[0][1]);
    expect(fraction.points[1][1]).toBeLessThan(fraction.points[0][1]);
    expect(texts(svg)).toEqual(expect.arrayContaining(['similarity of the states', 'fraction of pairs', 'a <b> & c']));
  });

  it('leaves out bins without pairs', () => {
    const [first, ...rest] = end.similarity;
    const record = { ...end, similarity: [{ ...first, goodBadCosine: null, positiveFraction: null }, ...rest] };
    expect(marks(similarityFigure([{ ...named, record }]))).toHaveLength(2 * rest.length);
  });
});

describe('figures without policies', () => {
  it('say what to run', () => {
    const message = (name: string) => `${name}: policies must not be empty, got 0; run coupling first`;
    expect(() => layerFigure([])).toThrow(message('layerFigure'));
    expect(() => spilloverFigure([])).toThrow(message('spilloverFigure'));
    expect(() => similarityFigure([])).toThrow(message('similarityFigure'));
  });
});
