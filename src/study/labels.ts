/** How right labels must be: out-of-domain success against label accuracy, set by noise, and where each real source falls. */
import { type Quantity, quantityText, type StudyRow, type StudyTable } from '../report/studyTables.ts';
import { type Job, type JobResults, jobOf } from './job.ts';
import { accuracyFigure, trainingFigure } from './labelFigures.ts';
import {
  cheap,
  informed,
  type Labelled,
  noiseCurve,
  noisy,
  outOfDomain,
  overTraining,
  type Placed,
  placed,
  sources,
  valuesOf,
} from './labelSources.ts';
import { pairedQuantity, quantity } from './quantities.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from './study.ts';
import { type TrainInput, trainKind } from './trainJob.ts';
import { grpo, type StudyVariant, trainCommand } from './variants.ts';

const SECONDS = 8;

function extent({ size }: StudyScale): { variants: readonly StudyVariant[]; seeds: number } {
  return size === 'quick'
    ? { variants: [grpo, ...noisy, ...cheap], seeds: 3 }
    : { variants: [grpo, ...noisy, ...sources], seeds: 10 };
}

function inputOf({ config }: StudyVariant, seed: number): TrainInput {
  return { ...config, seed };
}

function plan(scale: StudyScale): readonly Job[] {
  const { variants, seeds } = extent(scale);
  return seedsOf(scale, seeds).flatMap((seed) =>
    variants.map((variant) => jobOf(trainKind, inputOf(variant, seed), SECONDS)),
  );
}

function labelledIn(results: JobResults, scale: StudyScale): readonly Labelled[] {
  const { variants, seeds } = extent(scale);
  return variants
    .map((variant) => {
      const runs = seedsOf(scale, seeds).flatMap((seed) => {
        const result = results.of(trainKind, inputOf(variant, seed));
        return result === null ? [] : [[seed, result] as const];
      });
      return { variant, runs: new Map(runs) };
    })
    .filter(({ runs }) => runs.size > 0);
}

/** Success of noisy oracle labels of this accuracy, between the two nearest levels of noise; null beyond them. */
function onCurve(curve: readonly Placed[], accuracy: number): number | null {
  for (let i = 1; i < curve.length; i++) {
    const [left, right] = [curve[i - 1], curve[i]].map((at) => ({ x: at.accuracy?.value ?? 0, y: at.success.value }));
    if (accuracy < left.x || accuracy > right.x) continue;
    const share = right.x === left.x ? 0 : (accuracy - left.x) / (right.x - left.x);
    return left.y + share * (right.y - left.y);
  }
  return null;
}

function rowOf(
  { each, accuracy, success }: Placed,
  baseline: Labelled | undefined,
  curve: readonly Placed[],
): StudyRow {
  const { variant } = each;
  const gain =
    baseline === undefined || each === baseline
      ? null
      : pairedQuantity(valuesOf(each, outOfDomain), valuesOf(baseline, outOfDomain));
  const expected = accuracy === null || noisy.includes(variant) ? null : onCurve(curve, accuracy.value);
  const rate = (key: string): Quantity | null =>
    quantity(valuesOf(each, (run) => overTraining(run, (window) => window[`labels/${key}`])));
  return {
    name: variant.name,
    cells: [
      accuracy,
      rate('true_positive_rate'),
      rate('false_positive_rate'),
      quantity(valuesOf(each, (run) => overTraining(run, informed))),
      rate('coverage'),
      success,
      gain,
      expected === null ? null : expected.toFixed(2),
    ],
    command: trainCommand(variant.config),
  };
}

function tableOf(all: readonly Placed[]): StudyTable {
  const baseline = all.find(({ each }) => each.variant === grpo)?.each;
  const curve = noiseCurve(all);
  return {
    id: 'labels',
    title: 'Quality of labels (mean over training) and success, classifier + cloning on household',
    rowHead: 'labels',
    columns: [
      'accuracy',
      'true-positive rate',
      'false-positive rate',
      'true-positive minus false-positive rate',
      'share of actions labelled',
      'out-of-domain success',
      'out-of-domain gain over GRPO',
      'success of noisy oracle labels as accurate',
    ],
    rows: all.map((each) => rowOf(each, baseline, curve)),
  };
}

function summaryOf(all: readonly Placed[]): string[] {
  const text = ({ each, accuracy, success }: Placed): string =>
    `${each.variant.name}: accuracy ${quantityText(accuracy)}, out-of-domain success ${quantityText(success)}`;
  const levels = noiseCurve(all).toReversed();
  const real = all.filter(({ each }) => sources.includes(each.variant));
  return [levels, real].filter((group) => group.length > 0).map((group) => `${group.map(text).join('; ')}.`);
}

function report(results: JobResults, scale: StudyScale): StudyReport {
  const all = labelledIn(results, scale).map(placed);
  const key = all.map(({ each, accuracy, success }) => [
    each.variant.name,
    { accuracy: accuracy?.value ?? null, outOfDomain: success.value, seeds: success.seeds },
  ]);
  return {
    summary: summaryOf(all),
    tables: [tableOf(all)],
    figures: [accuracyFigure(all), trainingFigure(all)],
    notes: [
      'Accuracy is agreement with the expert over the labelled actions. Most actions are bad, so labels that call everything bad are accurate too: read it with the true-positive and the false-positive rate.',
      'Noise flips labels at random; the errors of a real source are not random, and success differs at equal accuracy.',
      'The labels of a source are judged on the states its own policy visits, which differ between sources.',
    ],
    key: { labels: Object.fromEntries(key) },
  };
}

export const labels: Study = {
  name: 'labels',
  question: 'how right must labels be, and how right is each source?',
  plan,
  report,
};
