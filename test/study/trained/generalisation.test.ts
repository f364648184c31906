import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { file, page, phone } from '../../../src/report/draw/layout.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import { generalisation } from '../../../src/study/trained/generalisation.ts';
import type { TrainInput } from '../../../src/study/trained/trainJob.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { resultsOf } from '../results.ts';

const quick: StudyScale = { size: 'quick', seeds: 8, firstSeed: 1, noGames: () => null };
const full: StudyScale = { ...quick, size: 'full', seeds: null };

const coins = (scale: StudyScale): number =>
  generalisation.plan(scale).filter(({ input }) => input.env === 'textworld-express/coin').length;

describe('plan', () => {
  test('every config is one that trains; main variants have 20 seeds in a full study', () => {
    const jobs = generalisation.plan(full);
    for (const { input } of jobs) expect(resolveConfig(input).seed).toBe(input.seed);
    const plain = jobs.filter(({ input }) => JSON.stringify(Object.keys(input)) === '["seed"]');
    expect(plain.map(({ input }) => input.seed)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('games of other programs are left out where they cannot be played, with the reason in the notes', () => {
    expect([coins(full), coins({ ...full, noGames: () => 'Java is missing' }), coins(quick)]).toEqual([15, 0, 0]);
    const scale: StudyScale = { ...full, seeds: 1, noGames: () => 'Java is missing' };
    const notes = generalisation.report(resultsOf(generalisation.plan(scale)), scale, '').notes;
    expect(notes).toContain('TextWorldExpress was left out: Java is missing');
  });

  test('every method and label source is there without a cold start, too, but those that need demonstrations', () => {
    const variantsOf = (cold: boolean) => {
      const own = generalisation.plan(full).filter(({ input }) => !('env' in input) && 'coldStart' in input === cold);
      return new Set(own.map(({ input: { seed: _, coldStart: __, ...config } }) => JSON.stringify(config)));
    };
    const missing = [...variantsOf(false)].filter((config) => !variantsOf(true).has(config));
    expect(missing.length).toBeGreaterThan(0);
    for (const config of missing) expect(config).toContain('"labels":"demonstrations"');
    expect([...variantsOf(true)].filter((config) => config.includes('demonstrations'))).toEqual([]);
    // The exploration bonus and hindsight, alone and together, and the control.
    const exploring = [...variantsOf(true)].filter((config) => !variantsOf(false).has(config));
    expect(exploring.length).toBe(5);
    for (const config of exploring) expect(config).toMatch(/"(explorationBonus|hindsight)":/);
  });

  test('a setting is done seed by seed', () => {
    const seeds = generalisation.plan(quick).filter(({ input }) => !('env' in input) && !('coldStart' in input));
    const order = seeds.map(({ input }) => input.seed as number);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});

describe('report', () => {
  const report = generalisation.report(
    resultsOf(generalisation.plan(quick)),
    quick,
    'unbraid study generalisation --quick',
  );
  const [household] = report.tables;
  const row = (name: string) => household.rows.find((each) => each.name === name);
  const numbers = (name: string) => row(name)?.cells as readonly Estimate[];

  test('success and gain paired by seed, with seeds and the command of each row', () => {
    const [, , grpo, gain, better] = numbers('GRPO');
    expect([grpo.value, gain, better]).toEqual([expect.closeTo(0.415, 10), null, null]);
    const [, , , found, improved, cosine, steps] = numbers('classifier, graph labels');
    // Odd seeds gain 0.30, even ones 0.25.
    expect(found.value).toBeCloseTo(0.275, 10);
    expect([found.seeds, improved.value, steps.value]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], 1, 150]);
    expect([(found.low as number) >= 0.25 - 1e-9, (found.high as number) <= 0.3 + 1e-9]).toEqual([true, true]);
    expect(cosine.value).toBeLessThan(numbers('GRPO')[5].value);
    expect(row('classifier, graph labels')?.command).toBe(
      'unbraid train --method classifier --labels graph --seed SEED',
    );
    expect(report.tables[2].rows[0].command).toBe('unbraid train --env crafting --seed SEED');
    expect(report.tables[1].rows[0].command).toBe('unbraid train --cold-start 0 --seed SEED');
  });

  test('what classifying adds to cloning the same labels, paired by seed', () => {
    const added = numbers('classifier + cloning, graph labels')[7];
    expect(added).toMatchObject({ value: expect.closeTo(0.1, 10), seeds: [1, 2, 3, 4, 5, 6, 7, 8] });
    const cells = report.tables[0].rows.map(({ name, cells }) => [name, cells[7] !== null]);
    expect(cells.filter(([, has]) => has)).toEqual([
      ['classifier, graph labels', true],
      ['classifier + cloning, graph labels', true],
    ]);
  });

  test('findings: who gains over GRPO, what the controls do, what is added to cloning', () => {
    const summary = report.summary.map((text) => text.replace(/0\.4\d \[[^\]]+\]/, 'SUCCESS'));
    expect(summary).toEqual([
      'Household: GRPO succeeds in SUCCESS of the out-of-domain games. Gain: classifier + cloning, graph labels +0.38; classifier, graph labels +0.28. Upper bound: classifier + cloning, oracle labels +0.53.',
      'Household, controls: Gain: cloning, graph labels +0.28. No certain difference: classifier + cloning, shuffled graph labels.',
      'Household without demonstrations at the start: GRPO succeeds in SUCCESS of the out-of-domain games. Gain: classifier + cloning, graph labels +0.38. Upper bound: classifier + cloning, oracle labels +0.53.',
      'Crafting: GRPO succeeds in SUCCESS of the out-of-domain games. Gain: classifier + cloning, graph labels +0.38.',
      'Crafting, controls: No certain difference: classifier + cloning, shuffled graph labels.',
      'Beyond cloning the same labels: More: classifier + cloning, graph labels (household) +0.10. No certain difference: classifier, graph labels (household).',
    ]);
  });

  test('findings on the other methods name too few seeds', () => {
    const two = (input: TrainInput): boolean =>
      ['{"seed"', '{"method":"gigpo"'].some((head) => JSON.stringify(input).startsWith(head));
    const last = (seeds: number): string | undefined => {
      const scale: StudyScale = { ...full, seeds, noGames: () => 'Java is missing' };
      const { summary, figures } = generalisation.report(resultsOf(generalisation.plan(scale), two), scale, '');
      expect(figures.map(({ id }) => id)).toEqual(['household-success', 'household-others', 'household-profile']);
      const rows = figures
        .slice(0, 2)
        .map(({ draw }) => texts(draw(file)).filter((text) => /^(GRPO|GiGPO)$/.test(text)));
      expect(rows).toEqual([['GRPO'], ['GRPO', 'GiGPO']]);
      return summary.at(-1);
    };
    expect(last(4)).toBe(
      'Other methods and labels, no ranking below 10 seeds: Too few seeds for an interval: GiGPO (household) +0.28.',
    );
    expect(last(5)).toBe('Other methods and labels, no ranking below 10 seeds: Gain: GiGPO (household) +0.28.');
    expect(last(10)).toBe('Other methods and labels: Gain: GiGPO (household) +0.28.');
  });

  test('the control has no gain, and is marked', () => {
    expect(numbers('classifier + cloning, shuffled graph labels (control)')[3]).toMatchObject({
      value: 0,
      low: 0,
      high: 0,
    });
    expect(row('classifier + cloning, oracle labels (upper bound)')).toBeDefined();
  });

  test('figures are well-formed and name rows and axes', () => {
    expect(report.figures.map(({ id }) => id)).toEqual(
      ['household', 'household-no-cold-start', 'crafting'].flatMap((id) => [`${id}-success`, `${id}-profile`]),
    );
    for (const { draw } of report.figures) for (const medium of [file, page, phone]) requireWellFormed(draw(medium));
    expect(texts(report.figures[0].draw(file))).toEqual(
      expect.arrayContaining(['success rate', 'gain over GRPO', 'GRPO']),
    );
    expect(texts(report.figures[1].draw(file))).toContain('threshold of out-of-domain success');
  });

  test('--json has success and gain of each variant', () => {
    const { household: key } = report.key.settings as {
      household: { [variant: string]: { [number: string]: number } };
    };
    expect(key['classifier, graph labels']).toMatchObject({ seeds: 8, gain: expect.closeTo(0.275, 10) });
  });

  test('runs that are missing are left out: a gain has the seeds that both have', () => {
    const unfinished = (input: TrainInput): boolean =>
      input.env === undefined && input.coldStart === undefined && !(input.method === 'classifier' && input.seed === 8);
    const part = generalisation.report(resultsOf(generalisation.plan(quick), unfinished), quick, '');
    expect(part.tables.map(({ id }) => id)).toEqual(['household']);
    const cells = part.tables[0].rows[1].cells as readonly Estimate[];
    expect([cells[3].seeds, part.tables[0].rows[0].cells[2]]).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      expect.objectContaining({ seeds: [1, 2, 3, 4, 5, 6, 7, 8] }),
    ]);
  });
});
