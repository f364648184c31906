/** The quantities in which two arms are compared, paired by seed. */
import { atTheEnd, type Difference, differenceOf, type FreshArm } from './chosenRows.ts';
import { cosineAtEqualSuccess } from './matchedSuccess.ts';
import type { TrainResult } from './trainJob.ts';

export interface Measure {
  /** The difference, in headings of tables: `gain over` is followed by the name of the other arm. */
  readonly head: string;
  /** What the p value belongs to, in headings of tables. */
  readonly of: string;
  /** Key of the difference in `--json`. */
  readonly key: string;
  /** How the findings call a difference that is certainly above or below 0. */
  readonly words: { readonly above: string; readonly below: string };
  compare(treated: FreshArm, plain: FreshArm): Difference | null;
}

/** Out-of-domain success after the training, at equal iterations. */
export const endSuccess: Measure = {
  head: 'out-of-domain gain over',
  of: 'gain',
  key: 'gain',
  words: { above: 'Gain', below: 'Lose' },
  compare: atTheEnd,
};

const success = 'eval/out_of_domain';

/** Out-of-domain success of a run after a number of environment steps, on straight lines between its evaluations. */
export function successAt({ checkpoints }: TrainResult, envSteps: number): number | null {
  const points = checkpoints.filter((line) => success in line);
  const next = points.findIndex((line) => line.envSteps >= envSteps);
  if (next < 1) return next === 0 ? points[0][success] : null;
  const [before, after] = [points[next - 1], points[next]];
  const share = (envSteps - before.envSteps) / (after.envSteps - before.envSteps);
  return before[success] + share * (after[success] - before[success]);
}

/** Both runs of a seed after as many environment steps as the shorter one of them has. */
export const equalSteps: Measure = {
  head: 'out-of-domain gain at equal environment steps over',
  of: 'gain at equal steps',
  key: 'gainEqualSteps',
  words: { above: 'Gain at equal environment steps', below: 'Lose at equal environment steps' },
  compare(treated, plain) {
    const values = [new Map<number, number>(), new Map<number, number>()] as const;
    for (const [seed, run] of treated.runs) {
      const other = plain.runs.get(seed);
      if (other === undefined) continue;
      const steps = Math.min(run.envSteps, other.envSteps);
      const found = [successAt(run, steps), successAt(other, steps)];
      for (const [i, value] of found.entries()) if (value !== null) values[i].set(seed, value);
    }
    return differenceOf(...values);
  },
};

/** Good-bad cosine at equal in-domain success, as in the study of matched success. */
export const equalSuccessCosine: Measure = {
  head: 'good-bad cosine at equal success minus that of',
  of: 'cosine',
  key: 'cosineEqualSuccess',
  words: { above: 'Higher cosine at equal success', below: 'Lower cosine at equal success' },
  compare(treated, plain) {
    const found = cosineAtEqualSuccess(treated.runs, plain.runs);
    return found && { gain: { ...found.difference, digits: 3 }, p: found.details.pValue };
  },
};
