/** Label sources of the labels study, their accuracy over a run, and their place on the noise curve. */
import type { Estimate } from '../../report/studyTables.ts';
import { type BySeed, estimateOf } from '../estimates.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';
import { outOfDomain, type VariantRuns, valuesOf } from './variantRuns.ts';
import type { StudyVariant } from './variants.ts';

const method = 'classifier+cloning';

const variant = (name: string, role: StudyVariant['role'], config: TrainInput): StudyVariant => ({
  ...{ name, role },
  config: { method, ...config },
});

/** Oracle labels, each replaced by its opposite with the given probability. */
export const noisy: readonly StudyVariant[] = [0, 0.05, 0.1, 0.2, 0.35, 0.5].map((labelNoise) =>
  labelNoise === 0
    ? variant('oracle', 'upper bound', { labels: 'oracle' })
    : variant(`oracle, noise ${labelNoise}`, 'upper bound', { labels: 'oracle', labelNoise }),
);

export const cheap: readonly StudyVariant[] = [
  variant('experience graph', 'method', { labels: 'graph' }),
  variant('sign of the advantage', 'method', { labels: 'advantage' }),
  variant('same-state comparison', 'method', { labels: 'anchor' }),
  variant('experience graph, shuffled', 'control', { labels: 'shuffled' }),
];

/** The sources that an agent can use, and the control. */
export const sources: readonly StudyVariant[] = [
  ...cheap,
  variant('replay critic', 'method', { labels: 'critic' }),
  variant('counterfactual rollouts', 'method', { labels: 'counterfactual' }),
];

type Window = TrainResult['labelQuality'][number];

/** True-positive minus false-positive rate: 1 for correct labels, 0 for labels that are independent of the truth. */
export const informed = (window: Window): number | undefined =>
  'labels/true_positive_rate' in window && 'labels/false_positive_rate' in window
    ? window['labels/true_positive_rate'] - window['labels/false_positive_rate']
    : undefined;

/** Mean over a run's training; null if it was never measured. */
export function overTraining(run: TrainResult, pick: (window: Window) => number | undefined): number | null {
  const values = run.labelQuality.flatMap((window) => pick(window) ?? []);
  return values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length;
}

const accuracyOf = (each: VariantRuns): BySeed =>
  valuesOf(each, (run) => overTraining(run, (window) => window['labels/accuracy']));

export interface Placed {
  readonly each: VariantRuns;
  readonly accuracy: Estimate | null;
  readonly success: Estimate;
}

export function placed(each: VariantRuns): Placed {
  return { each, accuracy: estimateOf(accuracyOf(each)), success: estimateOf(valuesOf(each, outOfDomain)) as Estimate };
}

/** [accuracy, success] of the noisy oracle labels, by ascending accuracy. */
export function noiseCurve(all: readonly Placed[]): Placed[] {
  return all
    .filter(({ each, accuracy }) => noisy.includes(each.variant) && accuracy !== null)
    .toSorted((a, b) => (a.accuracy?.value ?? 0) - (b.accuracy?.value ?? 0));
}
