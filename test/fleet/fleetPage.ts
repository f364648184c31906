/** Writes docs/results/fleet.md from the counts. */
import type { FaultRow } from './longFaults.ts';
import type { QueueNumbers } from './longNumbers.ts';

/** Where and how the tests ran. */
export interface Circumstances {
  readonly command: string;
  readonly machine: string;
  readonly versions: string;
  readonly date: string;
  /** Load of the machine at the start and at the end: the number of processes that wanted a core. */
  readonly load: readonly [number, number];
  readonly seconds: number;
}

const OVERHEAD_MS = 50;
const QUEUED_BYTES = 200e6;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)];
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const met = (holds: boolean): string => (holds ? 'met' : 'not met');

/** The page. */
export function fleetPage(
  rows: readonly FaultRow[],
  { scaling, overhead, queued, many, large }: QueueNumbers,
  { command, machine, versions, date, load, seconds }: Circumstances,
): string {
  const failures = rows.flatMap(({ name, failures }) => failures.map((text) => `* ${name}: ${text.split('\n')[0]}`));
  const faults = rows.reduce((sum, row) => sum + row.faults, 0);
  const contradictions = rows.reduce((sum, row) => sum + row.contradictions, 0);
  return [
    '# Fleet: studies on a job queue, with faults',
    '',
    '**What was asked.** Workers, the submitter, Redis and the network fail while a study runs on a [job queue](../fleet.md). Is every result there,',
    'and is every file byte-identical to that of a run without a queue? How much time and memory does the queue cost?',
    '',
    `**What was found.** ${faults} faults in ${rows.length} studies; ${failures.length} failures; ${contradictions} results that another worker contradicted. Overhead per job: median ${overhead.p50} ms, 95th`,
    `percentile ${overhead.p95} ms (aim: below ${OVERHEAD_MS} ms, ${met(overhead.p95 < OVERHEAD_MS)}). ${queued.jobs} queued jobs: ${megabytes(queued.bytes)} MB of Redis (aim: below ${QUEUED_BYTES / 1e6} MB, ${met(queued.bytes < QUEUED_BYTES)}).`,
    '',
    `\`${command}\` writes this page. Machine: ${machine}. Versions: ${versions}. Date: ${date}. Time: ${Math.round(seconds / 60)} minutes.`,
    `Other programs ran on the machine: its load was ${load[0].toFixed(0)} at the start and ${load[1].toFixed(0)} at the end. Times are therefore upper bounds.`,
    '',
    '## Faults',
    '',
    'Each row is one study of training runs on two workers with one thread each and locks of 1 s. Faults occur until the count is reached or the study is finished, so a',
    'row can have fewer than planned. *Runs of jobs* beyond the number of jobs are work that was lost or done twice. *Repeats* are commands that ended because jobs failed, after which the same command finished them. *Contradictions* are results that another worker contradicted.',
    '',
    ...table(
      ['fault', 'faults', 'jobs', 'runs of jobs', 'repeats', 'contradictions', 'files that differ'],
      rows.map((row) => [
        ...[row.name, row.faults, row.jobs, row.starts, row.repeats, row.contradictions],
        row.failures.length === 0 ? 0 : 'see below',
      ]),
    ),
    '',
    '## Scaling',
    '',
    'The time from the start of the first job to the end of the last one. The ideal is the time of all jobs divided by the number of jobs that run at the same time. Training runs of several workers share the cores of one machine with other programs, so they have no ideal.',
    '',
    ...table(
      ['jobs', 'workers', 'at the same time', 'number of jobs', 'seconds', 'ideal', 'share of the ideal'],
      scaling.map(({ name, workers, concurrency, jobs, seconds, ideal }) => [
        ...[name, workers, workers * concurrency, jobs, seconds.toFixed(1)],
        ideal === null ? '' : ideal.toFixed(1),
        ideal === null ? '' : (ideal / seconds).toFixed(2),
      ]),
    ),
    '',
    '## Overhead and memory',
    '',
    ...table(
      ['quantity', 'jobs', 'value'],
      [
        [
          'from the start of a job that does nothing to the start of the next one, median',
          overhead.jobs,
          `${overhead.p50} ms`,
        ],
        ['the same, 95th percentile', overhead.jobs, `${overhead.p95} ms`],
        ['memory of Redis with queued training jobs', queued.jobs, `${megabytes(queued.bytes)} MB`],
        ['time of a study whose jobs do nothing, 8 at the same time', many.jobs, `${many.seconds.toFixed(0)} s`],
        ['largest memory of Redis in that study', many.jobs, `${megabytes(many.bytes)} MB`],
        ['entries in the event stream after it', many.jobs, many.events],
        ['memory of the event stream after results of 1 MB', large.jobs, `${megabytes(large.events)} MB`],
        ['memory of Redis after them, with all results', large.jobs, `${megabytes(large.bytes)} MB`],
      ],
    ),
    '',
    'The submitter keeps at most 2,000 of its jobs in the queue at the same time. Collected results stay for an hour.',
    '',
    '## Failures',
    '',
    ...(failures.length === 0 ? ['None.'] : failures),
    '',
  ].join('\n');
}
