/** The two states of the danger zone in the study of decoupled advantages: each kind of pairs at one strength. */
import { roleName, type VariantRole } from '../../report/compare/variantRole.ts';
import { type Estimate, estimateText, type StudyTable } from '../../report/studyTables.ts';
import { type DangerCondition, type DangerInput, dangerKind, followedOf, secondsOf } from '../danger/dangerJob.ts';
import type { Followed } from '../danger/follow.ts';
import { DECOUPLE_LAMBDA } from '../danger/presets.ts';
import { type BySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { differencesText, type NamedDifference } from '../findings.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { freshSeedsOf } from '../trained/chosen.ts';
import { type Difference, differenceOf } from '../trained/chosenRows.ts';
import { kinds } from './tasks.ts';

/** The starts from which GRPO often ends with the bad action, docs/results/danger-zone.md. */
const starts = [0.4, 0.6, 0.8];

const plain: DangerCondition = { method: 'grpo', labels: 'oracle', coupling: true };

const conditions: readonly DangerCondition[] = [
  plain,
  ...kinds.map(
    ({ pairs }): DangerCondition => ({
      ...{ ...plain, method: 'decouple' },
      ...{ decoupleLambda: DECOUPLE_LAMBDA, decouplePairs: pairs },
    }),
  ),
];

/** Number of comparisons with GRPO. */
export const dangerComparisons = kinds.length;

const inputOf = (seed: number, start: number): DangerInput => ({
  ...{ rho: 0.8, seed, start, iterations: 120 },
  arms: conditions,
});

export function dangerJobs(scale: StudyScale): readonly Job[] {
  return freshSeedsOf(scale).flatMap((seed) =>
    starts.map((start) => jobOf(dangerKind, inputOf(seed, start), secondsOf(conditions.length))),
  );
}

/** A row of the table: an arm, and its differences to GRPO. */
export interface DangerRow {
  readonly name: string;
  readonly role: VariantRole;
  readonly last: Estimate | null;
  readonly rise: Estimate | null;
  readonly return: Estimate | null;
  /** Rise of the probability minus that of GRPO; null for GRPO. */
  readonly riseDifference: Estimate | null;
  /** Return minus that of GRPO; null for GRPO. */
  readonly gain: Difference | null;
}

/** The rows, GRPO first; empty before a seed has all its starts. */
export function dangerRows(scale: StudyScale, results: JobResults): readonly DangerRow[] {
  const bySeed = new Map<number, readonly (readonly Followed[])[]>();
  for (const seed of freshSeedsOf(scale)) {
    const byStart = starts.flatMap((start) => {
      const result = results.of(dangerKind, inputOf(seed, start));
      return result === null ? [] : [followedOf(result)];
    });
    if (byStart.length === starts.length) bySeed.set(seed, byStart);
  }
  if (bySeed.size === 0) return [];
  /** Mean over the starts. */
  const valuesOf = (condition: number, of: (run: Followed) => number): BySeed =>
    new Map(
      [...bySeed].map(([seed, byStart]) => [
        seed,
        byStart.reduce((sum, runs) => sum + of(runs[condition]), 0) / starts.length,
      ]),
    );
  const last = ({ probabilities }: Followed): number => probabilities[probabilities.length - 1];
  const rise = ({ probabilities }: Followed): number => Math.max(...probabilities) - probabilities[0];
  const returned = (run: Followed): number => run.return;
  return conditions.map((_, a) => ({
    ...(a === 0 ? ({ name: 'GRPO', role: 'method' } as const) : kinds[a - 1]),
    last: estimateOf(valuesOf(a, last), 'mean'),
    rise: estimateOf(valuesOf(a, rise), 'mean'),
    return: estimateOf(valuesOf(a, returned), 'mean'),
    riseDifference: a === 0 ? null : pairedEstimate(valuesOf(a, rise), valuesOf(0, rise), 'mean'),
    gain: a === 0 ? null : differenceOf(valuesOf(a, returned), valuesOf(0, returned)),
  }));
}

/** @param corrected the corrected p value of a row */
export function dangerTable(
  rows: readonly DangerRow[],
  corrected: (row: DangerRow) => number,
  command: string,
): StudyTable {
  return {
    id: 'danger-zone',
    title: `The two states of the danger zone, similarity 0.8, lambda ${DECOUPLE_LAMBDA}, mean over starts from ${starts[0]} up`,
    rowHead: 'pairs',
    columns: [
      'last probability of the bad action',
      'rise of that probability: highest minus first',
      'rise minus that of GRPO',
      'return',
      'gain in return over GRPO',
      'p of the gain, by permutation',
      "p with Holm's correction for the comparisons of all tables",
    ],
    rows: rows.map((row) => ({
      name: roleName(row),
      cells: [
        ...[row.last, row.rise, row.riseDifference, row.return, row.gain?.gain ?? null],
        ...(row.gain === null ? [null, null] : [row.gain.p.toFixed(4), corrected(row).toFixed(4)]),
      ],
      command,
    })),
  };
}

export function dangerText(rows: readonly DangerRow[]): string[] {
  if (rows.length === 0) return [];
  const [grpo, ...others] = rows;
  const named = (of: (row: DangerRow) => Estimate | null): NamedDifference[] =>
    others.flatMap((row) => {
      const difference = of(row);
      return difference === null ? [] : [{ name: row.name, difference }];
    });
  const rises = differencesText(
    { above: 'It rises more', below: 'It rises less' },
    named((row) => row.riseDifference),
  );
  const gains = differencesText(
    { above: 'Gain', below: 'Lose' },
    named((row) => row.gain?.gain ?? null),
  );
  return [
    `Danger zone: with GRPO the bad action rises by ${estimateText(grpo.rise)}. ${rises}`,
    `Danger zone: with GRPO the return is ${estimateText(grpo.return)}. ${gains}`,
  ];
}
