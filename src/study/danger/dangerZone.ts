/**
 * The danger zone: p(bad action | similar state) over training, and the mean return after it. Two comparisons show what
 * raises it: the same training with the other state's data removed, and with decoupled advantages.
 */

import { labelTermsOf, surgeryOf } from '../../config/method.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { conditionName, dangerMethodName } from '../../report/compare/dangerFigure.ts';
import { DATA_REMOVED } from '../../report/compare/termNames.ts';
import { estimateText, type StudyFigure, type StudyTable } from '../../report/studyTables.ts';
import { type BySeed, estimateOf, pairedEstimate, runsEstimate } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from '../study.ts';
import { conditionOf, type DangerCondition, type DangerInput, dangerKind, followedOf, secondsOf } from './dangerJob.ts';
import { type DangerPanel, dangerZoneFigure } from './dangerZoneFigure.ts';
import { type Followed, MEASURE_EVERY } from './follow.ts';
import { dangerRecord } from './measurements.ts';
import { DECOUPLE_LAMBDA } from './presets.ts';

const starts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95];

const iterations = 120;

/**
 * GRPO, with the other state's data removed and with decoupled advantages; the classifier on labels of each kind; then
 * gradient surgery between the two states.
 */
const conditions: readonly DangerCondition[] = [
  { method: 'grpo', labels: 'oracle', coupling: true },
  { method: 'grpo', labels: 'oracle', coupling: false },
  { method: 'decouple', labels: 'oracle', coupling: true, decoupleLambda: DECOUPLE_LAMBDA },
  ...(['oracle', 'advantage', 'shuffled'] as const).map(
    (labels) => ({ method: 'classifier', labels, coupling: true }) as const,
  ),
  ...['pcgrad', 'gradvac', 'upgrad'].map((method) => ({ method, labels: 'oracle', coupling: true }) as const),
];

/** Lowest start from which GRPO converges to the bad action. */
const HIGH = 0.4;

/** Similarities, conditions and default seeds by size. `quick` excludes the surgery methods. */
function extent({ size }: StudyScale): {
  rhos: readonly number[];
  conditions: readonly DangerCondition[];
  seeds: number;
} {
  if (size === 'full') return { rhos: [0.8, 0.3, 0.95], conditions, seeds: 24 };
  return { rhos: [0.8], conditions: conditions.filter(({ method }) => surgeryOf(method) === null), seeds: 8 };
}

function inputOf(scale: StudyScale, rho: number, seed: number, start: number): DangerInput {
  return { rho, seed, start, iterations, arms: extent(scale).conditions };
}

function plan(scale: StudyScale): readonly Job[] {
  const { rhos, conditions: studied, seeds } = extent(scale);
  return rhos.flatMap((rho) =>
    seedsOf(scale, seeds).flatMap((seed) =>
      starts.map((start) => jobOf(dangerKind, inputOf(scale, rho, seed, start), secondsOf(studied.length))),
    ),
  );
}

interface Measured {
  readonly rho: number;
  /** Seeds for which every start is finished. */
  readonly seeds: readonly number[];
  /** By condition, start and seed. */
  readonly followed: readonly (readonly (readonly Followed[])[])[];
}

function measuredAt(results: JobResults, scale: StudyScale, rho: number): Measured {
  const { conditions: studied, seeds: wanted } = extent(scale);
  const found = seedsOf(scale, wanted).flatMap((seed) => {
    const byStart = starts.map((start) => results.of(dangerKind, inputOf(scale, rho, seed, start)));
    const finished = byStart.flatMap((result) => (result === null ? [] : [followedOf(result)]));
    return finished.length < starts.length ? [] : [{ seed, byStart: finished }];
  });
  const followed = studied.map((_, a) => starts.map((_, i) => found.map(({ byStart }) => byStart[i][a])));
  return { rho, seeds: found.map(({ seed }) => seed), followed };
}

/** Mean of a measurement by seed over the starts from 0.4 up. */
function fromHighStarts({ seeds, followed }: Measured, condition: number, of: (run: Followed) => number): BySeed {
  const high = followed[condition].filter((_, i) => starts[i] >= HIGH);
  return new Map(seeds.map((seed, n) => [seed, high.reduce((sum, bySeed) => sum + of(bySeed[n]), 0) / high.length]));
}

