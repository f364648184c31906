import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../../src/record/json.ts';
import { phone } from '../../../src/report/draw/layout.ts';
import { studyTableCsv } from '../../../src/report/studyTables.ts';
import { bySeed, estimateOf, pairedEstimate } from '../../../src/study/estimates.ts';
import { type Job, jobHash, jobOf } from '../../../src/study/job.ts';
import { sweepOf } from '../../../src/study/sweep/sweep.ts';
import { sweepStudy } from '../../../src/study/sweep/sweepStudy.ts';
import { type TrainInput, trainKind } from '../../../src/study/trained/trainJob.ts';
import { done, type ResultOf, stagesOf } from '../stages.ts';
import { peaked, resultOf, type SuccessOf } from './madeUp.ts';

const scale = { size: 'full', seeds: null, firstSeed: 1, noGames: () => null } as const;
const by =
  (successOf: SuccessOf): ResultOf =>
  ({ input }) =>
    resultOf(input as TrainInput, successOf) as JsonRecord;
const inputs = (jobs: readonly Job[]): unknown[] => jobs.map(({ input }) => input);

const file = {
  config: { env: 'bandit', policy: 'mlp', iterations: 40 },
  space: { learningRate: [0.001, 0.01, 0.1] },
  strategy: { name: 'grid' },
  seeds: { development: 2, fresh: 5 },
};
const studyOf = (more: object = {}) => sweepStudy(sweepOf({ ...file, ...more }, 'rates', 'sweep'));

function finished(more: object = {}, successOf = peaked, firstSeed = 1) {
  const study = studyOf(more);
  const asked = { ...scale, firstSeed };
  const stages = stagesOf(study, asked, by(successOf));
  const jobs = stages[stages.length - 1];
  return { study, stages, report: study.report(done(jobs, by(successOf)), asked, 'unbraid sweep rates.json') };
}

describe('plan', () => {
  test('development seeds of every setting, then fresh seeds of the chosen one and of the base config', () => {
    const { stages } = finished();
    const shared = { env: 'bandit', policy: 'mlp', iterations: 40 };
    const first = [1, 2].flatMap((seed) =>
      [0.001, 0.01, 0.1].map((learningRate) => ({ ...shared, learningRate, seed })),
    );
    expect(inputs(stages[0])).toEqual(first);
    const fresh = [101, 102, 103, 104, 105].flatMap((seed) => [
      { ...shared, learningRate: 0.01, seed },
      { ...shared, seed },
    ]);
    expect(inputs(stages[1])).toEqual([...first, ...fresh]);
    expect(stages).toHaveLength(2);
  });

  test('a key at its default is left out, so that equal configs of sweeps and studies are one job', () => {
    const [plain] = finished({
      space: { learningRate: [0.003, 0.01] },
      config: { labels: 'graph', iterations: 160 },
    }).stages;
    expect(jobHash(plain[0])).toBe(jobHash(jobOf(trainKind, { seed: 1 }, 9)));
    const terms = { space: { method: ['cloning+classifier'] } };
    expect(finished(terms).stages[0][0].input).toMatchObject({ method: 'classifier+cloning' });
  });

  test('--first-seed moves development and fresh seeds', () => {
    const seeds = finished({}, peaked, 50).stages[1].map(({ input }) => input.seed);
    expect([...new Set(seeds)]).toEqual([50, 51, 150, 151, 152, 153, 154]);
  });

  test('the stated time is that of all stages, or more', () => {
    for (const strategy of [{ name: 'grid' }, { name: 'halving', trials: 3, eta: 2, minIterations: 10 }]) {
      const { study, stages } = finished({ strategy });
      const jobs = stages[stages.length - 1];
      const seconds = jobs.reduce((sum, job) => sum + job.seconds, 0);
      expect(study.stages?.seconds(scale)).toBeGreaterThanOrEqual(seconds);
      expect(jobs.every((job) => Number.isInteger(job.seconds) && job.seconds >= 1)).toBe(true);
    }
  });
});

