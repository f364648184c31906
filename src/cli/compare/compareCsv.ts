/**
 * The runs of a comparison as CSV (RFC 4180): a table of the runs, and a table of paired differences from the
 * baseline.
 */
import type { RunResult } from '../../record/schemas.ts';
import { baselineOf, type ComparedVariant } from '../../report/compare/variants.ts';

type Cell = string | number | null;

/** Beginnings of texts that a spreadsheet reads as a formula. A text of the user is, for example, env. */
const formula = /^[=+\-@\t\r]/;

/**
 * A number in full precision; null as an empty field; a text that would be a formula, and is no number, after an
 * apostrophe.
 */
function csvField(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const isNumber = value.trim() !== '' && Number.isFinite(Number(value));
  const text = formula.test(value) && !isNumber ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

/** Names and values of the measured numbers of a run; null if a number was not measured. */
const measured: readonly (readonly [string, (result: RunResult) => number | null])[] = [
  ['successTrain', ({ success }) => success.train],
  ['successInDomain', ({ success }) => success.inDomain],
  ['successOutOfDomain', ({ success }) => success.outOfDomain],
  ['goodBadCosineStart', ({ coupling }) => coupling.start.goodBadCosine],
  ['goodBadCosineEnd', ({ coupling }) => coupling.end.goodBadCosine],
  ['goodGoodCosineStart', ({ coupling }) => coupling.start.goodGoodCosine],
  ['goodGoodCosineEnd', ({ coupling }) => coupling.end.goodGoodCosine],
  ['badBadCosineStart', ({ coupling }) => coupling.start.badBadCosine],
  ['badBadCosineEnd', ({ coupling }) => coupling.end.badBadCosine],
  ['goodBadPositiveFractionStart', ({ coupling }) => coupling.start.goodBadPositiveFraction],
  ['goodBadPositiveFractionEnd', ({ coupling }) => coupling.end.goodBadPositiveFraction],
  ['returnTrain', (result) => result.return?.train?.mean ?? null],
  ['returnInDomain', (result) => result.return?.inDomain?.mean ?? null],
  ['returnOutOfDomain', (result) => result.return?.outOfDomain?.mean ?? null],
];

const measuredNames = measured.map(([name]) => name);

/**
 * compare.csv: a row per run, in the order of compare.json. It has no elapsed time, so that the same runs give the
 * same bytes.
 */
export function runsCsv(variants: readonly ComparedVariant[]): string {
  const columns = ['variant', 'role', 'method', 'labels', 'run', 'env', 'seed', ...measuredNames];
  const head = [...columns, 'envSteps', 'updates', 'parametersSha256'];
  const rows = variants.flatMap(({ name, role, method, labels, runs }) =>
    runs.map(({ name: run, result }): Cell[] => {
      const { config, envSteps, updates, parametersSha256 } = result;
      const about = [name, role, method, labels, run, String(config.env), config.seed];
      return [...about, ...measured.map(([, pick]) => pick(result)), envSteps, updates, parametersSha256];
    }),
  );
  return csv([head, ...rows]);
}

/**
 * compare-differences.csv: a row per run of a variant other than the baseline. Each number is that of the run minus
 * that of the baseline at the same seed; runs whose seed the baseline lacks are left out. The baseline is the first
 * variant that is neither control nor upper bound; without one there are no rows.
 */
export function differencesCsv(variants: readonly ComparedVariant[]): string {
  const baseline = baselineOf(variants);
  const rows = variants.flatMap((variant) => {
    if (baseline === undefined || variant === baseline) return [];
    return variant.runs.flatMap(({ result }): Cell[][] => {
      const { seed } = result.config;
      const other = baseline.runs.find((run) => run.result.config.seed === seed)?.result;
      if (other === undefined) return [];
      const differences = measured.map(([, pick]) => {
        const [treated, plain] = [pick(result), pick(other)];
        return treated === null || plain === null ? null : treated - plain;
      });
      return [[variant.name, variant.role, baseline.name, seed, ...differences]];
    });
  });
  return csv([['variant', 'role', 'baseline', 'seed', ...measuredNames], ...rows]);
}
