/** The tables of docs/results/environments.md, from the stored runs alone. */
import { between, markdownTable } from '../../bench/markdown.ts';
import { type Estimate, estimateText, seedsText, signedText } from '../../src/report/studyTables.ts';
import { pairedBootstrap } from '../../src/statistics/bootstrap.ts';
import { MIN_INTERVAL_SEEDS } from '../../src/statistics/statistics.ts';
import { type BySeed, estimateOf, pairedEstimate, resampling } from '../../src/study/estimates.ts';
import { baseline, control, type EnvironmentJob, remedy } from './jobs.ts';
import type { StoredRun } from './runs.ts';
import { firstReached, type Point } from './threshold.ts';

/** The content of docs/results/environments.json. */
export interface StoredResults {
  readonly runs: readonly StoredRun[];
}

/** A row of a table: the planned jobs of one environment and method, and the runs of them that are stored. */
interface PlannedRow {
  readonly group: string;
  readonly row: string;
  readonly jobs: readonly EnvironmentJob[];
  readonly runs: readonly StoredRun[];
}

function plannedRows(jobs: readonly EnvironmentJob[], runs: readonly StoredRun[]): PlannedRow[] {
  const rows = new Map<string, EnvironmentJob[]>();
  for (const job of jobs) {
    const key = `${job.group}\n${job.row}`;
    rows.set(key, [...(rows.get(key) ?? []), job]);
  }
  return [...rows.values()].map((planned) => {
    const ids = new Set(planned.map(({ id }) => id));
    const { group, row } = planned[0];
    return { group, row, jobs: planned, runs: runs.filter(({ id }) => ids.has(id)) };
  });
}

const valuesOf = (runs: readonly StoredRun[], value: (run: StoredRun) => number | null | undefined): BySeed =>
  new Map(
    runs.flatMap((run) => {
      const found = value(run);
      return typeof found === 'number' ? [[run.seed, found] as const] : [];
    }),
  );

const withDigits = (found: Estimate | null, digits: number): string => estimateText(found && { ...found, digits });

/** Seeds of the runs, and how many of the planned ones are missing. */
function seedsCell({ jobs, runs }: PlannedRow): string {
  if (runs.length === 0) return 'not run';
  const partial = runs.filter(({ state }) => state === 'partial');
  const missing = jobs.length - runs.length;
  const notes = [
    ...(missing > 0 ? [`${missing} of ${jobs.length} not run`] : []),
    ...partial.map(({ seed, iterations }) => `seed ${seed}: ${iterations?.[0]} of ${iterations?.[1]} iterations`),
  ];
  return [seedsText(runs.map(({ seed }) => seed)), ...(notes.length > 0 ? [`(${notes.join('; ')})`] : [])].join(' ');
}

const reachedBy = ({ points = [], threshold = Number.POSITIVE_INFINITY }: StoredRun): Point | null =>
  firstReached(points, threshold);

/**
 * Steps and time to the threshold of a control task. Both are over the seeds that reach it; an interval is only stated
 * if all runs do.
 */
export function controlTable(jobs: readonly EnvironmentJob[], runs: readonly StoredRun[]): string {
  const rows = plannedRows(jobs, runs).map((planned) => {
    const reached = planned.runs.filter((run) => reachedBy(run) !== null);
    const estimate = (value: (point: Point) => number, digits: number): string => {
      const values = valuesOf(reached, (run) => {
        const point = reachedBy(run);
        return point && value(point);
      });
      const found = estimateOf(values, 'mean');
      const known = reached.length === planned.runs.length ? found : found && { ...found, low: null, high: null };
      return withDigits(known, digits);
    };
    return [
      ...[planned.row, seedsCell(planned)],
      planned.runs.length === 0 ? '–' : `${reached.length} of ${planned.runs.length}`,
      ...[estimate(({ steps }) => steps / 1000, 1), estimate(({ seconds }) => seconds, 1)],
    ];
  });
  return markdownTable(['Program', 'seeds', 'reached', 'steps (thousands)', 'training time (s)'], rows);
}

/** Success on held-out games by environment and method, beside random actions. */
export function successTable(jobs: readonly EnvironmentJob[], runs: readonly StoredRun[]): string {
  const planned = plannedRows(jobs, runs);
  const rows = planned.map((each) => {
    const { group, row } = each;
    const value = (of: (run: StoredRun) => number | null | undefined): BySeed => valuesOf(each.runs, of);
    const grpo = planned.find((other) => other.group === group && other.row === baseline);
    const success = value((run) => run.success);
    const gain =
      grpo && grpo !== each
        ? pairedEstimate(
            success,
            valuesOf(grpo.runs, (run) => run.success),
          )
        : null;
    return [
      ...[group, row, seedsCell(each), estimateText(estimateOf(success))],
      estimateText(estimateOf(value((run) => run.random))),
      gain === null ? '–' : signedText(gain),
      withDigits(
        estimateOf(
          value((run) => (run.envSteps ?? 0) / 1000),
          'mean',
        ),
        0,
      ),
      withDigits(
        estimateOf(
          value((run) => run.minutes),
          'mean',
        ),
        1,
      ),
    ];
  });
  const head = ['Environment', 'Trained with', 'seeds', 'held-out success', 'random actions', 'gain over grpo'];
  return markdownTable([...head, 'steps (thousands)', 'minutes'], rows);
}

