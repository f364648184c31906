/**
 * Out-of-domain success against label accuracy: noisy oracle labels form a curve, and real label sources are compared
 * with it.
 */

import { roleName } from '../../report/compare/variantRole.ts';
import { type Estimate, estimateText, type StudyRow, type StudyTable } from '../../report/studyTables.ts';
import { estimateOf, pairedEstimate } from '../estimates.ts';
import { judgedText } from '../findings.ts';
import type { StudyReport, StudyScale } from '../study.ts';
import { accuracyFigure, trainingFigure } from './labelFigures.ts';
import { cheap, informed, noiseCurve, noisy, overTraining, type Placed, placed, sources } from './labelSources.ts';
import { grpoOf, outOfDomain, type VariantRuns, valuesOf, variantStudy } from './variantRuns.ts';
import { grpo, type StudyVariant, trainCommand } from './variants.ts';

function extent({ size }: StudyScale): { variants: readonly StudyVariant[]; seeds: number } {
  return size === 'quick'
    ? { variants: [grpo, ...noisy, ...cheap], seeds: 3 }
    : { variants: [grpo, ...noisy, ...sources], seeds: 10 };
}

/**
 * Success of noisy oracle labels of this accuracy, interpolated between the two nearest levels of noise; null outside
 * their range.
 */
function onCurve(curve: readonly Placed[], accuracy: number): number | null {
  for (let i = 1; i < curve.length; i++) {
    const [left, right] = [curve[i - 1], curve[i]].map((at) => ({ x: at.accuracy?.value ?? 0, y: at.success.value }));
    if (accuracy < left.x || accuracy > right.x) continue;
    const share = right.x === left.x ? 0 : (accuracy - left.x) / (right.x - left.x);
    return left.y + share * (right.y - left.y);
  }
  return null;
}

/** The gain over GRPO; null for GRPO itself. */
function gainOf(each: VariantRuns, baseline: VariantRuns | undefined): Estimate | null {
  if (baseline === undefined || each === baseline) return null;
  return pairedEstimate(valuesOf(each, outOfDomain), valuesOf(baseline, outOfDomain));
}

function rowOf(
  { each, accuracy, success }: Placed,
  baseline: VariantRuns | undefined,
  curve: readonly Placed[],
): StudyRow {
  const { variant } = each;
  const expected = accuracy === null || noisy.includes(variant) ? null : onCurve(curve, accuracy.value);
  const rate = (key: string): Estimate | null =>
    estimateOf(valuesOf(each, (run) => overTraining(run, (window) => window[`labels/${key}`])));
  return {
    name: noisy.includes(variant) ? variant.name : roleName(variant),
    cells: [
      accuracy,
      rate('true_positive_rate'),
      rate('false_positive_rate'),
      estimateOf(valuesOf(each, (run) => overTraining(run, informed))),
      rate('coverage'),
      success,
      gainOf(each, baseline),
      expected === null ? null : expected.toFixed(2),
    ],
    command: trainCommand(variant.config),
  };
}

function tableOf(all: readonly Placed[]): StudyTable {
  const baseline = grpoOf(all.map(({ each }) => each));
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

/** Gains of the oracle's labels at each level of noise, then gains of the labels that an agent can use. */
function summaryOf(all: readonly Placed[]): string[] {
  const baseline = grpoOf(all.map(({ each }) => each));
  const gains = (of: readonly Placed[], nameOf: (variant: StudyVariant, accuracy: string) => string): string =>
    judgedText(
      { above: 'Gain', below: 'Lose' },
      of.flatMap(({ each, accuracy }) => {
        const difference = gainOf(each, baseline);
        const right = estimateText(accuracy && { ...accuracy, low: null, high: null, values: [] });
        return difference === null ? [] : [{ name: nameOf(each.variant, right), difference }];
      }),
    );
  const real = all.filter(({ each }) => sources.includes(each.variant));
  return [
    {
      head: "The oracle's labels with noise, success over GRPO",
      text: gains(noiseCurve(all), (_, accuracy) => `accuracy ${accuracy}`),
    },
    {
      head: 'Labels that an agent has, success over GRPO',
      text: gains(real, (variant, accuracy) => `${roleName(variant)}, accuracy ${accuracy}`),
    },
  ]
    .filter(({ text }) => text !== '')
    .map(({ head, text }) => `${head}: ${text}`);
}

function report(found: readonly VariantRuns[]): StudyReport {
  const all = found.map(placed);
  const key = all.map(({ each, accuracy, success }) => [
    each.variant.name,
    { accuracy: accuracy?.value ?? null, outOfDomain: success.value, seeds: success.seeds },
  ]);
  return {
    summary: summaryOf(all),
    tables: [tableOf(all)],
    figures: [accuracyFigure(all), trainingFigure(all)],
    notes: [
      'Accuracy is the agreement with the expert over the labelled actions. Most actions are bad, so labelling every action as bad is accurate, too. Compare the true-positive and false-positive rates as well.',
      'Noise flips labels at random. The errors of a real source are not random, so success can differ at equal accuracy.',
      'The labels of a source are evaluated on the states that its own policy visits. These states differ between sources.',
    ],
    key: { labels: Object.fromEntries(key) },
  };
}

export const labels = variantStudy({
  name: 'labels',
  question: 'how right must labels be, and how right is each source?',
  extent,
  inputOf: ({ config }, seed) => ({ ...config, seed }),
  seconds: 8,
  report,
});
