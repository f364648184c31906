import { describe, expect, it } from 'vitest';
import { closingTableText } from '../../../src/report/compare/closingTable.ts';
import { contrastOf } from '../../../src/report/compare/contrast.ts';
import { renderCouplingPage, renderReport } from '../../../src/report/compare/report.ts';
import { summary } from '../../../src/report/compare/summary.ts';
import {
  baselineOf,
  type ComparedVariant,
  formatSeedMean,
  joinVariants,
  leaderOf,
  outOfDomainGain,
} from '../../../src/report/compare/variants.ts';
import { coupling, reportRecords } from '../fixtures/readFixtures.ts';
import { requireWellFormed } from '../svg.ts';

const records = reportRecords();
const variants = joinVariants(records.compare, records.runs);
const [grpo, lead, oracle] = variants;

/** `variant` with these out-of-domain successes, one run per seed 1, 2, ... */
function withSuccess(variant: ComparedVariant, outOfDomain: readonly number[]): ComparedVariant {
  const [run] = variant.runs;
  return {
    ...variant,
    runs: outOfDomain.map((success, i) => ({
      ...run,
      result: {
        ...run.result,
        config: { ...run.result.config, seed: i + 1 },
        success: { ...run.result.success, outOfDomain: success },
      },
    })),
  };
}

describe('joinVariants', () => {
  it('keeps order and roles; baseline and leader are neither control nor bound', () => {
    expect(variants.map((variant) => variant.role)).toEqual(['method', 'method', 'upper bound']);
    expect(baselineOf(variants)).toBe(grpo);
    expect(leaderOf(variants)).toBe(lead);
    expect(leaderOf([grpo, oracle])).toBeUndefined();
  });

  it('names a missing run', () => {
    expect(() => joinVariants(records.compare, records.runs.slice(1))).toThrow(
      'joinVariants: variant "GRPO" needs run "grpo-none-s1", got none of that name; keep the run\'s folder or run compare again',
    );
  });
});

describe('outOfDomainGain', () => {
  it('pairs by seed, whatever the order of the runs', () => {
    const treated = withSuccess(lead, [0.5, 0.8, 0.9]);
    const reversed = { ...treated, runs: [...treated.runs].reverse() };
    const gain = outOfDomainGain(reversed, withSuccess(grpo, [0.4, 0.5]));
    expect(gain?.mean).toBeCloseTo(0.2, 12);
    expect(gain?.seeds).toBe(2);
  });
});

describe('summary', () => {
  const say = (treated: number[], baseline: number[]) =>
    summary([withSuccess(grpo, baseline), withSuccess(lead, treated), oracle]);

  const clear = [0.8, 0.9, 1, 0.85, 0.95];
  const low = [0.3, 0.3, 0.3, 0.3, 0.3];

  it('returns a clear difference with its interval', () => {
    // t(4) = 2.7764 times sd 0.0791 over sqrt(5) is 0.0982.
    expect(say(clear, low)).toContain(
      'Out-of-domain success: 0.90 with classifier + cloning, graph labels, 0.30 with GRPO; the difference is +0.60 [+0.50, +0.70] (95% interval, paired over 5 seeds).',
    );
  });

  it('states that the interval contains zero', () => {
    expect(say([0.3, 0.6, 0.3, 0.5, 0.4], [0.4, 0.4, 0.4, 0.4, 0.4])).toContain(
      'The interval contains zero: these runs do not show that the two differ.',
    );
    expect(say(clear, low)).not.toContain('contains zero');
  });

  it('below five seeds it returns the differences without a conclusion', () => {
    expect(say([0.8, 0.9, 1, 0.7], [0.3, 0.3, 0.3, 0.3])).toContain(
      'the difference is +0.55 (+0.50 +0.60 +0.70 +0.40), paired by seed. 4 seeds are too few for an interval: these runs do not show that the two differ.',
    );
  });

  it('draws no conclusion from one seed or without a shared seed', () => {
    expect(say([0.9], [0.1])).toContain(
      '(difference +0.80). One shared seed is too few for an interval: these runs do not show that the two differ.',
    );
    expect(summary([withSuccess(grpo, [0.1]), withSuccess(lead, []), oracle])).toContain('they share no seed');
    expect(summary([grpo, oracle])).toContain('fewer than two methods');
  });

  it('states the contrast beside the cosine', () => {
    const texts = [lead, grpo].map(({ runs }) =>
      [0, 1].map((end) => {
        const of = runs.map(({ result }) => contrastOf(end === 1 ? result.coupling.end : result.coupling.start));
        return (of.reduce((sum: number, x) => sum + (x as number), 0) / of.length).toFixed(2).replace('-', '−');
      }),
    );
    expect(summary([grpo, lead])).toContain(
      `The contrast (cosine of pairs with equal labels minus good-bad) changed from ${texts[0][0]} to ${texts[0][1]} with ${lead.name} and from ${texts[1][0]} to ${texts[1][1]} with GRPO.`,
    );
  });

  it('warns if the best of several methods was selected', () => {
    expect(summary([grpo, lead, oracle])).not.toContain('biased upwards');
    expect(summary([grpo, lead, { ...lead, name: 'another' }])).toContain(
      'The best of 2 methods was selected by the same numbers, so its gain is biased upwards.',
    );
  });
});

