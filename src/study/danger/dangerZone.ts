/**
 * The danger zone: p(bad action | similar state) over training. The comparison without coupling uses the gradients of
 * that state alone.
 */

import { labelTermsOf } from '../../config/method.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { dangerMethodName } from '../../report/compare/dangerFigure.ts';
import { estimateText, type StudyFigure, type StudyTable } from '../../report/studyTables.ts';
import { type BySeed, estimateOf, pairedEstimate, runsEstimate } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from '../study.ts';
import { dangerRecord } from './danger.ts';
import { conditionOf, type DangerCondition, type DangerInput, dangerKind, secondsOf } from './dangerJob.ts';
import { type DangerPanel, dangerZoneFigure } from './dangerZoneFigure.ts';
import { MEASURE_EVERY } from './follow.ts';

const starts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95];

const iterations = 120;

/**
 * GRPO and the classifier, with and without coupling; then gradient surgery between the two states. Surgery needs both
 * gradients, so it has no condition without coupling.
 */
const conditions: readonly DangerCondition[] = [
  ...(
    [
      ['grpo', 'oracle'],
      ['classifier', 'oracle'],
      ['classifier', 'advantage'],
      ['classifier', 'shuffled'],
    ] as const
  ).flatMap(([method, labels]) => [true, false].map((coupling) => ({ method, labels, coupling }))),
  ...['pcgrad', 'gradvac', 'upgrad'].map((method) => ({ method, labels: 'oracle', coupling: true }) as const),
];

/** Lowest start from which GRPO converges to the bad action. */
const HIGH = 0.4;

/**
 * Similarities, conditions and default seeds by size. `quick` excludes the controls without coupling and the surgery
 * methods.
 */
function extent({ size }: StudyScale): {
  rhos: readonly number[];
  conditions: readonly DangerCondition[];
  seeds: number;
} {
  if (size === 'full') return { rhos: [0.8, 0.3, 0.95], conditions, seeds: 24 };
  const shown = conditions.filter(
    ({ method, labels, coupling }) =>
      (coupling || labels === 'oracle') && (method === 'grpo' || method === 'classifier'),
  );
  return { rhos: [0.8], conditions: shown, seeds: 8 };
}

function inputOf(scale: StudyScale, rho: number, seed: number, start: number): DangerInput {
  return { rho, seed, start, iterations, arms: extent(scale).conditions };
}

function plan(scale: StudyScale): readonly Job[] {
  const { rhos, conditions: followed, seeds } = extent(scale);
  return rhos.flatMap((rho) =>
    seedsOf(scale, seeds).flatMap((seed) =>
      starts.map((start) => jobOf(dangerKind, inputOf(scale, rho, seed, start), secondsOf(followed.length))),
    ),
  );
}

interface Measured {
  readonly rho: number;
  /** Seeds for which every start is finished. */
  readonly seeds: readonly number[];
  /** p(bad | s') by condition, start, seed and measurement. */
  readonly probabilities: readonly (readonly (readonly (readonly number[])[])[])[];
}

function measuredAt(results: JobResults, scale: StudyScale, rho: number): Measured {
  const { conditions: followed, seeds: wanted } = extent(scale);
  const found = seedsOf(scale, wanted).flatMap((seed) => {
    const byStart = starts.map((start) => results.of(dangerKind, inputOf(scale, rho, seed, start)));
    return byStart.includes(null) ? [] : [{ seed, byStart }];
  });
  const probabilities = followed.map((_, a) =>
    starts.map((_, i) => found.map(({ byStart }) => byStart[i]?.probabilities[a] ?? [])),
  );
  return { rho, seeds: found.map(({ seed }) => seed), probabilities };
}

/** Mean p(bad | s') by seed over the starts from 0.4 up: the last value, or the highest one over training. */
function fromHighStarts(
  { seeds, probabilities }: Measured,
  condition: number,
  of: (run: readonly number[]) => number,
): BySeed {
  const high = probabilities[condition].filter((_, i) => starts[i] >= HIGH);
  return new Map(seeds.map((seed, n) => [seed, high.reduce((sum, bySeed) => sum + of(bySeed[n]), 0) / high.length]));
}

