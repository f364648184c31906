import { describe, expect, it } from 'vitest';
import { dangerZoneFigure } from '../../../src/study/danger/dangerZoneFigure.ts';
import { danger } from '../../report/fixtures/readFixtures.ts';
import { lines, requireWellFormed, texts } from '../../report/svg.ts';

const record = danger();
const grpo = record.curves.filter(({ method, coupling }) => method === 'grpo' && coupling);
const off = record.curves.filter(({ method, coupling }) => method === 'grpo' && !coupling);
const panels = [
  { name: 'GRPO', about: "other state's data removed\nreturn 0.14", curves: off },
  { name: 'a<b', about: 'data of both states', curves: grpo },
];

describe('dangerZoneFigure', () => {
  const svg = dangerZoneFigure(record, panels, 'zone');

  it('is well-formed and names panels, starts and axes', () => {
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        'GRPO',
        "other state's data removed",
        'return 0.14',
        'a<b',
        'start 0.2',
        'iteration',
        'probability of the bad action',
      ]),
    );
    expect(texts(svg).join(' ')).toContain(`similarity ρ = ${record.rho}`);
  });

  it('draws a line per start in each panel, a probability p at the height 1 - p (within 0.1 px)', () => {
    const drawn = lines(svg);
    expect(drawn).toHaveLength(off.length + grpo.length);
    for (const [i, { points }] of [...off, ...grpo].entries()) {
      const values = points.map(([, mean]) => mean);
      const heights = drawn[i].points.map(([, y]) => y);
      const scale = (heights[0] - heights[1]) / (values[1] - values[0]);
      expect(Math.abs(scale - 132)).toBeLessThan(0.1 / Math.abs(values[1] - values[0]));
    }
    // The same start has the same colour in every panel.
    expect(drawn[0].color).toBe(drawn[off.length].color);
    expect(drawn[0].color).not.toBe(drawn[1].color);
  });

  it('draws the interval of each last value right of the lines', () => {
    const bars = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"[^>]*stroke-width="1.4"/g)];
    expect(bars).toHaveLength(off.length + grpo.length);
    const [, x, low, , high] = bars[off.length].map(Number);
    const [last] = lines(svg)[off.length].points.slice(-1);
    expect(x).toBeGreaterThan(last[0]);
    const [, , from, to] = grpo[0].points[grpo[0].points.length - 1];
    expect(Math.abs(Math.abs(low - high) - 132 * (to - from))).toBeLessThan(1.1);
  });

  it('draws no interval of fewer than five seeds, and does not speak of one', () => {
    const few = dangerZoneFigure({ ...record, seeds: 4 }, panels, 'zone');
    expect(few).not.toMatch(/stroke-width="1.4"/);
    expect(texts(few).join(' ')).not.toContain('interval');
  });

  it('rejects empty input', () => {
    expect(() => dangerZoneFigure(record, [], 'zone')).toThrow(
      'dangerZoneFigure: panels must not be empty, got 0; run the study again',
    );
  });
});