describe('closingTableText', () => {
  const text = closingTableText([withSuccess(grpo, [0.4, 0.5]), withSuccess(lead, [0.7, 0.82]), oracle]);
  const row = (start: string) => text.split('\n').find((line) => line.startsWith(start)) ?? '';

  it('below five seeds it shows the value of each seed, and the mean below them; paired gain, coupling and steps', () => {
    expect(row('GRPO')).toContain('  0.40 0.50  ');
    expect(row('classifier + cloning')).toContain('  0.70 0.82  ');
    expect(row('classifier + cloning')).toContain('  +0.30 +0.32  ');
    const [, second] = text.slice(text.indexOf('\nclassifier + cloning')).trimStart().split('\n');
    expect(second).toMatch(/ mean 0\.76 +mean \+0\.31 /);
    expect(text).not.toMatch(/±|\[/);
    const { coupling: measured } = grpo.runs[0].result;
    const cosines = [measured.start, measured.end].map((at) => at.goodBadCosine?.toFixed(2));
    expect(row('GRPO')).toContain(cosines.join(' → '));
    const contrasts = [measured.start, measured.end].map((at) => contrastOf(at)?.toFixed(2).replace('-', '−'));
    expect(text).toContain(contrasts.join(' → '));
    expect(row('GRPO').trimEnd()).toMatch(/204k$/);
    expect(text).toContain('(upper bound)');
  });

  const many = closingTableText([
    withSuccess(grpo, [0.98, 0.99, 1, 1, 0.9]),
    withSuccess(lead, [0.01, 0, 0, 0.02, 0.1]),
    withSuccess(oracle, [0, 0.01, 1, 1, 1]),
  ]);

  it('from five seeds on it shows means and intervals, which stay within [0, 1], those of gains within [−1, 1]', () => {
    expect(many).toContain('0.97 ');
    expect(many).not.toContain('mean 0');
    const intervals = [...many.matchAll(/\[([+−]?)(\d\.\d\d), ([+−]?)(\d\.\d\d)\]/g)];
    expect(intervals.length).toBeGreaterThanOrEqual(5);
    for (const [, sign, low, , high] of intervals) {
      expect(Math.max(Number(low), Number(high))).toBeLessThanOrEqual(1);
      if (sign === '') expect(Number(low)).toBeLessThanOrEqual(Number(high));
    }
    expect(many).toContain('[−1.00, −0.84]');
  });

  it('has no colour codes and fits 120 characters', () => {
    const four = closingTableText([withSuccess(grpo, [0.4, 0.5, 0.1, 1]), withSuccess(lead, [0.7, 0.82, 0, 1])]);
    for (const each of [text, many, four]) {
      expect(each).not.toContain('\u001b');
      expect(Math.max(...each.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    }
  });

  it('states labels and pairs of the cosine, and that the intervals are not corrected', () => {
    expect(text).toContain('equal words, in two games that training did not play');
    expect(text).toContain('All pairs weigh alike');
    expect(text).toContain('none is corrected for the number of variants');
  });

  it('shows what was not measured as a dash', () => {
    expect(formatSeedMean(undefined)).toBe('–');
    expect(formatSeedMean({ mean: -0.126, seeds: 1, values: [-0.126] }, true)).toBe('−0.13');
    expect(formatSeedMean({ mean: 0.2, seeds: 2, values: [-0.001, 0.401] }, true)).toBe('+0.20 (0.00 +0.40)');
    const interval = { mean: 0.2, low: 0.1, high: 0.35 };
    expect(formatSeedMean({ mean: 0.2, seeds: 5, values: [], interval })).toBe('0.20 [0.10, 0.35]');
  });
});

describe('renderReport', () => {
  const html = renderReport(records);

  it('is self-contained, well-formed and the same on every call', () => {
    const xml = html
      .replace('<!doctype html>\n', '')
      .replaceAll(/<meta [^>]*>/g, '')
      .replace(/<style>[\s\S]*?<\/style>/, '');
    requireWellFormed(xml);
    expect(html).not.toMatch(/<script|@import|url\((?!#)|(?:src|href)="/);
    expect(renderReport(reportRecords())).toBe(html);
  });

  it('names every figure, uses separate ids and shows each section', () => {
    expect(html.match(/<figure>/g)).toHaveLength(9);
    // Each figure is there for wide windows and for phones.
    expect(html.match(/role="img" aria-label="[^"]{20,}" width="760"/g)).toHaveLength(9);
    expect(html.match(/role="img" aria-label="[^"]{20,}" width="360"/g)).toHaveLength(9);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html.match(/Left out:/g)).toHaveLength(1);
    expect(html).toContain('Left out: no run measured it; set diagnostics and couplingEvery.');
  });

  it('quotes command and versions, escaped', () => {
    expect(html).toContain('unbraid compare --preset quick --out &quot;runs/quick&quot;');
    expect(html).toContain('unbraid 0.1.0 · household 3');
  });

  it('shows label quality of the variants that have labels', () => {
    expect(html).toContain(
      '<tr><th scope="row">classifier + cloning, graph labels</th><td>graph</td><td>0.70 (0.70 0.70)</td><td>0.77 (0.77 0.77)</td>',
    );
    expect(html).not.toContain('<th scope="row">GRPO</th><td>none</td>');
  });

  it('replaces sections without records by a line', () => {
    const bare = renderReport({
      ...{ compare: records.compare, command: records.command, versions: records.versions },
      runs: records.runs.map(({ name, result }) => ({ name, result, metrics: [] })),
    });
    expect(bare.match(/Left out:/g)).toHaveLength(10);
    expect(bare.match(/<figure>/g)).toHaveLength(1);
    expect(bare).toContain('Left out: the run folder has no danger.json; run danger.');
  });
});

describe('renderCouplingPage', () => {
  it('shows the numbers of the record and four figures', () => {
    const html = renderCouplingPage(coupling());
    const { goodBad } = coupling().classes;
    expect(html).toContain(`have a mean cosine of ${goodBad.meanCosine?.toFixed(3)}`);
    expect(html).toContain(`In ${Math.round((goodBad.positiveFraction ?? 0) * 100)}% of ${goodBad.pairs} pairs`);
    expect(html.match(/<figure>/g)).toHaveLength(4);
  });

  const further = {
    contrast: 0.123,
    kernelTargetAlignment: 0.234,
    distinctSamples: 77,
    effectiveRank: 34.56,
    topShare: 0.456,
    embeddingCosine: { goodBad: 0.567, goodGood: 0.678, badBad: 0.789, contrast: 0.1665, cka: 0.891 },
  };

  it('shows contrast, alignments, spectrum and embeddings where the record has them', () => {
    const html = renderCouplingPage({ ...coupling(), ...further });
    for (const shown of ['0.123', '0.234', '34.6', '77 samples', '0.456', '0.567', '0.678', '0.789', '0.167', '0.891'])
      expect(html).toContain(shown);
    expect(renderCouplingPage(coupling())).not.toContain('effective rank');
  });

  it('shows the coupling during training where the metrics have it at three iterations or more', () => {
    const metrics = [0, 1, 2].map((iteration) => ({
      ...{ iteration, envSteps: 100 * iteration },
      'coupling/good_bad_cosine': 0.3,
    }));
    expect(renderCouplingPage(coupling(), metrics).match(/<figure>/g)).toHaveLength(5);
    const steps = metrics.map((line) => ({ ...line, 'spillover/correlation': 0.9 }));
    expect(renderCouplingPage(coupling(), steps).match(/<figure>/g)).toHaveLength(6);
    expect(renderCouplingPage(coupling(), metrics.slice(1)).match(/<figure>/g)).toHaveLength(4);
  });

  it('states that there is no pair', () => {
    const record = coupling();
    const goodBad = { pairs: 0, meanCosine: null, meanDot: null, positiveFraction: null };
    const html = renderCouplingPage({ ...record, classes: { ...record.classes, goodBad } });
    expect(html).toContain('The samples contain no good-bad pair, so good-bad coupling could not be measured.');
  });

  it('leaves out the similarity figure where there are no bins', () => {
    expect(renderCouplingPage({ ...coupling(), similarity: [] }).match(/<figure>/g)).toHaveLength(3);
  });
});
