/** Reports of environments whose success means nothing show returns, and every report shows the random baseline. */
import { describe, expect, test } from 'vitest';
import { parseRunResult, type RunResult } from '../../../src/record/schemas.ts';
import { closingTableText, tableNotes } from '../../../src/report/compare/closingTable.ts';
import { renderReport } from '../../../src/report/compare/report.ts';
import { successBySplit } from '../../../src/report/compare/successFigures.ts';
import { summary } from '../../../src/report/compare/summary.ts';
import { type ComparedVariant, joinVariants, leaderOf, outOfDomainGain } from '../../../src/report/compare/variants.ts';
import { reportRecords } from '../fixtures/readFixtures.ts';
import { requireWellFormed, texts } from '../svg.ts';

const records = reportRecords();
const none = { train: null, inDomain: null, outOfDomain: null };

const meanOf = (mean: number) => ({ mean, interval: [mean - 1, mean + 1] as const, episodes: 100 });
const means = (mean: number) => ({ train: meanOf(mean + 20), inDomain: meanOf(mean + 10), outOfDomain: meanOf(mean) });

/** The result without success, with returns that depend on the method and the seed. */
function withReturns(result: RunResult): RunResult {
  const mean = (result.config.method === 'grpo' ? -150 : 75) + result.config.seed;
  const random = { success: none, return: means(-200) };
  const metrics = { ...result, success: none, return: means(mean), random };
  // What a run writes is what a report reads.
  return parseRunResult(JSON.stringify(metrics));
}

const runs = records.runs.map((run) => ({
  ...run,
  result: withReturns(run.result),
  metrics: run.metrics.map(({ iteration, envSteps, ...rest }) => ({
    ...{ iteration, envSteps },
    ...Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [key.replace('eval/', 'eval_return/'), value && 300 * value]),
    ),
  })),
}));
const paying = joinVariants(records.compare, runs);

describe('without success', () => {
  test('the table, the gain, the leader and the summary are those of the returns', () => {
    const [grpo, lead] = paying;
    expect(leaderOf(paying)).toBe(lead);
    expect(outOfDomainGain(lead, grpo)?.mean).toBe(225);
    const table = closingTableText(paying);
    expect(table).toContain('train, in-domain, out-of-domain: mean return. gain: out-of-domain return minus');
    expect(summary(paying)).toMatch(/^Out-of-domain return: 76\.50 with .*, −148\.50 with GRPO; /);
    const svg = successBySplit(paying);
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(expect.arrayContaining(['Return after training, by split', 'mean return']));
    const page = renderReport({ ...records, runs });
    expect(page).toContain('Return during training, on training games and on held-out combinations');
    expect(page).not.toContain('success rate</text>');
  });

  test('random actions have a row of their own, the mean of the runs that played them', () => {
    const row = (variants: readonly ComparedVariant[]): string[] =>
      (
        closingTableText(variants)
          .split('\n')
          .find((line) => line.startsWith('random actions ')) ?? ''
      ).split(/ {2,}/);
    const all = paying.flatMap((variant) => variant.runs).length;
    expect(row(paying).slice(0, 6)).toEqual(['random actions', String(all), '−180.00', '−190.00', '−200.00', '–']);
    expect(tableNotes(paying)[1]).toBe('random actions: uniformly random actions in the games of the evaluation.');
    expect(row(joinVariants(records.compare, records.runs))).toEqual(['']);
  });
});

test('with success, random actions are shown by their success', () => {
  const rates = { train: meanOf(0.3), inDomain: meanOf(0.2), outOfDomain: meanOf(0.1) };
  const variants = joinVariants(
    records.compare,
    records.runs.map((run) => ({ ...run, result: { ...run.result, random: { success: rates, return: means(7) } } })),
  );
  const table = closingTableText(variants);
  expect(table).toMatch(/^random actions +\d+ +0\.30 +0\.20 +0\.10 +– +–/m);
  expect(table).toContain('train, in-domain, out-of-domain: success rate.');
});
