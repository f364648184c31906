/** What the study of labels compares: sources of labels, how right each was over a run, and where that places it. */
import type { Quantity } from '../report/studyTables.ts';
import { type BySeed, bySeed, quantity } from './quantities.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';
import { bothGraph, bothOracle, bothShuffled, type StudyVariant } from './variants.ts';

const method = 'classifier+cloning';

/** The oracle's labels, each replaced by its opposite with this probability. */
export const noisy: readonly StudyVariant[] = [0, 0.05, 0.1, 0.2, 0.35, 0.5].map((labelNoise) =>
  labelNoise === 0
    ? bothOracle
    : { name: `oracle, noise ${labelNoise}`, role: 'upper bound', config: { method, labels: 'oracle', labelNoise } },
);

const source = (labels: NonNullable<TrainInput['labels']>, name: string): StudyVariant => ({
  name,
  role: 'method',
  config: { method, labels },
});

export const cheap: readonly StudyVariant[] = [
  bothGraph,
  source('advantage', 'sign of the advantage'),
  source('anchor', 'same-state comparison'),
  bothShuffled,
];

/** The sources that an agent has, and the control. */
export const sources: readonly StudyVariant[] = [
  ...cheap,
  source('critic', 'replay critic'),
  source('counterfactual', 'counterfactual rollouts'),
];

export interface Labelled {
  readonly variant: StudyVariant;
  readonly runs: ReadonlyMap<number, TrainResult>;
}

type Window = TrainResult['labelQuality'][number];

/** True-positive minus false-positive rate: 1 for the truth, 0 for labels that know nothing. */
export const informed = (window: Window): number | undefined =>
  'labels/true_positive_rate' in window && 'labels/false_positive_rate' in window
    ? window['labels/true_positive_rate'] - window['labels/false_positive_rate']
    : undefined;

/** Mean over a run's training; null where it was never measured. */
export function overTraining(run: TrainResult, pick: (window: Window) => number | undefined): number | null {
  const values = run.labelQuality.flatMap((window) => pick(window) ?? []);
  return values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length;
}

export function valuesOf({ runs }: Labelled, pick: (run: TrainResult) => number | null): BySeed {
  return bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
}

export const outOfDomain = ({ success }: TrainResult): number => success.outOfDomain;

const accuracyOf = (each: Labelled): BySeed =>
  valuesOf(each, (run) => overTraining(run, (window) => window['labels/accuracy']));

export interface Placed {
  readonly each: Labelled;
  readonly accuracy: Quantity | null;
  readonly success: Quantity;
}

export function placed(each: Labelled): Placed {
  return { each, accuracy: quantity(accuracyOf(each)), success: quantity(valuesOf(each, outOfDomain)) as Quantity };
}

/** [accuracy, success] of the oracle with noise, by ascending accuracy. */
export function noiseCurve(all: readonly Placed[]): Placed[] {
  return all
    .filter(({ each, accuracy }) => noisy.includes(each.variant) && accuracy !== null)
    .toSorted((a, b) => (a.accuracy?.value ?? 0) - (b.accuracy?.value ?? 0));
}
