/** Coupling at equal success: tests whether a method lowers coupling by more than its success explains. */

import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { lineFigure, type PlotLine } from '../../report/draw/lineFigure.ts';
import type { Estimate, StudyFigure, StudyRow, StudyTable } from '../../report/studyTables.ts';
import { type MatchedDifference, matchedDifference, type RunPair } from '../../statistics/matched.ts';
import { holmCorrection, MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { estimateOf, resampling } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import type { StudyReport, StudyScale } from '../study.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';
import { grpoOf, type VariantRuns, valuesOf, variantStudy } from './variantRuns.ts';
import {
  bothGraph,
  bothOracle,
  bothShuffled,
  classifierGraph,
  cloningGraph,
  grpo,
  moreEntropy,
  pcgrad,
  type StudyVariant,
  trainCommand,
} from './variants.ts';

/** Success and coupling of a checkpoint are measured every 20 iterations. */
const measured: TrainInput = { evalEvery: 20, couplingEvery: 20, evalEpisodes: 200 };

const success = 'eval/in_domain';
const cosine = 'coupling/good_bad_cosine';

function extent({ size }: StudyScale): { variants: readonly StudyVariant[]; seeds: number } {
  const few = [grpo, classifierGraph, cloningGraph, bothGraph, bothShuffled];
  return size === 'quick'
    ? { variants: few, seeds: 4 }
    : { variants: [...few, pcgrad, moreEntropy, bothOracle], seeds: 20 };
}

/** [in-domain success, good-bad cosine] at the run's checkpoints. */
function pointsOf({ checkpoints }: TrainResult): [number, number][] {
  return checkpoints.flatMap((line): [number, number][] =>
    success in line && cosine in line ? [[line[success], line[cosine]]] : [],
  );
}

interface Compared {
  readonly difference: Estimate;
  readonly details: MatchedDifference;
}

interface Row {
  readonly each: VariantRuns;
  readonly compared: Compared | null;
  /** p value after Holm's correction; null without a comparison. */
  readonly corrected: number | null;
}

type Runs = VariantRuns['runs'];

/**
 * Good-bad cosine of a method minus that of a baseline at equal in-domain success, from runs with both at their
 * checkpoints; null if their ranges of success overlap too little.
 */
export function cosineAtEqualSuccess(treated: Runs, baseline: Runs): Compared | null {
  const pairs: RunPair[] = [];
  const seeds: number[] = [];
  for (const [seed, run] of treated) {
    const plain = baseline.get(seed);
    if (plain === undefined) continue;
    seeds.push(seed);
    pairs.push({ treated: pointsOf(run), baseline: pointsOf(plain) });
  }
  const details = pairs.length === 0 ? null : matchedDifference(pairs, resampling);
  if (details === null) return null;
  const { value } = details;
  const { low, high } = details.seeds < MIN_INTERVAL_SEEDS ? { low: null, high: null } : details;
  return { difference: { statistic: 'difference at equal success', value, low, high, seeds }, details };
}

/** Coupling of a variant minus that of GRPO at equal success. */
function comparedWith(baseline: VariantRuns | undefined, { variant, runs }: VariantRuns): Compared | null {
  return baseline === undefined || variant === baseline.variant ? null : cosineAtEqualSuccess(runs, baseline.runs);
}

function rowOf({ each, compared, corrected }: Row): StudyRow {
  const details = compared?.details;
  return {
    name: roleName(each.variant),
    cells: [
      estimateOf(valuesOf(each, ({ success }) => success.inDomain)),
      estimateOf(valuesOf(each, ({ coupling }) => coupling.start.goodBadCosine)),
      estimateOf(valuesOf(each, ({ coupling }) => coupling.end.goodBadCosine)),
      compared?.difference ?? null,
      details ? details.pValue.toFixed(4) : null,
      details ? `${details.range[0].toFixed(2)} to ${details.range[1].toFixed(2)}` : null,
      details ? String(details.points) : null,
      corrected === null ? null : corrected.toFixed(4),
    ],
    command: trainCommand({ ...measured, ...each.variant.config }),
  };
}

/** Each variant's comparison, with its p value corrected for the number of comparisons in the table. */
function rowsOf(followed: readonly VariantRuns[]): Row[] {
  const baseline = grpoOf(followed);
  const all = followed.map((each) => ({ each, compared: comparedWith(baseline, each) }));
  const corrected = holmCorrection(all.flatMap(({ compared }) => compared?.details.pValue ?? []));
  return all.map((row) => ({ ...row, corrected: row.compared === null ? null : (corrected.shift() as number) }));
}

function tableOf(followed: readonly VariantRuns[]): StudyTable {
  return {
    id: 'matched-success',
    title: 'Good-bad cosine of gradients, and its difference to GRPO at equal in-domain success',
    rowHead: 'variant',
    columns: [
      'in-domain success at the end',
      'cosine at the start',
      'cosine at the end',
      'cosine minus that of GRPO at equal success',
      'p of the difference, by permutation',
      'range of success compared',
      'checkpoints in it',
      "p with Holm's correction for the comparisons of this table",
    ],
    rows: rowsOf(followed).map(rowOf),
  };
}

function figureOf(followed: readonly VariantRuns[]): StudyFigure {
  const variants = followed.map(({ variant }) => variant);
  const lines = followed.flatMap(({ variant, runs }): PlotLine[] => {
    const all = [...runs.values()].map(pointsOf);
    const style = roleStyle(variants, variant);
    const name = roleName(variant);
    const length = Math.min(...all.map((points) => points.length));
    const mean = (k: number, axis: 0 | 1): number => all.reduce((sum, points) => sum + points[k][axis], 0) / all.length;
    const path = Array.from({ length }, (_, k) => [mean(k, 0), mean(k, 1)]);
    return [
      { name, style: { ...style, line: 'none' }, points: all.flat(), panel: 0 },
      { name, style, points: path, panel: 1 },
    ];
  });
  const axes = { x: 'in-domain success rate', y: 'mean cosine of good-bad pairs', xRange: [0, 1] } as const;
  return {
    id: 'matched-success',
    draw: (medium) =>
      lineFigure(
        {
          id: 'matched-success',
          title: 'Coupling against success over training',
          subtitle:
            'Left: a mark per checkpoint of a run. Right: mean over seeds at each checkpoint, joined in the order of training. Compare methods at equal success.',
          panels: [
            { name: 'checkpoints', ...axes },
            { name: 'mean over seeds', ...axes },
          ],
          lines,
        },
        medium,
      ),
    caption:
      'Coupling falls as success rises, with every method. A method lowers coupling further if its path is below that of GRPO.',
  };
}

/**
 * Variants whose cosine differs from that of GRPO at equal success (methods, controls, upper bounds), then those that
 * cannot be compared.
 */
function summaryOf(others: readonly VariantRuns[], baseline: VariantRuns | undefined): string[] {
  const compared = others.map((each) => ({ variant: each.variant, found: comparedWith(baseline, each) }));
  const sentences = (['method', 'control', 'upper bound'] as const).flatMap((role) => {
    const differences = compared.flatMap(({ variant, found }) =>
      found === null || variant.role !== role ? [] : [{ name: variant.name, difference: found.difference }],
    );
    const text = differencesText({ above: 'Higher', below: 'Lower' }, differences);
    return text === '' ? [] : [`Good-bad cosine against that of GRPO at equal success, ${role}s: ${text}`];
  });
  const alone = compared.filter(({ found }) => found === null).map(({ variant }) => variant.name);
  if (alone.length === 0) return sentences;
  return [...sentences, `Too few seeds share a range of success with GRPO to compare: ${alone.join('; ')}.`];
}

function report(followed: readonly VariantRuns[]): StudyReport {
  const baseline = grpoOf(followed);
  const others = followed.filter((each) => each !== baseline);
  const key = others.map((each) => {
    const compared = comparedWith(baseline, each);
    if (compared === null) return [each.variant.name, null] as const;
    const { value, low, high, seeds } = compared.difference;
    return [each.variant.name, { value, low, high, pValue: compared.details.pValue, seeds }] as const;
  });
  return {
    summary: summaryOf(others, baseline),
    tables: [tableOf(followed)],
    figures: [figureOf(followed)],
    notes: [
      'Coupling falls as success rises, with every method, so a lower cosine at the end is not a result by itself.',
      'The difference is from an analysis of covariance: a quadratic curve of cosine on success that is common to both methods, plus a constant difference between them. All runs have equal weight. The fit uses the range of success that both methods reached.',
      'Checkpoints of one run depend on each other, so seeds are the unit of the analysis. The interval resamples pairs of runs with the same seed. The permutation test swaps the two runs within seeds (all permutations up to 12 seeds, 10000 sampled ones above). With n seeds, p is at least 2 divided by 2 to the power n.',
      'Each interval is for one comparison. A second column of p values is corrected for the number of comparisons in the table (Holm).',
      'The measured success has a sampling error, which makes the curve slightly flatter. A difference at equal success does not show its cause.',
    ],
    key: { differences: Object.fromEntries(key) },
  };
}

export const matchedSuccess = variantStudy({
  name: 'matched-success',
  question: 'does a method lower coupling beyond what learning does, compared at equal success?',
  extent,
  inputOf: ({ config }, seed) => ({ ...measured, ...config, seed }),
  // A run here has two more evaluations than a training run of 8 s, and six measurements of coupling.
  seconds: 11,
  report,
});