const lastOf = (run: readonly number[]): number => run[run.length - 1];
const highestOf = (run: readonly number[]): number => Math.max(...run);

/** Index of GRPO with coupling. */
const baseline = 0;

function overviewOf(measured: Measured, followed: readonly DangerCondition[], command: string): StudyTable {
  const rows = followed.map((condition, a) => ({
    name: rowName(condition),
    cells: [lastOf, highestOf].flatMap((of) => {
      const values = fromHighStarts(measured, a, of);
      const difference = a === baseline ? null : pairedEstimate(values, fromHighStarts(measured, baseline, of), 'mean');
      return [estimateOf(values, 'mean'), difference];
    }),
    command,
  }));
  return {
    id: `methods-rho-${measured.rho}`,
    title: `Probability of the bad action in the look-alike state, mean over starts from ${HIGH} up, similarity ${measured.rho}`,
    rowHead: 'trained with',
    columns: ['last', 'last minus that of GRPO', 'highest', 'highest minus that of GRPO'],
    rows,
  };
}

/** Highest and last mean of each start. */
function tablesByStart(
  { rho, seeds, probabilities }: Measured,
  followed: readonly DangerCondition[],
  command: string,
): StudyTable[] {
  const last = iterations / MEASURE_EVERY;
  const mean = (bySeed: readonly (readonly number[])[]) => (runs: readonly number[], k: number) =>
    runs.reduce((sum, run) => sum + bySeed[run][k], 0) / runs.length;
  const table = (
    id: string,
    title: string,
    statistic: (mean: (k: number) => number) => number,
    name: string,
  ): StudyTable => ({
    id: `${id}-rho-${rho}`,
    title: `${title} probability of the bad action in the look-alike state, similarity ${rho}`,
    rowHead: 'trained with',
    columns: starts.map((start) => `from ${start}`),
    rows: followed.map((condition, a) => ({
      name: rowName(condition),
      cells: probabilities[a].map((bySeed) => {
        const at = mean(bySeed);
        return runsEstimate(name, seeds, (runs) => statistic((k) => at(runs, k)));
      }),
      command,
    })),
  });
  const all = Array.from({ length: last + 1 }, (_, k) => k);
  return [
    table('highest', 'Highest', (at) => Math.max(...all.map(at)), 'highest mean over training'),
    table('last', 'Last', (at) => at(last), `mean after ${iterations} iterations`),
  ];
}

function conditionName({ method, labels }: DangerCondition): string {
  return dangerMethodName({ method, labels: labelTermsOf(method).length > 0 ? labels : 'none' });
}

const rowName = (condition: DangerCondition): string =>
  `${conditionName(condition)}, coupling ${condition.coupling ? 'on' : 'off'}`;

function recordOf({ rho, seeds, probabilities }: Measured, followed: readonly DangerCondition[]): DangerRecord {
  return dangerRecord({ rho, seeds: seeds.length, iterations }, followed.map(conditionOf), starts, probabilities);
}

const roles: { readonly [labels: string]: string } = { oracle: ' (upper bound)', shuffled: ' (control)' };

/** GRPO without coupling first, then all conditions with coupling. */
function panelsOf({ curves }: DangerRecord, followed: readonly DangerCondition[]): DangerPanel[] {
  const shown = followed
    .map((condition, a) => ({ condition, curves: curves.slice(a * starts.length, (a + 1) * starts.length) }))
    .filter(({ condition }) => condition.coupling || condition.method === 'grpo');
  return shown
    .toSorted((a, b) => Number(a.condition.coupling) - Number(b.condition.coupling))
    .map(({ condition, curves: of }) => {
      const [name, labels] = conditionName(condition).split(', ');
      const plain =
        condition.method === 'grpo' ? `coupling ${condition.coupling ? 'on' : 'off'}` : 'tasks: the two states';
      return { name, about: labels === undefined ? plain : `${labels}${roles[condition.labels] ?? ''}`, curves: of };
    });
}

