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
      expect.arrayContaining(['iteration', 'probability of the bad action', 'start 0.20', 'start 0.60']),
    );
    expect(dangerFigure(danger())).toBe(svg);
  });

  it('draws one line and one band per curve; dashed exactly where coupling is off', () => {
    const drawn = lines(svg);
    expect(drawn).toHaveLength(record.curves.length);
    expect(drawn.map((line) => line.dash !== undefined)).toEqual(record.curves.map((curve) => !curve.coupling));
    expect(svg.match(/fill-opacity="0.14"/g)).toHaveLength(record.curves.length);
  });

  it('places a probability p at the height 1 - p of its panel (within 0.1 px)', () => {
    for (const [i, line] of lines(svg).entries()) {
      const values = record.curves[i].points.map((point) => point[1]);
      const [first, second] = [line.points[0][1], line.points[1][1]];
      expect(Math.abs((first - second) / (values[1] - values[0]) - 150)).toBeLessThan(
        0.1 / Math.abs(values[1] - values[0]),
      );
      expect(line.points.map(([x]) => x)).toEqual([...line.points.map(([x]) => x)].sort((a, b) => a - b));
    }
  });

  it('counts in its title the starts from which the first method rises', () => {
    expect(texts(svg).join(' ')).toContain('in 2 of 2 cases with coupling, in 0 of 2 without');
    const risen = {
      ...record,
      rows: record.rows.map((row) => (row.coupling ? row : { ...row, peak: row.start + 0.06 })),
    };
    expect(texts(dangerFigure(risen)).join(' ')).toContain('in 2 of 2 cases with coupling, in 2 of 2 without');
  });

  it('draws no interval of fewer than five seeds, and does not speak of one', () => {
    const few = dangerFigure({ ...record, seeds: 4 });
    expect(few).not.toContain('fill-opacity="0.14"');
    expect(lines(few)).toHaveLength(record.curves.length);
    expect(texts(few).join(' ')).not.toContain('interval');
    expect(texts(dangerFigure({ ...record, seeds: 5 })).join(' ')).toContain('bands: 95% interval');
  });

  it('escapes names', () => {
    const odd = { ...record, curves: record.curves.map((curve) => ({ ...curve, method: 'a<b & "c"' })) };
    requireWellFormed(dangerFigure(odd));
    expect(texts(dangerFigure(odd))).toContain('a<b & "c", coupling on');
  });

  it('rejects a record without curves', () => {
    expect(() => dangerFigure({ ...record, curves: [] })).toThrow(
      'dangerFigure: curves must not be empty, got 0; run danger again',
    );
  });
});
