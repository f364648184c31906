/** Writes docs/results/reliability.md from the counts. */
import { type Failure, failureKinds, type Tally } from './tally.ts';

/** Where and how the harness ran. */
export interface Circumstances {
  readonly command: string;
  readonly machine: string;
  readonly versions: string;
  readonly seconds: number;
}

const headings: Readonly<Record<Failure, string>> = {
  'wrong verdict': 'wrong verdicts',
  'lost run': 'lost runs',
  hang: 'hangs',
  crash: 'crashes',
  'stack trace': 'stack traces',
  'unclear message': 'unclear messages',
};

const meanings: Readonly<Record<string, string>> = {
  corruptions:
    'One file of a run is damaged: its bytes or a JSON value are changed, or the file is cut off, removed, nested too deep or replaced by a folder. A third of the damaged folders are left as they are, in a third all hashes are computed again, and a third have no receipt. The commands `verify`, `eval`, `train --resume` and `coupling` then read the folder.',
  forgeries:
    'One statement of a run is changed and all hashes are computed again, so that only a replay can find the change. The four commands named under corruptions read the folder, and `verify` must reject it.',
  kills:
    'SIGKILL ends the process before a file operation, or after half of it: half of the bytes are written, or half of a folder is removed. Then the folder is verified and the run is resumed.',
  'full disk':
    'From one file operation on, the disk has no space. A fifth of the attempts use a real file system that is too small. The error message of the command must name this cause. Once there is space again, the run is resumed.',
  'two writers':
    'A second process writes to the folder of a run: at the same time as the first one, while the first one is stopped in the middle of its work, or after the first one was killed.',
  signals:
    'The process receives SIGINT, SIGTERM or SIGHUP in every phase of training and of the commands that read a run, with one thread and with two. The exit codes must be 130, 143 and 129, the last checkpoint must contain all finished iterations, and the run is resumed.',
};

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)];
}

/** The page. */
export function reliabilityPage(
  tallies: readonly Tally[],
  { command, machine, versions, seconds }: Circumstances,
): string {
  const row = (tally: Tally): (string | number)[] => [
    tally.name,
    tally.attempts,
    tally.commands,
    ...failureKinds.map((kind) => tally.failures.filter((failure) => failure.kind === kind).length),
    Math.ceil(tally.maxRssKb / 1024),
  ];
  const failures = tallies.flatMap((tally) =>
    tally.failures.map(({ kind, text }) => `* ${kind}: ${text.split('\n')[0]}`),
  );
  const attempts = tallies.reduce((sum, tally) => sum + tally.attempts, 0);
  return [
    '# Reliability: what happens to damaged, forged, killed and contested runs',
    '',
    '**What was asked.** A run can be damaged, forged, killed, out of disk space, written by two processes or stopped by a signal. Does a',
    'command then accept wrong files, lose the run, hang, crash or stop without a clear message?',
    '',
    `**What was found.** ${failures.length} failures in ${attempts} attempts.`,
    '',
    `\`${command}\` writes this page. A seed names each attempt, so the command repeats the same attempts. Only the moments of signals depend on the machine.`,
    '',
    `Machine: ${machine}. Versions: ${versions}. Time: ${Math.round(seconds / 60)} minutes.`,
    '',
    ...table(
      ['part', 'attempts', 'commands', ...failureKinds.map((kind) => headings[kind]), 'most memory (MiB)'],
      tallies.map(row),
    ),
    '',
    '* *Wrong verdict*: `verify` calls a damaged or forged folder equal, or an honest folder unequal; it calls a folder equal and leaves a file',
    '  of it both unchecked and unnamed; or a measurement of a damaged folder differs from that of the honest one.',
    '* *Lost run*: the run cannot be resumed to the result of an uninterrupted run.',
    '* *Unclear message*: the message contains a message of the JavaScript engine or a control character.',
    '* *Most memory*: the largest resident set of any process.',
    '',
    '## What was tried',
    '',
    ...tallies.flatMap(({ name, counts, notes }) => [
      `### ${name[0].toUpperCase()}${name.slice(1)}`,
      '',
      meanings[name],
      '',
      ...table(['kind', 'number'], Object.entries(counts)),
      '',
      ...notes.flatMap((note) => [`Not done: ${note}.`, '']),
    ]),
    '## Failures',
    '',
    ...(failures.length === 0 ? ['None.'] : failures),
    '',
  ].join('\n');
}
