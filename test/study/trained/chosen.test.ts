import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../../src/record/json.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../../src/study/job.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import { chosenSetting, developmentJobs, freshJobs, type Task } from '../../../src/study/trained/chosen.ts';
import { comparisonsOf, freshArms } from '../../../src/study/trained/chosenRows.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { madeUp } from '../results.ts';

const scale: StudyScale = { size: 'full', seeds: 6, firstSeed: 1, noGames: () => null };
const baseline = { name: 'GRPO', role: 'method', grid: [{}] } as const;
const entropy = {
  name: 'entropy',
  role: 'method',
  grid: [{ entropyCoef: 0.01 }, { entropyCoef: 0.02 }, { entropyCoef: 0.04 }],
} as const;
const fixed = { name: 'fixed', role: 'control', grid: [{ entropyCoef: 0.04 }] } as const;
const task: Task = { id: 'a', title: 'a', config: {}, seconds: [1, 2], arms: [baseline, entropy, fixed] };

/** In-domain success is highest at the middle setting, out-of-domain success at the largest one. */
function resultOf(input: TrainInput): TrainResult {
  const { entropyCoef = 0, seed = 0 } = input;
  const inDomain = 0.5 - 10 * Math.abs(entropyCoef - 0.02) + (seed % 2) / 100;
  return { ...madeUp(input), success: { train: 0.9, inDomain, outOfDomain: 0.4 + 5 * entropyCoef + (seed % 3) / 100 } };
}

const done = (jobs: readonly Job[]): JobResults =>
  jobResults(new Map(jobs.map((job) => [jobHash(job), resultOf(job.input as TrainInput) as unknown as JsonRecord])));

const development = developmentJobs([task], scale);

describe('settings are chosen by in-domain success at development seeds', () => {
  test('every setting runs at five development seeds, whatever --seeds says', () => {
    expect(development).toHaveLength(5 * (1 + 3 + 1));
    expect([...new Set(development.map(({ input }) => input.seed))]).toEqual([1, 2, 3, 4, 5]);
    expect(development.map(({ seconds }) => seconds).slice(0, 5)).toEqual([1, 2, 2, 2, 2]);
  });

  test('the setting of highest in-domain success is chosen, although another is better out-of-domain', () => {
    expect(chosenSetting(task, entropy, scale, done(development))).toEqual({ entropyCoef: 0.02 });
  });

  test('of equal settings the first is chosen', () => {
    const equal = { ...entropy, grid: [{ entropyCoef: 0.01 }, { entropyCoef: 0.03 }] };
    const both = { ...task, arms: [baseline, equal] };
    const results = done(developmentJobs([both], scale));
    expect(chosenSetting(both, equal, scale, results)).toEqual({ entropyCoef: 0.01 });
  });

  test('an arm can take the choice of another one, by position in the grid, and then has no development runs', () => {
    const shuffled = { ...entropy, name: 'shuffled', as: 'entropy', grid: [1, 2, 3].map((beta) => ({ beta })) };
    const both: Task = { ...task, arms: [baseline, entropy, shuffled] };
    const jobs = developmentJobs([both], scale);
    expect(jobs.some(({ input }) => input.beta !== undefined)).toBe(false);
    expect(chosenSetting(both, shuffled, scale, done(jobs))).toEqual({ beta: 2 });
    expect(chosenSetting(both, shuffled, scale, done(jobs.slice(0, -1)))).toBeNull();
    const lost = { ...shuffled, as: 'another' };
    expect(() => chosenSetting(both, lost, scale, done(jobs))).toThrow(
      'armNamed: the name must be one of an arm of task a, got "another"; use the name of an arm',
    );
  });

  test('nothing is chosen before all development runs are finished', () => {
    expect(chosenSetting(task, entropy, scale, done(development.slice(0, -2)))).toBeNull();
    const fresh = freshJobs([task], scale, done(development.slice(0, -2)));
    expect(fresh.some(({ input }) => input.entropyCoef === 0.02)).toBe(false);
  });
});

describe('fresh seeds', () => {
  const fresh = freshJobs([task], scale, done(development));
  const arms = freshArms([task], scale, done([...development, ...fresh]));

  test('are apart from the development seeds, and run each arm with its chosen setting', () => {
    expect([...new Set(fresh.map(({ input }) => input.seed))]).toEqual([101, 102, 103, 104, 105, 106]);
    expect(fresh.slice(0, 3).map(({ input }) => input.entropyCoef)).toEqual([undefined, 0.02, 0.04]);
  });

  test('each arm is compared with the baseline of its task, with the p value of a permutation test', () => {
    const found = comparisonsOf(arms);
    expect(found.map(({ arm }) => arm.name)).toEqual(['entropy', 'fixed']);
    expect(found[0].gain).toMatchObject({ value: expect.closeTo(0.1, 10), seeds: [101, 102, 103, 104, 105, 106] });
    expect(found[1].gain.value).toBeCloseTo(0.2, 10);
    // The least p of six seeds.
    expect(found.map(({ p }) => p)).toEqual([2 / 64, 2 / 64]);
    const other = { ...task, id: 'b' };
    const twice = comparisonsOf([...arms, ...arms.map((each) => ({ ...each, task: other }))]);
    expect(twice.map((each) => each.task.id)).toEqual(['a', 'a', 'b', 'b']);
  });

  test('an arm can be compared with another one than the baseline, or with none', () => {
    const other: Task = {
      ...task,
      arms: [baseline, { ...entropy, against: null }, { ...fixed, against: 'entropy' }],
    };
    const found = comparisonsOf(freshArms([other], scale, done([...development, ...fresh])));
    expect(found.map(({ arm, gain }) => [arm.name, gain.value])).toEqual([['fixed', expect.closeTo(0.1, 10)]]);
  });
});