describe('report', () => {
  const at = (learningRate: number, seed: number) => peaked({ learningRate, iterations: 40, seed } as never);
  const fresh = [101, 102, 103, 104, 105];

  test('the key numbers are the mean over fresh seeds with the interval of the studies, and the paired difference', () => {
    const { report } = finished();
    const best = estimateOf(
      bySeed(fresh, (seed) => at(0.01, seed)),
      'mean',
    );
    const gain = pairedEstimate(
      bySeed(fresh, (seed) => at(0.01, seed)),
      bySeed(fresh, (seed) => at(0.003, seed)),
      'mean',
    );
    expect(report.key).toEqual({
      best: { config: { learningRate: 0.01 }, value: best?.value, interval: [best?.low, best?.high], seeds: 5 },
      ...{ trials: 3, sweep: 'rates', strategy: 'grid', measure: 'success.inDomain', statistic: 'mean' },
      base: {
        value: expect.closeTo((best?.value as number) - (gain?.value as number)),
        interval: expect.any(Array),
        seeds: 5,
      },
      difference: { value: gain?.value, interval: [gain?.low, gain?.high], seeds: 5 },
    });
    expect(report.summary).toEqual([
      'Chosen: learningRate 0.01 (trial 2 of 3).',
      'Mean in-domain success at 5 fresh seeds: 0.81 [0.80, 0.82].',
      'The chosen setting gains +0.10 [0.10, 0.10] over the base config (paired by seed, 5 fresh seeds).',
      'Train with it: unbraid train --env bandit --set policy=mlp --iterations 40 --set learningRate=0.01 --seed SEED',
    ]);
  });

  test('trials are listed best first, with the chosen one', () => {
    const [trials, last] = finished().report.tables;
    expect(trials.rows.map(({ name, cells }) => [name, cells[0], cells[2]])).toEqual([
      ['2', '0.01', 'chosen'],
      ['1', '0.001', 'not chosen'],
      ['3', '0.1', 'not chosen'],
    ]);
    expect(trials.rows[0].cells[1]).toMatchObject({
      statistic: 'mean',
      seeds: [1, 2],
      low: null,
      values: [at(0.01, 1), at(0.01, 2)],
    });
    expect(last.rows.map(({ name }) => name)).toEqual([
      'chosen setting',
      'base config',
      'chosen setting minus base config',
    ]);
    expect(last.rows[0].cells.map((cell) => (cell as { value: number }).value)).toEqual([
      expect.closeTo(0.91),
      expect.closeTo(0.81),
      expect.closeTo(0.405),
    ]);
  });

  test('below five fresh seeds there are values and no interval', () => {
    const { report } = finished({ seeds: { development: 1, fresh: 3 } });
    expect(report.key.best).toEqual({
      config: { learningRate: 0.01 },
      value: expect.closeTo(0.81),
      interval: null,
      seeds: 3,
      values: [at(0.01, 101), at(0.01, 102), at(0.01, 103)],
    });
    expect(report.summary[1]).toBe('Mean in-domain success at 3 fresh seeds: 0.81 (0.82 0.80 0.81).');
    expect(report.summary[2]).toBe(
      'The chosen setting minus the base config: +0.10 (0.10 0.10 0.10) (paired by seed, 3 fresh seeds; too few for an interval).',
    );
  });

  test('a setting that is the base config is compared with nothing', () => {
    const { report, stages } = finished({ space: { learningRate: [0.001, 0.003] } });
    expect(report.key).toMatchObject({ best: { config: { learningRate: 0.003 } }, base: null, difference: null });
    expect(report.summary).toContain('The chosen setting is that of the base config.');
    expect(report.tables[1].rows).toHaveLength(1);
    expect(stages[1]).toHaveLength(4 + 5);
  });

  test('a loss and an open difference are named so', () => {
    const trap: SuccessOf = ({ learningRate, seed }) =>
      learningRate === 0.003 ? 0.5 : seed < 100 ? 1 - learningRate : 0.3;
    expect(finished({}, trap).report.summary[2]).toBe(
      'The chosen setting loses −0.20 [−0.20, −0.20] against the base config (paired by seed, 5 fresh seeds).',
    );
    const open: SuccessOf = ({ learningRate, seed }) => (learningRate === 0.003 ? 0.5 : 0.5 + ((seed % 2) - 0.5) / 5);
    expect(finished({}, open).report.summary[2]).toMatch(
      /^No certain difference between the chosen setting and the base config: \+0\.02 \[−0\.0\d, 0\.\d\d\]/,
    );
  });

  test('measure "success.train" chooses by the success on training games', () => {
    const result: ResultOf = (job) => {
      const plain = by(peaked)(job) as { success: object };
      const rate = job.input.learningRate as number;
      return { ...plain, success: { ...plain.success, train: rate === 0.1 ? 1 : 0.5 } } as JsonRecord;
    };
    for (const [measure, rate] of [
      ['success.train', 0.1],
      ['success.inDomain', 0.01],
    ] as const) {
      const study = studyOf({ measure });
      const jobs = stagesOf(study, scale, result).at(-1) ?? [];
      expect(study.report(done(jobs, result), scale, '').key).toMatchObject({
        measure,
        best: { config: { learningRate: rate } },
      });
    }
  });

  test('halving lists every trial of every rung', () => {
    const strategy = { name: 'halving', trials: 4, eta: 2, minIterations: 10 };
    const space = { learningRate: { min: 0.0005, max: 0.2, scale: 'log' } };
    const { report, stages } = finished({ strategy, space });
    expect(stages.map((jobs) => jobs.length)).toEqual([8, 8 + 4, 8 + 4 + 10]);
    const rows = report.tables[0].rows.map(({ name, cells }) => [name, cells[1], cells[3]]);
    expect(rows.map(([, ...rest]) => rest)).toEqual([
      ['10', 'promoted'],
      ['10', 'promoted'],
      ['10', 'not promoted'],
      ['10', 'not promoted'],
      ['20', 'chosen'],
      ['20', 'not chosen'],
    ]);
    expect(
      rows
        .slice(4)
        .map(([name]) => String(name).replace('rung 2', 'rung 1'))
        .sort(),
    ).toEqual(
      rows
        .slice(0, 2)
        .map(([name]) => name)
        .sort(),
    );
    expect(stages[2].slice(12).every(({ input }) => input.iterations === 40)).toBe(true);
    expect(report.notes.some((note) => note.startsWith('Each rung trains anew'))).toBe(true);
    expect(finished().report.notes.some((note) => note.startsWith('Each rung trains anew'))).toBe(false);
  });

  test('an unfinished sweep names the trials without all runs, and chooses nothing', () => {
    const study = studyOf();
    const jobs = study.plan(scale).filter(({ input }) => input.learningRate !== 0.1 || input.seed !== 2);
    const { summary, key, tables } = study.report(done(jobs, by(peaked)), scale, '');
    expect(summary).toEqual(['No setting is chosen yet: trial 3 lacks runs at development seeds.']);
    expect(key).toMatchObject({ best: null, trials: 3, base: null, difference: null });
    expect(tables).toHaveLength(1);
    expect(tables[0].rows.map(({ name, cells }) => [name, cells[2]])).toEqual([
      ['1', null],
      ['2', null],
      ['3', null],
    ]);
  });

  test('runs at fresh seeds that are missing leave their seeds out', () => {
    const { study, stages } = finished();
    const jobs = stages[1].filter(({ input }) => (input.seed as number) < 102);
    expect(study.report(done(jobs, by(peaked)), scale, '').key).toMatchObject({
      best: { value: at(0.01, 101), interval: null, seeds: 1 },
    });
    const none = study.report(done(stages[0], by(peaked)), scale, '');
    expect(none.key.best).toEqual({ config: { learningRate: 0.01 }, value: null, interval: null, seeds: 0 });
    expect(none.summary[1]).toBe('No run at a fresh seed is finished.');
  });
});

