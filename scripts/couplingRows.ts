/** Rows of the figure of coupling, from the stored CSVs of studies. */
import type { Change, CouplingRow } from './couplingFigure.ts';
import { fieldsOf, readStudyCsv, type StoredTable } from './pageTables.ts';

interface Source {
  readonly task: string;
  /** What is compared; the number of seeds is added. */
  readonly about: string;
  /** Below docs/results. */
  readonly csv: string;
  readonly row: string;
  readonly column: string;
}

const gain = 'out-of-domain gain over GRPO';
const control = 'permuted, lambda 3 (control)';
const movement = 'movement of held-out samples, ratio to GRPO';

/** A whole task of the study `decoupling`: all pairs at a strength that was fixed before the runs. */
const whole = (task: string, id: string): Source => ({
  ...{ task, about: 'held-out games, λ 3', csv: `decoupling/${id}.csv` },
  ...{ row: 'all pairs, lambda 3', column: gain },
});

const sources: readonly Source[] = [
  {
    ...{ task: 'Two similar states', about: 'bad action likely at first, λ 3', csv: 'danger-zone/methods-rho-0.8.csv' },
    ...{ row: 'decoupled advantages', column: 'return minus that of GRPO' },
  },
  whole('Bandit, similarity 0.9', 'bandit-0.9'),
  whole('Bandit, similarity 0.3', 'bandit-0.3'),
  whole('Household', 'household'),
  whole('Crafting', 'crafting'),
  whole('BabyAI GoToLocal', 'babyai'),
];

function changeOf(table: StoredTable, row: string, column: string): Change | null {
  const found = table.get(row)?.get(column);
  if (found === undefined || found.low === null || found.high === null) return null;
  return { value: found.value, low: found.low, high: found.high };
}

/** The number of seeds of a row and column, as the CSV states it. */
const seedsOf = (csv: string, { row, column }: Source): string | undefined =>
  fieldsOf(csv).find((fields) => fields[0] === row && fields[1] === column)?.[6];

/**
 * The rows whose CSVs are stored, with a number from at least as many seeds as an interval needs.
 *
 * @param read returns the text of a file below docs/results; null if it is not stored
 */
export function couplingRows(read: (path: string) => string | null): CouplingRow[] {
  const rows = sources.flatMap((source) => {
    const csv = read(source.csv);
    if (csv === null) return [];
    const table = readStudyCsv(csv);
    const change = changeOf(table, source.row, source.column);
    if (change === null) return [];
    const ratio = changeOf(table, source.row, movement);
    return [
      {
        ...{ task: source.task, about: `${source.about}, ${seedsOf(csv, source)} seeds`, change },
        ...{ control: changeOf(table, control, gain), isTest: source.column !== gain || (ratio?.high ?? 1) < 1 },
      },
    ];
  });
  if (rows.length < 2)
    throw new Error(
      `couplingRows: at least one whole task must be stored in docs/results/decoupling, got none; run unbraid study decoupling --full and node scripts/storeResults.ts decoupling runs/study`,
    );
  return rows;
}
