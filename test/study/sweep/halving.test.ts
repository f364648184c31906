import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/random.ts';
import type { JsonRecord } from '../../../src/record/json.ts';
import { jobHash, jobResults } from '../../../src/study/job.ts';
import { ranked, rungsOf } from '../../../src/study/sweep/halving.ts';
import { inputOf, sweepOf } from '../../../src/study/sweep/sweep.ts';
import { sweepStudy } from '../../../src/study/sweep/sweepStudy.ts';
import { chosenTrial, triedRungs } from '../../../src/study/sweep/trials.ts';
import type { TrainInput } from '../../../src/study/trained/trainJob.ts';
import { type ResultOf, stagesOf } from '../stages.ts';
import { resultOf, scattered } from './madeUp.ts';

describe('rungs', () => {
  test('iterations grow by eta up to those of the config, trials shrink by eta', () => {
    expect(rungsOf(27, 3, 10, 90)).toEqual([
      { iterations: 10, trials: 27 },
      { iterations: 30, trials: 9 },
      { iterations: 90, trials: 3 },
    ]);
    expect(rungsOf(20, 2, 5, 160)).toEqual([
      { iterations: 5, trials: 20 },
      { iterations: 10, trials: 10 },
      { iterations: 20, trials: 5 },
      { iterations: 40, trials: 2 },
    ]);
  });

  test('the last rung has at most the iterations of the config, and no rung has a single trial but the first', () => {
    expect(rungsOf(16, 4, 10, 25)).toEqual([
      { iterations: 10, trials: 16 },
      { iterations: 25, trials: 4 },
    ]);
    expect(rungsOf(8, 2, 40, 40)).toEqual([{ iterations: 40, trials: 8 }]);
    expect(rungsOf(2, 3, 10, 90)).toEqual([{ iterations: 10, trials: 2 }]);
    expect(rungsOf(1, 3, 10, 90)).toEqual([{ iterations: 10, trials: 1 }]);
  });
});

test('ranks by mean, of equal means the lowest trial first, whatever the order of the scores', () => {
  const scores = [0.5, 0.7, 0.5, 0.9, 0.7].map((mean, i) => ({ trial: i + 1, mean }));
  expect(ranked(scores)).toEqual([4, 2, 5, 1, 3]);
  expect(ranked(scores.toReversed())).toEqual([4, 2, 5, 1, 3]);
});

/**
 * Successive halving as its description says it, with loops and a sort by insertion.
 *
 * @param meanOf mean success of a trial after a number of iterations
 * @returns the promoted trials of each rung in ascending order, and the chosen trial last
 */
function naiveHalving(
  trials: number,
  eta: number,
  minIterations: number,
  iterations: number,
  meanOf: (trial: number, iterations: number) => number,
): number[][] {
  let alive: number[] = [];
  for (let trial = 1; trial <= trials; trial++) alive.push(trial);
  const promoted: number[][] = [];
  let budget = minIterations;
  while (true) {
    const order: number[] = [];
    for (const trial of alive) {
      let at = 0;
      while (at < order.length && meanOf(order[at], budget) >= meanOf(trial, budget)) at++;
      order.splice(at, 0, trial);
    }
    let keep = Math.floor(alive.length / eta);
    if (keep < 1 || budget === iterations) keep = 1;
    alive = order.slice(0, keep).sort((a, b) => a - b);
    promoted.push(alive);
    if (keep === 1) return promoted;
    budget = Math.min(budget * eta, iterations);
  }
}

test('promotions and choice equal those of a naive implementation, for 60 sweeps with ties', () => {
  let [ties, deep] = [0, 0];
  for (let round = 0; round < 60; round++) {
    const random = randomStream(11, 'halving', round);
    const [trials, eta] = [1 + random.below(14), 2 + random.below(3)];
    const minIterations = 1 + random.below(10);
    const iterations = minIterations * (1 + random.below(20));
    const development = 1 + random.below(3);
    const strategy = { name: 'halving', trials, eta, minIterations, seed: round };
    const space = { learningRate: { min: 1e-4, max: 0.1, scale: 'log' } };
    const sweep = sweepOf({ config: { iterations }, space, strategy, seeds: { development, fresh: 1 } }, 'x', 'sweep');
    const successOf = scattered(4);
    const results: ResultOf = ({ input }) => resultOf(input as TrainInput, successOf) as JsonRecord;
    const stages = stagesOf(sweepStudy(sweep), scaleAt(1), results);
    const all = stages[stages.length - 1];
    const meanOf = (trial: number, budget: number): number => {
      const input = inputOf(sweep, trial, { iterations: budget, trials: 0 });
      let sum = 0;
      for (let seed = 1; seed <= development; seed++) sum += resultOf({ ...input, seed }, successOf).success.inDomain;
      return sum / development;
    };
    const expected = naiveHalving(trials, eta, minIterations, iterations, meanOf);
    // The order in which results are stored must not matter.
    const shuffled = all.toSorted((a, b) => (jobHash(a) < jobHash(b) ? -1 : 1));
    for (const jobs of [all, all.toReversed(), shuffled]) {
      const tried = triedRungs(sweep, 1, jobResults(new Map(jobs.map((job) => [jobHash(job), results(job)]))));
      const found = tried.map(({ trials: order, promoted }) =>
        order
          .slice(0, promoted ?? 0)
          .map(({ trial }) => trial)
          .sort((a, b) => a - b),
      );
      expect(found).toEqual(expected);
      expect(chosenTrial(sweep, tried)).toBe(expected[expected.length - 1][0]);
    }
    if (new Set(sweep.settings.map((_, i) => meanOf(i + 1, minIterations))).size < trials) ties++;
    if (expected.length > 1) deep++;
  }
  expect(ties).toBeGreaterThan(20);
  expect(deep).toBeGreaterThan(20);
});

function scaleAt(firstSeed: number) {
  return { size: 'full', seeds: null, firstSeed, noGames: () => null } as const;
}
