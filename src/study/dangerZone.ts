/** The danger zone: p(bad action | look-alike state) over training, with the gradients of that state alone as the counterfactual. */
import { dangerRecord } from '../danger/danger.ts';
import { MEASURE_EVERY } from '../danger/follow.ts';
import { dangerFigure, dangerMethodName } from '../report/dangerFigure.ts';
import type { DangerRecord } from '../report/records.ts';
import type { StudyTable } from '../report/studyTables.ts';
import { armOf, type DangerArm, type DangerInput, dangerKind } from './dangerJob.ts';
import { type Job, type JobResults, jobOf } from './job.ts';
import { runsQuantity } from './quantities.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from './study.ts';

const starts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95];

const iterations = 120;

/** GRPO and each remedy, with coupling and without. */
const arms: readonly DangerArm[] = (
  [
    ['grpo', 'oracle'],
    ['classifier', 'oracle'],
    ['classifier', 'advantage'],
    ['classifier', 'shuffled'],
  ] as const
).flatMap(([method, labels]) => [true, false].map((coupling) => ({ method, labels, coupling })));

/** Similarities and arms by size; `quick` leaves out the counterfactual of the controls. */
function extent({ size }: StudyScale): { rhos: readonly number[]; arms: readonly DangerArm[]; seeds: number } {
  if (size === 'full') return { rhos: [0.8, 0.3, 0.95], arms, seeds: 24 };
  const shown = arms.filter(({ labels, coupling }) => coupling || labels === 'oracle');
  return { rhos: [0.8], arms: shown, seeds: 8 };
}

function inputOf(scale: StudyScale, rho: number, seed: number, start: number): DangerInput {
  return { rho, seed, start, iterations, arms: extent(scale).arms };
}

function plan(scale: StudyScale): readonly Job[] {
  const { rhos, arms: followed, seeds } = extent(scale);
  return rhos.flatMap((rho) =>
    seedsOf(scale, seeds).flatMap((seed) =>
      starts.map((start) => jobOf(dangerKind, inputOf(scale, rho, seed, start), 0.4 + 0.35 * followed.length)),
    ),
  );
}

interface Measured {
  readonly rho: number;
  /** Seeds of which every start is finished. */
  readonly seeds: readonly number[];
  /** p(bad | s') by arm, start, seed and measurement. */
  readonly probabilities: readonly (readonly (readonly (readonly number[])[])[])[];
}

function measuredAt(results: JobResults, scale: StudyScale, rho: number): Measured {
  const { arms: followed, seeds: wanted } = extent(scale);
  const found = seedsOf(scale, wanted).flatMap((seed) => {
    const byStart = starts.map((start) => results.of(dangerKind, inputOf(scale, rho, seed, start)));
    return byStart.includes(null) ? [] : [{ seed, byStart }];
  });
  const probabilities = followed.map((_, a) =>
    starts.map((_, i) => found.map(({ byStart }) => byStart[i]?.probabilities[a] ?? [])),
  );
  return { rho, seeds: found.map(({ seed }) => seed), probabilities };
}

function tablesOf(
  { rho, seeds, probabilities }: Measured,
  followed: readonly DangerArm[],
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
    rows: followed.map((arm, a) => ({
      name: `${armName(arm)}, coupling ${arm.coupling ? 'on' : 'off'}`,
      cells: probabilities[a].map((bySeed) => {
        const at = mean(bySeed);
        return runsQuantity(name, seeds, (runs) => statistic((k) => at(runs, k)));
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

function armName({ method, labels }: DangerArm): string {
  return dangerMethodName({ method, labels: method === 'grpo' ? 'none' : labels });
}

/** The record of those arms that `shown` picks. */
function recordOf(
  { rho, seeds, probabilities }: Measured,
  followed: readonly DangerArm[],
  shown: (arm: DangerArm) => boolean = () => true,
): DangerRecord {
  return dangerRecord(
    { rho, seeds: seeds.length, iterations },
    followed.filter(shown).map(armOf),
    starts,
    probabilities.filter((_, a) => shown(followed[a])),
  );
}

/** What happens and what the right labels do about it; then what labels without that knowledge do. Without coupling only GRPO is drawn. */
const pictures: readonly { readonly id: string; shows(arm: DangerArm): boolean; readonly caption: string }[] = [
  {
    id: 'danger-zone',
    shows: ({ labels, method, coupling }) => labels === 'oracle' && (coupling || method === 'grpo'),
    caption: 'coupling off keeps the gradients of that state alone',
  },
  {
    id: 'danger-zone-controls',
    shows: ({ labels, method, coupling }) => coupling && (labels !== 'oracle' || method === 'grpo'),
    caption: 'the remedy with labels that do not know the right action',
  },
];

const two = (x: number): string => x.toFixed(2);

/** What the study claims, in numbers: rise with coupling off, and the last means from 0.4. */
function keyOf(record: DangerRecord): { offLargestRise: number; endFrom: { [method: string]: number } } {
  const off = record.rows.filter((row) => !row.coupling && row.method === 'grpo');
  const from = record.rows.filter((row) => row.coupling && row.start === 0.4);
  return {
    offLargestRise: Math.max(...off.map((row) => row.peak - row.start)),
    endFrom: Object.fromEntries(from.map((row) => [dangerMethodName(row), row.end])),
  };
}

function summaryOf({ rho, seeds }: Measured, key: ReturnType<typeof keyOf>): string {
  const ends = Object.entries(key.endFrom).map(([method, end]) => `${two(end)} with ${method}`);
  return `Similarity ${rho}, ${seeds.length} seeds: with the gradients of the look-alike state alone the mean probability of its bad action rises above its start by at most ${two(Math.max(0, key.offLargestRise))}; with coupling it ends, from a start of 0.4, at ${ends.join(', ')}.`;
}

function report(results: JobResults, scale: StudyScale, command: string): StudyReport {
  const { rhos, arms: followed } = extent(scale);
  const methods = [...new Set(arms.map(armName))];
  const measured = rhos.map((rho) => measuredAt(results, scale, rho)).filter(({ seeds }) => seeds.length > 0);
  const shown = measured.map((each) => ({ each, record: recordOf(each, followed) }));
  return {
    summary: shown.map(({ each, record }) => summaryOf(each, keyOf(record))),
    tables: measured.flatMap((each) => tablesOf(each, followed, command)),
    figures: measured.flatMap((each) =>
      pictures.map(({ id, shows, caption }) => ({
        id: `${id}-rho-${each.rho}`,
        svg: dangerFigure(recordOf(each, followed, shows), `${id}-${each.rho}`.replace('.', '-'), methods),
        caption: `Similarity ${each.rho}. Each panel starts training at another probability of the bad action in the rarely seen state; ${caption}.`,
      })),
    ),
    notes: [
      'Two states and three actions are the smallest case there is: it shows the mechanism, not how often it happens elsewhere.',
      "Oracle labels know the right action; an agent does not have them. The sign of the advantage is what an agent has, and shuffled labels are the oracle's without their meaning.",
    ],
    key: {
      similarities: shown.map(({ each, record }) => ({ rho: each.rho, seeds: [...each.seeds], ...keyOf(record) })),
    },
  };
}

export const dangerZone: Study = {
  name: 'danger-zone',
  question: 'does training one state make the bad action of a look-alike state likelier, and which remedy prevents it?',
  plan,
  report,
};