describe('figure', () => {
  const space = {
    learningRate: { min: 0.001, max: 0.1, scale: 'log', steps: 3 },
    entropyCoef: { min: 0, max: 0.02, steps: 2 },
    optimizer: ['adamw', 'muon'],
  };

  test('has a panel for each key, a dot for each trial in each panel, and marks the chosen one', () => {
    const { report } = finished({ space });
    for (const svg of [
      report.figures[0].draw({ ...phone, tips: false }),
      report.figures[0].draw({ ...phone, width: 760, tips: false }),
    ]) {
      for (const key of Object.keys(space)) expect(svg).toContain(`>${key}</text>`);
      for (const label of ['0.001', '0.01', '0.1', 'adamw', 'muon']) expect(svg).toContain(`>${label}</text>`);
      // One more of each colour in the legend.
      expect(svg.match(/fill="#0072B2"/g)).toHaveLength(3 * 11 + 1);
      expect(svg.match(/fill="#D55E00"/g)).toHaveLength(3 + 1);
    }
  });

  test('on a page each dot has its trial, value and mean as a tip', () => {
    const svg = finished({ space: { optimizer: ['adamw', 'muon'] } }).report.figures[0].draw(phone);
    expect([...svg.matchAll(/<title>(.*?)<\/title>/g)].map(([, tip]) => tip).sort()).toEqual([
      'trial 1: optimizer adamw, in-domain success 0.71',
      'trial 2: optimizer muon, in-domain success 0.71',
    ]);
  });

  test('each rung has a colour of its own', () => {
    const strategy = { name: 'halving', trials: 4, eta: 2, minIterations: 10 };
    const { report } = finished({ strategy, space: { learningRate: { min: 0.001, max: 0.1, scale: 'log' } } });
    const svg = report.figures[0].draw({ ...phone, width: 760, tips: false });
    expect(svg.match(/fill="#0072B2"/g)).toHaveLength(2 + 1);
    expect(svg.match(/fill="#009E73"/g)).toHaveLength(1 + 1);
    expect(svg).toContain('>trial after 20 iterations</text>');
  });
});

test('the CSV of a table is the same whatever the order in which the results are known', () => {
  const { study, stages, report } = finished({
    strategy: { name: 'random', trials: 6, seed: 4 },
    space: { learningRate: { min: 0.001, max: 0.1 } },
  });
  const again = study.report(done(stages[1].toReversed(), by(peaked)), scale, 'unbraid sweep rates.json');
  expect(again.tables.map(studyTableCsv)).toEqual(report.tables.map(studyTableCsv));
});
