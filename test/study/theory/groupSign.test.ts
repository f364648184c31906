import { describe, expect, test } from 'vitest';
import { groupRelative } from '../../../src/credit/advantages/groupRelative.ts';
import type { JsonRecord } from '../../../src/record/json.ts';
import { file } from '../../../src/report/draw/layout.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import { jobHash, jobResults } from '../../../src/study/job.ts';
import { groupSign } from '../../../src/study/theory/groupSign.ts';
import { groupSignFigure } from '../../../src/study/theory/groupSignFigure.ts';
import { groupSignKind } from '../../../src/study/theory/groupSignJob.ts';
import { expectedSigns, measuredSigns, type RiskyGroup, type Signs } from '../../../src/study/theory/groupSignMath.ts';
import { lines, requireWellFormed, texts } from '../../report/svg.ts';

/** Both probabilities by enumeration: each episode is safe or risky, and succeeds or fails. */
function enumerated({ q, r, groupSize, rest }: RiskyGroup): Signs {
  const kinds = [
    { probability: (1 - q) * rest, reward: 1, risky: 0 },
    { probability: (1 - q) * (1 - rest), reward: 0, risky: 0 },
    { probability: q * rest * (1 - r), reward: 1, risky: 1 },
    { probability: q * (1 - rest * (1 - r)), reward: 0, risky: 1 },
  ];
  let [sample, group] = [0, 0];
  for (let code = 0; code < 4 ** groupSize; code++) {
    const episodes = Array.from({ length: groupSize }, (_, k) => kinds[Math.floor(code / 4 ** k) % 4]);
    const probability = episodes.reduce((product, kind) => product * kind.probability, 1);
    const { advantages } = groupRelative(
      episodes.map(({ reward }) => reward),
      groupSize,
      'group',
    );
    sample += (probability * episodes.filter(({ risky }, k) => risky === 1 && advantages[k] > 0).length) / groupSize;
    const sum = episodes.reduce((total, { risky }, k) => total + risky * advantages[k], 0);
    if (sum > 1e-6) group += probability;
  }
  return { sample: sample / q, group };
}

const cases = [2, 3, 5].flatMap((groupSize) =>
  [1, 0.5, 0.9].flatMap((rest) =>
    [
      [0.1, 0.2],
      [0.5, 0.6],
      [0.9, 1],
    ].map(([q, r]): RiskyGroup => ({ q, r, groupSize, rest })),
  ),
);

test.each(cases)('%o: the closed forms are the sums over all groups there can be, within 1e-12', (action) => {
  const [closed, all] = [expectedSigns(action), enumerated(action)];
  expect(Math.abs(closed.sample - all.sample)).toBeLessThan(1e-12);
  expect(Math.abs(closed.group - all.group)).toBeLessThan(1e-12);
});

describe('what the closed forms say', () => {
  const action = { q: 0.3, r: 0.6, rest: 1 };

  test('in a group of two, a risky success is rewarded exactly if the other episode fails', () => {
    expect(expectedSigns({ ...action, groupSize: 2 }).sample).toBeCloseTo(0.4 * 0.3 * 0.6, 12);
  });

  test('where the risky action alone decides, its samples together never have a positive sum, and more with other causes', () => {
    for (const groupSize of [2, 8, 64]) {
      expect(expectedSigns({ ...action, groupSize }).group).toBe(0);
      expect(expectedSigns({ ...action, groupSize, rest: 0.5 }).group).toBeGreaterThan(0.005);
    }
  });

  test('with the group size, a sample is rewarded more often, up to u (1 - r), and the group seldom', () => {
    const sample = [2, 8, 64].map((groupSize) => expectedSigns({ ...action, groupSize }).sample);
    expect(sample).toEqual(sample.toSorted((a, b) => a - b));
    expect(sample[2]).toBeCloseTo(0.4, 4);
    const group = [4, 16, 64].map((groupSize) => expectedSigns({ ...action, groupSize, rest: 0.5 }).group);
    expect(group).toEqual(group.toSorted((a, b) => b - a));
  });
});

test('measured by groupRelative they are the closed forms within 1.5 intervals; a seed names the episodes', () => {
  for (const [q, r, groupSize, rest] of [
    [0.3, 0.6, 8, 1],
    [0.5, 0.2, 8, 0.5],
    [0.7, 0.6, 2, 0.5],
    [0.5, 0.6, 64, 0.5],
  ]) {
    const action = { q, r, groupSize, rest };
    const [measured, expected] = [measuredSigns(action, 600, 1), expectedSigns(action)];
    for (const name of ['sample', 'group'] as const) {
      const { mean, low, high } = measured[name];
      expect(Math.abs(mean - expected[name]), `${name} ${q} ${groupSize}`).toBeLessThanOrEqual(1.5 * (high - low));
    }
    expect(measured.sample.high).toBeGreaterThan(measured.sample.low);
    expect(measuredSigns(action, 600, 1)).toEqual(measured);
    expect(measuredSigns(action, 600, 2).sample.mean).not.toBe(measured.sample.mean);
  }
});

describe('part of the study', () => {
  const scale = { size: 'quick', seeds: 1, firstSeed: 1, noGames: () => null } as const;
  const tools = { openBridge: async (name: string): Promise<never> => Promise.reject(new Error(name)) };

  test('without results it has no report; with those of u = 1 and r = 0.6 it has their table and figure', async () => {
    expect(groupSign.report(jobResults(new Map()), scale, 'command')).toBeNull();
    const results = new Map<string, JsonRecord>();
    for (const job of groupSign.plan(scale)) {
      if (job.input.rest !== 1 || job.input.r !== 0.6) continue;
      results.set(jobHash(job), (await groupSignKind.run(job.input as never, tools)) as unknown as JsonRecord);
    }
    const report = groupSign.report(jobResults(results), scale, 'unbraid study theory');
    if (report === null) throw new Error('no report');
    expect(report.key).toMatchObject({ cases: 54, raised: 0 });
    expect(report.key.inside).toBeGreaterThan(45);
    expect(report.tables[0].rows.map(({ name, cells }) => [name, cells[1], cells[4], cells[5]])).toEqual([
      ['u = 1, r = 0.6, groups of 2', '0.120', '0.000', '9 of 9'],
      ['u = 1, r = 0.6, groups of 8', '0.367', '0.000', '9 of 9'],
      ['u = 1, r = 0.6, groups of 64', '0.400', '0.000', '9 of 9'],
    ]);
    expect((report.tables[0].rows[1].cells[0] as Estimate).value).toBeCloseTo(0.367, 1);
    const svg = report.figures[0].draw(file);
    requireWellFormed(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['a risky sample: u = 1, r = 0.6', 'all risky samples of a group: u = 1, r = 0.6']),
    );
    // A line per group size in each of the two panels; the closed form at q = 0.5 is at its height.
    const drawn = lines(svg);
    expect(drawn).toHaveLength(6);
    const [x0, x1] = [drawn[0].points[0][0], drawn[0].points[48][0]];
    expect(x1 - x0).toBeCloseTo(290 * 0.96, 0);
    expect(drawn[0].points[0][1] - drawn[0].points[24][1]).toBeCloseTo(130 * 0.4 * 0.6 * (0.5 - 0.02), 0);
  });

  test('the figure rejects an empty list', () => {
    expect(() => groupSignFigure([])).toThrow('groupSignFigure: points must not be empty, got 0; run the study again');
  });
});