const lastOf = ({ probabilities }: Followed): number => probabilities[probabilities.length - 1];
const highestOf = ({ probabilities }: Followed): number => Math.max(...probabilities);
const returnOf = (run: Followed): number => run.return;

/** Index of GRPO with the samples of both states. */
const baseline = 0;

function overviewOf(measured: Measured, studied: readonly DangerCondition[], command: string): StudyTable {
  const rows = studied.map((condition, a) => ({
    name: rowName(condition),
    cells: [lastOf, highestOf, returnOf].flatMap((of) => {
      const values = fromHighStarts(measured, a, of);
      const difference = a === baseline ? null : pairedEstimate(values, fromHighStarts(measured, baseline, of), 'mean');
      return [estimateOf(values, 'mean'), difference];
    }),
    command,
  }));
  return {
    id: `methods-rho-${measured.rho}`,
    title: `Probability of the bad action in the look-alike state, and return after training, mean over starts from ${HIGH} up, similarity ${measured.rho}`,
    rowHead: 'trained with',
    columns: ['last', 'highest', 'return'].flatMap((name) => [name, `${name} minus that of GRPO`]),
    rows,
  };
}

/** Highest and last mean probability and mean return of each start. */
function tablesByStart(
  { rho, seeds, followed }: Measured,
  studied: readonly DangerCondition[],
  command: string,
): StudyTable[] {
  const last = iterations / MEASURE_EVERY;
  const bad = 'probability of the bad action in the look-alike state';
  const table = (
    id: string,
    title: string,
    statistic: (mean: (of: (run: Followed) => number) => number) => number,
    name: string,
  ): StudyTable => ({
    id: `${id}-rho-${rho}`,
    title: `${title}, similarity ${rho}`,
    rowHead: 'trained with',
    columns: starts.map((start) => `from ${start}`),
    rows: studied.map((condition, a) => ({
      name: rowName(condition),
      cells: followed[a].map((bySeed) =>
        runsEstimate(name, seeds, (runs) =>
          statistic((of) => runs.reduce((sum, run) => sum + of(bySeed[run]), 0) / runs.length),
        ),
      ),
      command,
    })),
  });
  const all = Array.from({ length: last + 1 }, (_, k) => k);
  return [
    table(
      ...(['highest', `Highest ${bad}`] as const),
      (mean) => Math.max(...all.map((k) => mean(({ probabilities }) => probabilities[k]))),
      'highest mean over training',
    ),
    table('last', `Last ${bad}`, (mean) => mean(lastOf), `mean after ${iterations} iterations`),
    table('return', 'Return after training', (mean) => mean(returnOf), `mean after ${iterations} iterations`),
  ];
}

/** The labels of a condition, as records have them: `none` where the method uses none. */
const usedLabels = ({ method, labels }: DangerCondition): string => (labelTermsOf(method).length > 0 ? labels : 'none');

const rowName = (condition: DangerCondition): string => conditionName({ ...condition, labels: usedLabels(condition) });

function recordOf({ rho, seeds, followed }: Measured, studied: readonly DangerCondition[]): DangerRecord {
  return dangerRecord({ rho, seeds: seeds.length, iterations }, studied.map(conditionOf), starts, followed);
}

const roles: { readonly [labels: string]: string } = { oracle: ' (upper bound)', shuffled: ' (control)' };

/** What a panel of the figure says below the method. */
function aboutOf({ method, labels, coupling }: DangerCondition): string {
  if (method === 'grpo') return coupling ? 'data of both states' : DATA_REMOVED;
  if (method === 'decouple') return `data of both states, λ ${DECOUPLE_LAMBDA}`;
  return surgeryOf(method) === null ? `${labels} labels${roles[labels] ?? ''}` : 'tasks: the two states';
}

/** A panel for each condition, with the mean return over all starts. */
function panelsOf({ curves, rows }: DangerRecord, studied: readonly DangerCondition[]): DangerPanel[] {
  return studied.map((condition, a) => {
    const of = <T>(list: readonly T[]): readonly T[] => list.slice(a * starts.length, (a + 1) * starts.length);
    const mean = of(rows).reduce((sum, row) => sum + (row.return ?? 0), 0) / starts.length;
    return {
      name: dangerMethodName({ method: condition.method, labels: 'none' }),
      about: `${aboutOf(condition)}\nreturn ${mean.toFixed(2)}`,
      curves: of(curves),
    };
  });
}

