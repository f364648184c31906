import { expect, test } from 'vitest';
import type { StudyScale } from '../../../src/study/study.ts';
import { developmentJobs, freshJobs, type Task } from '../../../src/study/trained/chosen.ts';
import { freshArms } from '../../../src/study/trained/chosenRows.ts';
import { equalSteps, equalSuccessCosine, successAt } from '../../../src/study/trained/measures.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { madeUp, resultsOf } from '../results.ts';

const scale: StudyScale = { size: 'full', seeds: 6, firstSeed: 1, noGames: () => null };

const points = [
  { iteration: 0, envSteps: 0, 'eval/out_of_domain': 0.1 },
  { iteration: 10, envSteps: 1000, 'coupling/good_bad_cosine': 0.2 },
  { iteration: 20, envSteps: 2000, 'eval/out_of_domain': 0.5 },
  { iteration: 40, envSteps: 6000, 'eval/out_of_domain': 0.6 },
];
const run: TrainResult = { ...madeUp({}), envSteps: 6000, checkpoints: points };

test('success at a number of environment steps lies on straight lines between evaluations', () => {
  const at = [0, 500, 2000, 3000, 6000].map((steps) => successAt(run, steps));
  expect(at).toEqual([0.1, 0.2, 0.5, 0.525, 0.6].map((value) => expect.closeTo(value, 10)));
  expect(successAt(run, 6001)).toBeNull();
  expect(successAt({ ...run, checkpoints: [] }, 1000)).toBeNull();
});

/** The baseline takes 8000 steps to .5, the other arm 4000 to .6; both rise in proportion to their steps. */
function trained(input: TrainInput): TrainResult {
  const { churnCoef = 0, seed = 0 } = input;
  const [steps, end] = churnCoef > 0 ? [4000, 0.6] : [8000, 0.5];
  const noise = seed / 1000;
  const cosine = (success: number): number => 0.4 - 0.2 * success - (churnCoef > 0 ? 0.03 : 0) + noise / 10;
  const checkpoints = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const success = share * end + noise;
    return {
      ...{ iteration: 100 * share, envSteps: share * steps, 'eval/out_of_domain': success },
      ...{ 'eval/in_domain': success, 'coupling/good_bad_cosine': cosine(success) },
    };
  });
  return { ...madeUp(input), envSteps: steps, checkpoints };
}

const task: Task = {
  ...{ id: 'a', title: 'a', config: {}, seconds: [1, 1] },
  arms: [
    { name: 'GRPO', role: 'method', grid: [{}] },
    { name: 'churn', role: 'method', grid: [{ churnCoef: 1 }] },
  ],
};
const jobs = developmentJobs([task], scale);
const results = resultsOf([...jobs, ...freshJobs([task], scale, resultsOf(jobs))], () => true, trained);
const [plain, treated] = freshArms([task], scale, results);

test('at equal environment steps both runs of a seed are read where the shorter one ends', () => {
  expect(equalSteps.compare(treated, plain)).toMatchObject({
    gain: { value: expect.closeTo(0.6 - 0.25, 10), seeds: [101, 102, 103, 104, 105, 106] },
    p: 2 / 64,
  });
  expect(equalSteps.compare(plain, treated)?.gain.value).toBeCloseTo(-0.35, 10);
});

test('the cosine at equal success leaves out what success explains', () => {
  const found = equalSuccessCosine.compare(treated, plain);
  expect(found?.gain.value).toBeCloseTo(-0.03, 3);
  expect(found?.gain.digits).toBe(3);
});
