/** The report of a sweep: every trial, and the chosen setting at fresh seeds. */
import type { JsonRecord } from '../../record/json.ts';
import { type Estimate, estimateText, type StudyRow, type StudyTable, signedText } from '../../report/studyTables.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { bySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { verdictOf } from '../findings.ts';
import type { JobResults } from '../job.ts';
import type { StudyReport } from '../study.ts';
import { successHeads } from '../trained/chosenTables.ts';
import type { TrainInput, TrainResult } from '../trained/trainJob.ts';
import { trainCommand } from '../trained/variants.ts';
import { sliceFigure } from './sliceFigure.ts';
import type { Sweep } from './sweep.ts';
import { chosenTrial, freshInputs, freshSeedsOf, measureNames, runsAt, type TriedRung, triedRungs } from './trials.ts';

/** Most trials without all runs that the summary names. */
const NAMED = 6;

const splits = ['train', 'inDomain', 'outOfDomain'] as const;

/** `learningRate 0.01, entropyCoef 0` */
function settingText({ settings }: Sweep, trial: number): string {
  return Object.entries(settings[trial - 1])
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

/** Whether a trial was promoted, at its position among the trials of its rung, the best first. */
function outcomeText({ promoted }: TriedRung, position: number, last: boolean): string | null {
  if (promoted === null) return null;
  if (last) return position === 0 ? 'chosen' : 'not chosen';
  return position < promoted ? 'promoted' : 'not promoted';
}

/** A row for each trial of each rung, the best trials of a rung first. */
function trialsTable(sweep: Sweep, tried: readonly TriedRung[]): StudyTable {
  const { spaces, settings, rungs, seeds, measure } = sweep;
  const halving = sweep.strategy.name === 'halving';
  const rows = tried.flatMap((each, i) =>
    each.trials.map(({ trial, input, values }, position): StudyRow => {
      const iterations = halving ? [String(each.rung.iterations)] : [];
      return {
        name: halving ? `${trial} at rung ${i + 1}` : String(trial),
        cells: [
          ...spaces.map(({ key }) => String(settings[trial - 1][key])),
          ...iterations,
          estimateOf(values, 'mean'),
          outcomeText(each, position, i === rungs.length - 1),
        ],
        command: trainCommand(input),
      };
    }),
  );
  return {
    id: 'trials',
    title: `Trials, by ${measureNames[measure]} at ${seeds.development} development seeds`,
    rowHead: 'trial',
    columns: [...spaces.map(({ key }) => key), ...(halving ? ['iterations'] : []), measureNames[measure], 'outcome'],
    rows,
  };
}

type Runs = ReadonlyMap<number, TrainResult>;

const successOf = (runs: Runs, split: (typeof splits)[number]) =>
  bySeed([...runs.keys()], (seed) => (runs.get(seed) as TrainResult).success[split]);

/** The chosen setting at the fresh seeds, with the base config at the same seeds. */
interface Fresh {
  readonly best: TrainInput;
  readonly base: TrainInput | null;
  readonly bestRuns: Runs;
  readonly baseRuns: Runs;
}

function freshTable({ best, base, bestRuns, baseRuns }: Fresh): StudyTable {
  const row = (name: string, runs: Runs, input: TrainInput): StudyRow => ({
    name,
    cells: splits.map((split) => estimateOf(successOf(runs, split), 'mean')),
    command: trainCommand(input),
  });
  const compared =
    base === null
      ? []
      : [
          row('base config', baseRuns, base),
          {
            name: 'chosen setting minus base config',
            cells: splits.map((split) =>
              pairedEstimate(successOf(bestRuns, split), successOf(baseRuns, split), 'mean'),
            ),
            command: trainCommand(best),
          },
        ];
  return {
    id: 'fresh',
    title: 'The chosen setting at fresh seeds',
    rowHead: 'config',
    columns: successHeads,
    rows: [row('chosen setting', bestRuns, best), ...compared],
  };
}

/** Value and interval as `--json` has them; below the number of seeds for an interval, with the value of each seed. */
function numberOf(estimate: Estimate | null): JsonRecord {
  if (estimate === null) return { value: null, interval: null, seeds: 0 };
  const { value, low, high, seeds, values } = estimate;
  const interval = low === null || high === null ? null : [low, high];
  return { value, interval, seeds: seeds.length, ...(values && { values }) };
}

/** The difference to the base config as a finding. */
function differenceText(difference: Estimate): string {
  const text = signedText(difference);
  const seeds = `paired by seed, ${difference.seeds.length} fresh seeds`;
  switch (verdictOf(difference)) {
    case 'above':
      return `The chosen setting gains ${text} over the base config (${seeds}).`;
    case 'below':
      return `The chosen setting loses ${text} against the base config (${seeds}).`;
    case 'open':
      return `No certain difference between the chosen setting and the base config: ${text} (${seeds}).`;
    case 'few':
      return `The chosen setting minus the base config: ${text} (${seeds}; too few for an interval).`;
  }
}

function notesOf({ seeds, measure, strategy, rungs, settings }: Sweep): string[] {
  const halving = `Each rung trains anew from the first iteration, because jobs have no checkpoints. A setting is promoted by its ${measureNames[measure]} after few iterations, so a setting that learns slowly at first can be missed.`;
  return [
    `The setting is chosen by its mean ${measureNames[measure]} at ${seeds.development} development seeds, of equal ones the lowest trial. The highest of ${settings.length} such means is too high on average. Only the fresh seeds measure the chosen setting.`,
    'Games out of domain choose nothing, so their success is a test of the chosen setting.',
    'The interval is that of the chosen setting over seeds. It does not state how certain the choice is: another setting may be as good.',
    ...(strategy.name === 'halving' && rungs.length > 1 ? [halving] : []),
    `Below ${MIN_INTERVAL_SEEDS} seeds there is no interval.`,
  ];
}

/** @param first development seed */
export function sweepReport(sweep: Sweep, first: number, results: JobResults, command: string): StudyReport {
  const { name, measure, settings, strategy } = sweep;
  const tried = triedRungs(sweep, first, results);
  const chosen = chosenTrial(sweep, tried);
  const shared = { sweep: name, strategy: strategy.name, measure: `success.${measure}`, statistic: 'mean' };
  const trials = trialsTable(sweep, tried);
  const figures = [sliceFigure(sweep, tried, chosen)];
  const notes = notesOf(sweep);
  if (chosen === null) {
    const unfinished = tried[tried.length - 1].trials.filter(({ values }) => values.size < sweep.seeds.development);
    const named = unfinished.slice(0, NAMED).map(({ trial }) => trial);
    const more = unfinished.length > NAMED ? ` and ${unfinished.length - NAMED} more` : '';
    const summary = [`No setting is chosen yet: trial ${named.join(', ')}${more} lacks runs at development seeds.`];
    const key = { best: null, trials: settings.length, ...shared, base: null, difference: null };
    return { summary, tables: [trials], figures, notes, key };
  }
  const seeds = freshSeedsOf(sweep, first);
  const { best, base } = freshInputs(sweep, chosen);
  const bestRuns = runsAt(best, seeds, results);
  const baseRuns = base === null ? new Map<number, TrainResult>() : runsAt(base, seeds, results);
  const found = estimateOf(successOf(bestRuns, measure), 'mean');
  const baseFound = estimateOf(successOf(baseRuns, measure), 'mean');
  const difference = pairedEstimate(successOf(bestRuns, measure), successOf(baseRuns, measure), 'mean');
  const summary = [
    `Chosen: ${settingText(sweep, chosen)} (trial ${chosen} of ${settings.length}).`,
    found === null
      ? 'No run at a fresh seed is finished.'
      : `Mean ${measureNames[measure]} at ${found.seeds.length} fresh seeds: ${estimateText(found)}.`,
    ...(base === null ? ['The chosen setting is that of the base config.'] : []),
    ...(difference === null ? [] : [differenceText(difference)]),
    `Train with it: ${trainCommand(best)}`,
  ];
  return {
    summary,
    tables: [trials, freshTable({ best, base, bestRuns, baseRuns })],
    figures,
    notes: [...notes, `The command ${command} repeats the sweep from its file.`],
    key: {
      best: { config: { ...settings[chosen - 1] }, ...numberOf(found) },
      trials: settings.length,
      ...shared,
      base: base === null ? null : numberOf(baseFound),
      difference: base === null ? null : numberOf(difference),
    },
  };
}
