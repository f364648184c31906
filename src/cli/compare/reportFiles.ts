/** The files of a comparison beside the folders of its runs: compare.json, two CSV tables and the report. */
import { join } from 'node:path';
import { configTable } from '../../config/config.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { openRun } from '../../record/run.node.ts';
import type { CompareRecord, ReportRecords } from '../../record/schemas.ts';
import { closingTableText } from '../../report/compare/closingTable.ts';
import { joinVariants } from '../../report/compare/variants.ts';
import { differencesCsv, runsCsv } from './compareCsv.ts';
import type { ComparisonPlan } from './comparison.ts';
import { readRun } from './runRecords.ts';

/** The command that repeats exactly these runs, without a time limit. */
function commandOf(plan: ComparisonPlan, record: CompareRecord): string {
  const variants = record.variants.map(({ method, labels }) => (labels === 'none' ? method : `${method}:${labels}`));
  const rounds = Math.max(...record.variants.map((variant) => variant.runs.length));
  const settings = configTable.flatMap(({ key }) => {
    const value = plan.shared[key];
    return value === undefined ? [] : [`--set ${key}=${value}`];
  });
  const seeds = plan.seeds.slice(0, rounds);
  const counted = seeds.every((seed, i) => seed === i + 1);
  const seedList = counted ? `${rounds}` : `${seeds.join(',')}${rounds === 1 ? ',' : ''}`;
  return ['unbraid compare', `--variants "${variants.join(';')}"`, `--seeds ${seedList}`, ...settings].join(' ');
}

/** The records of a comparison, read from the files in its folder. */
function readRecords(plan: ComparisonPlan, compare: CompareRecord, danger: DangerRecord | null): ReportRecords {
  const names = compare.variants.flatMap((variant) => variant.runs);
  const { versions } = openRun(join(plan.directory, names[0]));
  const texts = Object.entries(versions).map(([name, version]) => [name, String(version)] as const);
  return {
    compare,
    runs: names.map((name) => readRun(join(plan.directory, name))),
    ...(danger && { danger }),
    command: commandOf(plan, compare),
    versions: { ...Object.fromEntries(texts), node: process.version },
  };
}

/**
 * Writes compare.json, compare.csv, compare-differences.csv and report.html into the folder of the comparison.
 *
 * @param verification how runs of other machines were verified, in sentences; empty if all are of this one
 * @returns the path of the report, and the text to print: the closing table and the paths
 */
export async function writeReport(
  plan: ComparisonPlan,
  record: CompareRecord,
  danger: DangerRecord | null,
  verification: readonly string[],
): Promise<{ text: string; report: string }> {
  const report = join(plan.directory, 'report.html');
  const records = { ...readRecords(plan, record, danger), verification };
  // Load the charts late, because loading them takes long.
  const { renderReport } = await import('../../report/compare/report.ts');
  writeFileAtomic(join(plan.directory, 'compare.json'), `${encodeJson(record, 'compare.json', 2)}\n`);
  writeFileAtomic(report, renderReport(records));
  const variants = joinVariants(record, records.runs);
  const table = join(plan.directory, 'compare.csv');
  writeFileAtomic(table, runsCsv(variants));
  writeFileAtomic(join(plan.directory, 'compare-differences.csv'), differencesCsv(variants));
  const closing = closingTableText(variants).trimEnd();
  const text = `${closing}\n${record.note}\ncsv        ${table}\nreport     ${report}`;
  return { text, report };
}
