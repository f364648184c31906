import { describe, expect, it } from 'vitest';
import { similarityFigure, spilloverFigure } from '../../../src/report/compare/couplingFigures.ts';
import { dangerFigure } from '../../../src/report/compare/dangerFigure.ts';
import { renderReport } from '../../../src/report/compare/report.ts';
import { successBySplit } from '../../../src/report/compare/successFigures.ts';
import { joinVariants } from '../../../src/report/compare/variants.ts';
import { seriesStyle } from '../../../src/report/draw/chart.ts';
import { cosineColors, darkColors, LEVELS, probabilityColors } from '../../../src/report/draw/colors.ts';
import { heatMapFigure } from '../../../src/report/draw/heatMap.ts';
import { file, page, phone } from '../../../src/report/draw/layout.ts';
import { htmlFigure, htmlPage, htmlScroll } from '../../../src/report/draw/page.ts';
import { profileFigure } from '../../../src/report/profile/profileFigure.ts';
import { coupling, danger, reportRecords } from '../fixtures/readFixtures.ts';
import { profile } from '../profile/profileRecord.ts';
import { requireWellFormed, texts } from '../svg.ts';

const records = reportRecords();
const variants = joinVariants(records.compare, records.runs);
const named = { name: 'a run', record: coupling(), style: seriesStyle(1) };
const report = renderReport(records);

/** The tips of a figure, in drawing order. */
const tips = (svg: string): string[] => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text);

/** Relative luminance of `#rrggbb` (WCAG 2). */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe('figures of phones', () => {
  const figures = [
    (medium: typeof file) => successBySplit(variants, medium),
    (medium: typeof file) => dangerFigure(danger(), 'danger', undefined, medium),
    (medium: typeof file) => similarityFigure([named], medium),
    (medium: typeof file) => spilloverFigure([named], medium),
    (medium: typeof file) => heatMapFigure([{ name: 'x', matrix: coupling().matrix }], medium),
    (medium: typeof file) => profileFigure(profile, medium),
  ];

  it('show the texts of the wide ones, in 360 pixels', () => {
    for (const draw of figures) {
      const [wide, narrow] = [draw(page), draw(phone)];
      requireWellFormed(narrow);
      expect(narrow).toMatch(/^<svg [^>]*width="360"/);
      const shown = texts(narrow).join(' ');
      const words = texts(wide).filter((text) => /^[a-z][a-z -]+$/.test(text));
      for (const word of words) expect(shown).toContain(word);
    }
  });

  it('have panels below each other, and each with the name of its axis', () => {
    const left = (svg: string): Set<string> =>
      new Set(
        [...svg.matchAll(/<text [^>]*translate\(([\d.]+) [\d.]+\)[^>]*>(?:start 0\.\d+|return after training)</g)].map(
          ([, x]) => x,
        ),
      );
    const draw = figures[1];
    expect(left(draw(page)).size).toBe(3);
    expect(left(draw(phone)).size).toBe(1);
    const axes = texts(draw(phone)).filter((text) => ['probability of the bad action', 'mean return'].includes(text));
    expect(axes).toEqual(['probability of the bad action', 'probability of the bad action', 'mean return']);
  });

  it('leave figures in files as they are', () => {
    for (const draw of figures) {
      expect(draw(file)).toContain('width="760"');
      expect(tips(draw(file))).toEqual([]);
    }
  });
});

describe('tips', () => {
  it('state the values of a mark with the names of its series and axes', () => {
    const [point] = named.record.spillover.points;
    const [x, y] = point.map((value) => String(Number(value.toPrecision(3))).replace('-', '−'));
    expect(tips(spilloverFigure([named], page))).toContain(
      `a run (relative error ${named.record.spillover.relativeError.toFixed(2)}): predicted change of log π ${x}, measured change of log π ${y}`,
    );
    const returns = tips(dangerFigure(danger(), 'danger', undefined, page)).filter((tip) =>
      tip.includes('mean return'),
    );
    expect(returns.length).toBeGreaterThan(0);
  });

  it('state the estimate of a row, and each run', () => {
    const shown = tips(successBySplit(variants, page));
    expect(shown).toContain('GRPO, out-of-domain: 0.27');
    expect(shown.filter((tip) => tip.endsWith('in one run'))).toHaveLength(18);
  });

  it('state the part of a bar with its category', () => {
    expect(tips(profileFigure(profile, page))).toContain('gradients: ms per iteration 20');
  });
});

describe('dark mode', () => {
  it('has another colour for each colour of the figures of a report', () => {
    const used = new Set([...report.matchAll(/ (?:fill|stroke)="(#\w{6})"/g)].map(([, color]) => color));
    expect([...used].filter((color) => !darkColors.has(color))).toEqual([]);
    const dark = report.slice(report.indexOf('prefers-color-scheme: dark'), report.indexOf('</style>'));
    for (const color of used) expect(dark).toContain(`="${color}"] {`);
    expect(dark).not.toContain('#0d0887');
  });

  it('keeps lines at a contrast of 3 and texts at one of 4.5 to the paper', () => {
    const paper = darkColors.get('#ffffff') as string;
    const scales = new Set([...cosineColors, ...probabilityColors]);
    for (const [light, dark] of darkColors) {
      // The paper itself, and the lines of the grid, which need no contrast.
      if (light === '#ffffff' || light === '#e4e4e4' || scales.has(light)) continue;
      expect(contrast(dark, paper), light).toBeGreaterThan(light === '#1a1a1a' || light === '#555555' ? 4.5 : 3);
    }
  });

  it('keeps the order of the scales: the middle cosine is near the paper, probabilities get lighter', () => {
    const of = (colors: readonly string[]) => colors.map((color) => luminance(darkColors.get(color) as string));
    const middle = (LEVELS - 1) / 2;
    const cosine = of(cosineColors);
    expect(Math.min(...cosine)).toBe(cosine[middle]);
    const probability = of(probabilityColors);
    expect(probability.every((value, i) => i === 0 || value > probability[i - 1])).toBe(true);
  });

  it('leaves paper light', () => {
    expect(report).not.toMatch(/@media \(prefers-color-scheme/);
    expect(report).toContain('@media screen and (prefers-color-scheme: dark)');
  });
});

describe('htmlScroll', () => {
  it('can be reached by keyboard and has a name, escaped', () => {
    expect(htmlScroll('a "b" & c', '<p/>', ' many')).toBe(
      '<div class="scroll many" tabindex="0" role="region" aria-label="a &quot;b&quot; &amp; c"><p/></div>',
    );
    const regions = report.match(/<div class="scroll[^>]*>/g) ?? [];
    expect(regions).toHaveLength(report.match(/<table>/g)?.length ?? 0);
    for (const region of regions) expect(region).toMatch(/tabindex="0" role="region" aria-label="[^"]+"/);
  });
});

it('a page holds each figure for both widths, with separate ids', () => {
  const html = htmlPage('t', [htmlFigure((medium) => dangerFigure(danger(), 'danger', undefined, medium), 'c')]);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(html.match(/<div class="(wide|phone)">/g)).toHaveLength(2);
});
