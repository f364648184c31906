/**
 * Writes the report of a study: page, JSON, a CSV per table, an SVG per figure, and of its training runs the receipts
 * and the stored results.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureWritableDirectory, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson, type JsonRecord, jsonLine } from '../../record/json.ts';
import { file } from '../../report/draw/layout.ts';
import { renderStudy, type StudyRecord } from '../../report/studyPage.ts';
import { studyTableCsv } from '../../report/studyTables.ts';
import { finishedJob, type Job, type JobResults } from '../../study/job.ts';
import { type TrainInput, trainKind } from '../../study/trained/trainJob.ts';

/**
 * A line per training run: the config keys that differ from the defaults, the hashes that a replay must reproduce, and
 * the numerics version that it needs.
 */
function receiptLines(jobs: readonly Job[], results: JobResults): JsonRecord[] {
  return jobs.flatMap(({ kind, input }) => {
    const result = kind === trainKind.name ? results.of(trainKind, input as TrainInput) : null;
    if (result === null) return [];
    const { receipt, parametersSha256 } = result;
    const { hash, environment, numerics } = receipt;
    return [{ config: input, parametersSha256, receipt: hash, environment, numerics }];
  });
}

/** The finished jobs as the job store has them, as gzip of JSON Lines: the report can be written again from these. */
function packedJobs(jobs: readonly Job[], results: JobResults): Uint8Array {
  const lines = jobs.flatMap((job) => {
    const result = results.ofJob(job);
    return result === null ? [] : [jsonLine({ ...finishedJob(job, result) })];
  });
  return gzipSync(lines.join(''), { level: 9 });
}

/**
 * Writes the report's files into `directory`.
 *
 * @param verification how results were verified, in sentences
 * @returns the path of the page
 */
export function writeStudy(
  directory: string,
  record: StudyRecord,
  key: JsonRecord,
  jobs: readonly Job[],
  results: JobResults,
  verification: readonly string[] = [],
): string {
  ensureWritableDirectory(directory);
  const write = (name: string, text: string): void => writeFileAtomic(join(directory, name), text);
  for (const table of record.tables) write(`${table.id}.csv`, studyTableCsv(table));
  for (const { id, draw } of record.figures) write(`${id}.svg`, draw(file));
  const receipts = receiptLines(jobs, results);
  if (receipts.length > 0) {
    write('receipts.jsonl', receipts.map(jsonLine).join(''));
    writeFileAtomic(join(directory, 'jobs.jsonl.gz'), packedJobs(jobs, results));
  }
  const figures = record.figures.map(({ id, caption }) => ({ file: `${id}.svg`, caption }));
  write('report.json', `${encodeJson({ ...record, figures, key }, 'report.json', 1)}\n`);
  const page = join(directory, 'report.html');
  writeFileAtomic(page, renderStudy(record, verification));
  return page;
}