function figureOf(record: DangerRecord, studied: readonly DangerCondition[]): StudyFigure {
  const id = `danger-zone-rho-${record.rho}`;
  return {
    id,
    draw: (medium) => dangerZoneFigure(record, panelsOf(record, studied), id.replace('.', '-'), medium),
    caption: `Similarity ${record.rho}. Return: mean after training over all starts. With the ${DATA_REMOVED}, only samples of the look-alike state are trained on, so the task is not learnt. Decoupled advantages keep all samples and take away, to first order, what they do to each other.`,
  };
}

/** The bad action counts as likelier than at the start if its highest mean exceeds the start by more than this. */
const RISE = 0.05;

/**
 * Key numbers of the study: starts from which the mean rises, the largest rises, the mean returns over all starts, and
 * the last means from start 0.4.
 */
function keyOf({ rows }: DangerRecord) {
  const of = (method: string, coupling: boolean) =>
    rows.filter((row) => row.coupling === coupling && row.method === method);
  const shown = (condition: DangerRecord['rows']) => {
    const rises = condition.map((row) => row.peak - row.start);
    return {
      risen: rises.filter((rise) => rise > RISE).length,
      largestRise: Math.max(...rises),
      return: condition.reduce((sum, row) => sum + (row.return ?? 0), 0) / condition.length,
    };
  };
  const from = rows.filter((row) => row.coupling && row.start === HIGH);
  return {
    grpo: shown(of('grpo', true)),
    dataRemoved: shown(of('grpo', false)),
    decouple: shown(of('decouple', true)),
    endFrom: Object.fromEntries(from.map((row) => [dangerMethodName(row), row.end])),
  };
}

function summaryOf(measured: Measured, studied: readonly DangerCondition[], key: ReturnType<typeof keyOf>): string[] {
  const { rho, seeds } = measured;
  const plain = fromHighStarts(measured, baseline, lastOf);
  const differences = studied.flatMap((condition, a) => {
    const difference = pairedEstimate(fromHighStarts(measured, a, lastOf), plain, 'mean');
    return a === baseline || !condition.coupling || difference === null
      ? []
      : [{ name: rowName(condition), difference }];
  });
  const evaluated = differencesText({ above: 'Higher', below: 'Lower' }, differences);
  return [
    `Similarity ${rho}, ${seeds.length} seeds: the bad action becomes likelier than at its start from ${key.grpo.risen} of ${starts.length} starts with GRPO (mean return after training ${key.grpo.return.toFixed(2)}), from ${key.dataRemoved.risen} with the ${DATA_REMOVED} (${key.dataRemoved.return.toFixed(2)}), and from ${key.decouple.risen} with decoupled advantages (${key.decouple.return.toFixed(2)}).`,
    `Similarity ${rho}, starts from ${HIGH} up: with GRPO the bad action ends at a probability of ${estimateText(estimateOf(plain, 'mean'))}. ${evaluated}`,
  ];
}

function report(results: JobResults, scale: StudyScale, command: string): StudyReport {
  const { rhos, conditions: studied } = extent(scale);
  const shown = rhos
    .map((rho) => measuredAt(results, scale, rho))
    .filter(({ seeds }) => seeds.length > 0)
    .map((measured) => ({ measured, record: recordOf(measured, studied) }));
  return {
    summary: shown.flatMap(({ measured, record }) => summaryOf(measured, studied, keyOf(record))),
    tables: shown.flatMap(({ measured }) => [
      overviewOf(measured, studied, command),
      ...tablesByStart(measured, studied, command),
    ]),
    figures: shown.map(({ record }) => figureOf(record, studied)),
    notes: [
      'Two states are the smallest possible case. The study shows the mechanism; it does not show how often it occurs in other tasks.',
      `The condition "${DATA_REMOVED}" has none of the samples of the first state, four fifths of all. It shows where the rise comes from and is not a training method: the policy learns almost nothing about the task, as its return shows.`,
      'Decoupled advantages keep all samples and take coupling away, to first order. Their lambda was chosen among five values on seeds 101 to 112, after a first look at seeds 1 to 8.',
      'Oracle labels mark the correct action; an agent does not have them. An agent can use the sign of the advantage. Shuffled labels are a permutation of the oracle labels, without information.',
      ...(studied.length === conditions.length
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
