/** A sweep as a study: its first rung is the plan, and later rungs and fresh seeds follow from the results. */
import { type Job, type JobResults, jobOf } from '../job.ts';
import type { Study } from '../study.ts';
import { type TrainInput, trainKind } from '../trained/trainJob.ts';
import { inputOf, type Sweep } from './sweep.ts';
import { sweepReport } from './sweepReport.ts';
import { trainSeconds } from './trainSeconds.ts';
import { chosenTrial, developmentSeedsOf, freshInputs, freshSeedsOf, triedRungs } from './trials.ts';

function trainingJob(input: TrainInput, seed: number): Job {
  return jobOf(trainKind, { ...input, seed }, trainSeconds(input));
}

/** All jobs that are known so far: rung by rung, and in a rung seed by seed. */
function jobsSoFar(sweep: Sweep, first: number, results: JobResults): readonly Job[] {
  const tried = triedRungs(sweep, first, results);
  const jobs = tried.flatMap(({ trials }) => {
    const inNumber = trials.toSorted((a, b) => a.trial - b.trial);
    return developmentSeedsOf(sweep, first).flatMap((seed) => inNumber.map(({ input }) => trainingJob(input, seed)));
  });
  const chosen = chosenTrial(sweep, tried);
  if (chosen === null) return jobs;
  const { best, base } = freshInputs(sweep, chosen);
  const inputs = base === null ? [best] : [best, base];
  return [...jobs, ...freshSeedsOf(sweep, first).flatMap((seed) => inputs.map((input) => trainingJob(input, seed)))];
}

/**
 * Approximate seconds of all stages on one core. An upper bound: it takes the longest settings for the promoted ones
 * and for the chosen one.
 */
function allSeconds(sweep: Sweep): number {
  const { settings, rungs, seeds, base } = sweep;
  const numbers = settings.map((_, i) => i + 1);
  const longest = (count: number, secondsOf: (trial: number) => number): number =>
    numbers
      .map(secondsOf)
      .sort((a, b) => b - a)
      .slice(0, count)
      .reduce((sum, seconds) => sum + seconds, 0);
  const development = rungs.reduce(
    (sum, rung) => sum + longest(rung.trials, (trial) => trainSeconds(inputOf(sweep, trial, rung))),
    0,
  );
  const fresh = longest(1, (trial) => trainSeconds(inputOf(sweep, trial, null))) + trainSeconds(base);
  return seeds.development * development + seeds.fresh * fresh;
}

const none: JobResults = { of: () => null, ofJob: () => null };

export function sweepStudy(sweep: Sweep): Study {
  const keys = sweep.spaces.map(({ key }) => key);
  return {
    name: sweep.name,
    question: `which ${keys.join(', ')} gives the highest success?`,
    plan: ({ firstSeed }) => jobsSoFar(sweep, firstSeed, none),
    stages: {
      next: (results, { firstSeed }) => jobsSoFar(sweep, firstSeed, results),
      seconds: () => allSeconds(sweep),
    },
    report: (results, { firstSeed }, command) => sweepReport(sweep, firstSeed, results, command),
  };
}