function figureOf(record: DangerRecord, followed: readonly DangerCondition[]): StudyFigure {
  const id = `danger-zone-rho-${record.rho}`;
  return {
    id,
    svg: dangerZoneFigure(record, panelsOf(record, followed), id.replace('.', '-')),
    caption: `Similarity ${record.rho}. With coupling off, training uses only the gradients of the look-alike state. In all other panels, the gradients of both states change the same weights.`,
  };
}

/** The bad action counts as likelier than at the start if its highest mean exceeds the start by more than this. */
const RISE = 0.05;

/**
 * Key numbers of the study: starts from which the mean rises, the largest rise with coupling off, and the last means
 * from start 0.4.
 */
function keyOf({ rows }: DangerRecord) {
  const grpo = (coupling: boolean) => rows.filter((row) => row.coupling === coupling && row.method === 'grpo');
  const rises = (of: DangerRecord['rows']): number[] => of.map((row) => row.peak - row.start);
  const from = rows.filter((row) => row.coupling && row.start === HIGH);
  return {
    risenOn: rises(grpo(true)).filter((rise) => rise > RISE).length,
    risenOff: rises(grpo(false)).filter((rise) => rise > RISE).length,
    offLargestRise: Math.max(...rises(grpo(false))),
    endFrom: Object.fromEntries(from.map((row) => [dangerMethodName(row), row.end])),
  };
}

function summaryOf(measured: Measured, followed: readonly DangerCondition[], key: ReturnType<typeof keyOf>): string[] {
  const { rho, seeds } = measured;
  const plain = fromHighStarts(measured, baseline, lastOf);
  const differences = followed.flatMap((condition, a) => {
    const difference = pairedEstimate(fromHighStarts(measured, a, lastOf), plain, 'mean');
    return a === baseline || !condition.coupling || difference === null
      ? []
      : [{ name: conditionName(condition), difference }];
  });
  const evaluated = differencesText({ above: 'Higher', below: 'Lower' }, differences);
  return [
    `Similarity ${rho}, ${seeds.length} seeds: with GRPO the bad action becomes likelier than at its start from ${key.risenOn} of ${starts.length} starts, with the gradients of the look-alike state alone from ${key.risenOff}.`,
    `Similarity ${rho}, starts from ${HIGH} up: with GRPO the bad action ends at a probability of ${estimateText(estimateOf(plain, 'mean'))}. ${evaluated}`,
  ];
}

function report(results: JobResults, scale: StudyScale, command: string): StudyReport {
  const { rhos, conditions: followed } = extent(scale);
  const shown = rhos
    .map((rho) => measuredAt(results, scale, rho))
    .filter(({ seeds }) => seeds.length > 0)
    .map((measured) => ({ measured, record: recordOf(measured, followed) }));
  return {
    summary: shown.flatMap(({ measured, record }) => summaryOf(measured, followed, keyOf(record))),
    tables: shown.flatMap(({ measured }) => [
      overviewOf(measured, followed, command),
      ...tablesByStart(measured, followed, command),
    ]),
    figures: shown.map(({ record }) => figureOf(record, followed)),
    notes: [
      'Two states are the smallest possible case. The study shows the mechanism; it does not show how often it occurs in other tasks.',
      'Coupling off removes the samples of the other state, four fifths of all samples. It explains the rise but is not a training method, because the policy then learns almost nothing about the task.',
      'Oracle labels mark the correct action; an agent does not have them. An agent can use the sign of the advantage. Shuffled labels are a permutation of the oracle labels, without information.',
      ...(followed.length === conditions.length
        ? [
            'PCGrad, GradVac and UPGrad combine the gradients of the two states and need the state of each sample. An agent has no information on which states are similar.',
          ]
        : []),
      `Each run ends near 0 or near 1, so a mean is approximately the share of runs that converge to the bad action. A mean counts as risen if it exceeds its start by more than ${RISE}.`,
    ],
    key: {
      similarities: shown.map(({ measured, record }) => ({
        ...{ rho: measured.rho, seeds: [...measured.seeds] },
        ...keyOf(record),
      })),
    },
  };
}

export const dangerZone: Study = {
  name: 'danger-zone',
  question: 'does training one state make the bad action of a look-alike state likelier, and which method prevents it?',
  plan,
  report,
};
