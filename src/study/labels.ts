/** How right labels must be: out-of-domain success against label accuracy, set by noise, and where each real source falls. */
import { type LinePlot, lineFigure, type PlotLine } from '../report/lineFigure.ts';
import {
  type Quantity,
  quantityText,
  type StudyFigure,
  type StudyRow,
  type StudyTable,
} from '../report/studyTables.ts';
import { type Job, type JobResults, jobOf } from './job.ts';
import { type BySeed, bySeed, pairedQuantity, quantity } from './quantities.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from './study.ts';
import { type TrainInput, type TrainResult, trainKind } from './trainJob.ts';
import { bothGraph, bothOracle, bothShuffled, grpo, type StudyVariant, styleOf, trainCommand } from './variants.ts';

const SECONDS = 8;

const method = 'classifier+cloning';

/** The oracle's labels, each replaced by its opposite with this probability. */
const noisy: readonly StudyVariant[] = [0, 0.05, 0.1, 0.2, 0.35, 0.5].map((labelNoise) =>
  labelNoise === 0
    ? bothOracle
    : { name: `oracle, noise ${labelNoise}`, role: 'upper bound', config: { method, labels: 'oracle', labelNoise } },
);

const source = (labels: NonNullable<TrainInput['labels']>, name: string): StudyVariant => ({
  name,
  role: 'method',
  config: { method, labels },
});

const cheap: readonly StudyVariant[] = [
  bothGraph,
  source('advantage', 'sign of the advantage'),
  source('anchor', 'same-state comparison'),
  bothShuffled,
];

/** The sources that an agent has, and the control. */
const sources: readonly StudyVariant[] = [
  ...cheap,
  source('critic', 'replay critic'),
  source('counterfactual', 'counterfactual rollouts'),
];

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

interface Labelled {
  readonly variant: StudyVariant;
  readonly runs: ReadonlyMap<number, TrainResult>;
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

type Window = TrainResult['labelQuality'][number];

/** True-positive minus false-positive rate: 1 for the truth, 0 for labels that know nothing. */
const informed = (window: Window): number | undefined =>
  'labels/true_positive_rate' in window && 'labels/false_positive_rate' in window
    ? window['labels/true_positive_rate'] - window['labels/false_positive_rate']
    : undefined;

/** Mean over a run's training; null where it was never measured. */
function overTraining(run: TrainResult, pick: (window: Window) => number | undefined): number | null {
  const values = run.labelQuality.flatMap((window) => pick(window) ?? []);
  return values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length;
}

function valuesOf({ runs }: Labelled, pick: (run: TrainResult) => number | null): BySeed {
  return bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
}

const outOfDomain = ({ success }: TrainResult): number => success.outOfDomain;

const accuracyOf = (each: Labelled): BySeed =>
  valuesOf(each, (run) => overTraining(run, (window) => window['labels/accuracy']));

interface Placed {
  readonly each: Labelled;
  readonly accuracy: Quantity | null;
  readonly success: Quantity;
}

function placed(each: Labelled): Placed {
  return { each, accuracy: quantity(accuracyOf(each)), success: quantity(valuesOf(each, outOfDomain)) as Quantity };
}

/** [accuracy, success] of the oracle with noise, by ascending accuracy. */
function noiseCurve(all: readonly Placed[]): Placed[] {
  return all
    .filter(({ each, accuracy }) => noisy.includes(each.variant) && accuracy !== null)
    .toSorted((a, b) => (a.accuracy?.value ?? 0) - (b.accuracy?.value ?? 0));
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

const accuracyAxes = {
  name: '',
  x: 'label accuracy, mean over training',
  y: 'out-of-domain success rate',
  yRange: [0, 1],
} as const satisfies LinePlot['panels'][number];

function accuracyFigure(all: readonly Placed[]): StudyFigure {
  const curve = noiseCurve(all);
  const variants = [bothOracle, ...sources];
  const oracle = { ...styleOf(variants, bothOracle), line: 'solid' } as const;
  const noise: PlotLine = {
    name: 'oracle with noise',
    style: oracle,
    points: curve.map(({ accuracy, success: { value, low, high } }) => {
      const point = [accuracy?.value ?? 0, value];
      return low === null || high === null ? point : [...point, low, high];
    }),
    panel: 0,
  };
  const real = all.flatMap(({ each: { variant }, accuracy, success }): PlotLine[] => {
    if (accuracy === null || !sources.includes(variant)) return [];
    const style = styleOf(variants, variant);
    const { value, low, high } = success;
    const whisker: PlotLine = {
      ...{ name: variant.name, panel: 0, style: { ...style, symbol: 'none', line: 'solid' } },
      points: low === null || high === null ? [] : [low, high].map((y) => [accuracy.value, y]),
    };
    return [
      whisker,
      { name: variant.name, style: { ...style, line: 'none' }, points: [[accuracy.value, value]], panel: 0 },
    ];
  });
  return {
    id: 'label-accuracy',
    svg: lineFigure({
      id: 'label-accuracy',
      title: 'Out-of-domain success against label accuracy',
      subtitle:
        "Line: the oracle's labels with set noise; marks: sources without its knowledge. Interquartile means over seeds, 95% bootstrap intervals.",
      panels: [accuracyAxes],
      lines: [noise, ...real],
    }),
    caption:
      'Where a source lies below the line its labels are worse than random noise of the same accuracy makes them: its errors are systematic.',
  };
}

/** True-positive minus false-positive rate over training: the mean over seeds with its interval. */
function qualityCurve({ runs }: Labelled): number[][] {
  const all = [...runs.entries()];
  const iterations = [...new Set(all.flatMap(([, run]) => run.labelQuality.map((window) => window.iteration)))];
  return iterations
    .toSorted((a, b) => a - b)
    .flatMap((iteration) => {
      const values = new Map<number, number>();
      for (const [seed, run] of all) {
        const window = run.labelQuality.find((each) => each.iteration === iteration);
        const rate = window && informed(window);
        if (rate !== undefined) values.set(seed, rate);
      }
      const at = quantity(values, 'mean');
      if (at === null) return [];
      return [at.low === null || at.high === null ? [iteration, at.value] : [iteration, at.value, at.low, at.high]];
    });
}

function trainingFigure(all: readonly Placed[]): StudyFigure {
  const variants = [bothOracle, ...sources];
  return {
    id: 'label-training',
    svg: lineFigure({
      id: 'label-training',
      title: 'What labels know, over training',
      subtitle:
        'True-positive minus false-positive rate: 1 for the truth, 0 for labels that know nothing. Mean over seeds, 95% bootstrap interval.',
      panels: [{ name: '', x: 'iteration', y: 'true-positive minus false-positive rate' }],
      lines: all
        .filter(({ each }) => sources.includes(each.variant))
        .map(({ each }) => ({
          name: each.variant.name,
          style: styleOf(variants, each.variant),
          points: qualityCurve(each),
          panel: 0,
        }))
        .filter(({ points }) => points.length > 0),
    }),
    caption: 'Label quality against the expert at every ten iterations, for each source an agent has.',
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
