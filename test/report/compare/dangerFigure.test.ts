import { describe, expect, it } from 'vitest';
import { dangerFigure } from '../../../src/report/compare/dangerFigure.ts';
import { danger } from '../fixtures/readFixtures.ts';
import { lines, requireWellFormed, texts } from '../svg.ts';

describe('dangerFigure', () => {
  const record = danger();
  const svg = dangerFigure(record);

  it('is well-formed, names its axes and panels and returns the same text on every call', () => {
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        ...['iteration', 'probability of the bad action', 'start 0.20', 'start 0.60'],
        ...['start', 'return after training', "GRPO, other state's data removed", 'decoupled advantages'],
      ]),
    );
    expect(dangerFigure(danger())).toBe(svg);
  });

  it('draws one line and one band per curve; dashed exactly where data of the other state are removed', () => {
    const drawn = lines(svg).slice(0, record.curves.length);
    expect(drawn.map((line) => line.dash !== undefined)).toEqual(record.curves.map((curve) => !curve.coupling));
    expect(svg.match(/fill-opacity="0.14"/g)).toHaveLength(record.curves.length);
  });

  it('places a probability p at the height 1 - p of its panel (within 0.1 px)', () => {
    for (const [i, line] of lines(svg).slice(0, record.curves.length).entries()) {
      const values = record.curves[i].points.map((point) => point[1]);
      const [first, second] = [line.points[0][1], line.points[1][1]];
      expect(Math.abs((first - second) / (values[1] - values[0]) - 150)).toBeLessThan(
        0.1 / Math.abs(values[1] - values[0]),
      );
      expect(line.points.map(([x]) => x)).toEqual([...line.points.map(([x]) => x)].sort((a, b) => a - b));
    }
  });

  it('draws the returns against the start in the last panel, and no such panel without returns', () => {
    const drawn = lines(svg).slice(record.curves.length);
    const [grpo, removed] = [true, false].map((coupling) =>
      record.rows
        .filter((row) => row.method === 'grpo' && row.coupling === coupling)
        .map((row) => row.return as number),
    );
    expect(drawn).toHaveLength(4);
    expect(drawn.map((line) => line.dash !== undefined)).toEqual([false, true, false, false]);
    expect(drawn[1].points[0][1] - drawn[0].points[0][1]).toBeCloseTo(150 * (grpo[0] - removed[0]), 0);
    expect(drawn[1].points[1][0] - drawn[1].points[0][0]).toBeCloseTo(200 * (0.6 - 0.2), 0);
    const earlier = dangerFigure({ ...record, rows: record.rows.map((row) => ({ ...row, return: null })) });
    expect(lines(earlier)).toHaveLength(record.curves.length);
    expect(texts(earlier)).not.toContain('return after training');
  });

  it('counts in its title the starts from which the first method rises', () => {
    expect(texts(svg).join(' ')).toContain(
      "in 2 of 2 cases, with the other state's data removed in 0, with decoupled advantages in 0",
    );
    const risen = {
      ...record,
      rows: record.rows.map((row) => (row.coupling ? row : { ...row, peak: row.start + 0.06 })),
    };
    expect(texts(dangerFigure(risen)).join(' ')).toContain(
      "in 2 of 2 cases, with the other state's data removed in 2, with decoupled advantages in 0",
    );
  });

  it('draws no interval of fewer than five seeds, and does not speak of one', () => {
    const few = dangerFigure({ ...record, seeds: 4 });
    expect(few).not.toContain('fill-opacity="0.14"');
    expect(lines(few)).toHaveLength(lines(svg).length);
    expect(texts(few).join(' ')).not.toContain('interval');
    expect(texts(dangerFigure({ ...record, seeds: 5 })).join(' ')).toContain('bands: 95% interval');
  });

  it('escapes names', () => {
    const odd = { ...record, curves: record.curves.map((curve) => ({ ...curve, method: 'a<b & "c"' })) };
    requireWellFormed(dangerFigure(odd));
    expect(texts(dangerFigure(odd))).toContain('a<b & "c"');
  });

  it('rejects a record without curves', () => {
    expect(() => dangerFigure({ ...record, curves: [] })).toThrow(
      'dangerFigure: curves must not be empty, got 0; run danger again',
    );
  });
});