/** Mean of the means of the strata, from their values one after the other. */
function meanOfStrata(sizes: readonly number[]): (values: readonly number[]) => number {
  return (values) => {
    let from = 0;
    let sum = 0;
    for (const size of sizes) {
      sum += values.slice(from, from + size).reduce((total, x) => total + x, 0) / size;
      from += size;
    }
    return sum / sizes.length;
  };
}

/** The success of two rows of an environment at equal seeds. */
type Paired = { readonly treated: number[]; readonly baseline: number[] };

function pairsOf(planned: readonly PlannedRow[], group: string, row: string): Paired {
  const runs = (name: string): BySeed => {
    const found = planned.find((each) => each.group === group && each.row === name);
    return valuesOf(found?.runs.filter(({ state }) => state === 'finished') ?? [], (run) => run.success);
  };
  const [treated, grpo] = [runs(row), runs(baseline)];
  const seeds = [...treated.keys()].filter((seed) => grpo.has(seed));
  const of = (values: BySeed): number[] => seeds.map((seed) => values.get(seed) as number);
  return { treated: of(treated), baseline: of(grpo) };
}

/**
 * Gain of the graph labels, and of the same labels shuffled, over grpo in each environment that has all three, and its
 * mean over the environments with at least five common seeds. The interval resamples the seeds of each environment.
 */
export function gainTable(jobs: readonly EnvironmentJob[], runs: readonly StoredRun[]): string {
  const planned = plannedRows(jobs, runs);
  const groups = [...new Set(planned.map(({ group }) => group))].filter((group) =>
    [remedy, control].every((row) => planned.some((each) => each.group === group && each.row === row)),
  );
  const rows = groups.map((group) => {
    const cells = [remedy, control].map((row) => {
      const { treated, baseline: grpo } = pairsOf(planned, group, row);
      const bySeed = (values: number[]): BySeed => new Map(values.map((value, i) => [i, value]));
      const found = pairedEstimate(bySeed(treated), bySeed(grpo), 'mean');
      return { count: treated.length, text: found === null ? '–' : signedText(found) };
    });
    const common = Math.min(...cells.map(({ count }) => count));
    return [group, common === 0 ? 'not run' : String(common), ...cells.map(({ text }) => text)];
  });
  const complete = groups.filter((group) =>
    [remedy, control].every((row) => pairsOf(planned, group, row).treated.length >= MIN_INTERVAL_SEEDS),
  );
  const overall = [remedy, control].map((row) => {
    if (complete.length === 0) return '–';
    const pairs = complete.map((group) => pairsOf(planned, group, row));
    const [treated, grpo] = [pairs.map((each) => each.treated), pairs.map((each) => each.baseline)];
    const statistic = meanOfStrata(treated.map(({ length }) => length));
    const { mean: value, low, high } = pairedBootstrap(treated, grpo, statistic, resampling);
    return signedText({ statistic: 'mean of environments', value, low, high, seeds: [] });
  });
  rows.push([`mean of ${complete.length} of ${groups.length} environments`, '', ...overall]);
  return markdownTable(['Environment', 'common seeds', 'graph labels', 'shuffled labels (control)'], rows);
}

/** Command, receipts, machines, versions and days of the runs of a part; empty without a run. */
function provenance(part: string, runs: readonly StoredRun[]): string {
  if (runs.length === 0) return `Not run. Command: \`node scripts/environmentResults.ts --only ${part}\`.`;
  const list = (values: readonly string[]): string => [...new Set(values)].sort().join('; ');
  const versions = list(
    runs.flatMap((run) => Object.entries(run.versions).map(([name, version]) => `${name} ${version}`)),
  );
  const receipts = runs.filter(({ receipt }) => receipt !== undefined).length;
  return [
    `Command: \`node scripts/environmentResults.ts --only ${part}\`. Stored on ${list(runs.map(({ date }) => date))} (UTC).`,
    `Machine: ${list(runs.map(({ machine }) => machine))}.`,
    `Versions: ${versions}.`,
    `${receipts} of ${runs.length} runs have a receipt, whose hash is in [environments.json](environments.json).`,
  ].join('\n');
}

/** Parts of the page whose rows state steps to a threshold. */
const controlParts: readonly string[] = ['cartpole', 'acrobot'];

/** Fills the tables between the markers of the page. */
export function fillEnvironments(text: string, jobs: readonly EnvironmentJob[], { runs }: StoredResults): string {
  const parts = [...new Set(jobs.map(({ part }) => part))];
  const filled = parts.reduce((page, part) => {
    const planned = jobs.filter((job) => job.part === part);
    const stored = runs.filter((run) => run.part === part);
    const table = controlParts.includes(part) ? controlTable(planned, stored) : successTable(planned, stored);
    return between(page, part, `${table}\n\n${provenance(part, stored)}`);
  }, text);
  const compared = new Set(jobs.filter(({ row }) => row === control).map(({ part }) => part));
  return between(
    filled,
    'gain',
    gainTable(
      jobs.filter(({ part }) => compared.has(part)),
      runs,
    ),
  );
}
