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
    'One file of a run is damaged: changed bytes, a changed JSON value, cut off, removed, nested too deep, replaced by a folder. A third of the folders are left as they are, in a third all hashes are computed again, and a third have no receipt. `verify`, `eval`, `train --resume` and `coupling` then read the folder.',
  forgeries:
    'One statement of a run is changed and all hashes are computed again, so that only a replay can find the change. `verify` must reject the folder. The same four commands read it.',
  kills:
    'SIGKILL before a file operation, or after half of it: half of the bytes written, half of a folder removed. The folder is verified, then the run is resumed.',
  'full disk':
    'From one file operation on, the disk has no space. A fifth of the attempts use a real file system that is too small. The command must say so, and with space again the run is resumed.',
  'two writers':
    'A second process writes to the folder of a run: at the same time, while the first is stopped in the middle of its work, or after the first was killed.',
  signals:
    'SIGINT, SIGTERM and SIGHUP in every phase of training and of the commands that read a run, with one thread and with two. The exit codes must be 130, 143 and 129, the last checkpoint must hold all finished iterations, and the run is resumed.',
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
  return [
    '# Reliability',
    '',
    `Written by \`${command}\`. Every attempt is named by a seed, so the command tries the same ones again; only the moments of signals depend on the machine.`,
    '',
    `Machine: ${machine}. Versions: ${versions}. Time: ${Math.round(seconds / 60)} minutes.`,
    '',
    ...table(
      ['part', 'attempts', 'commands', ...failureKinds.map((kind) => headings[kind]), 'most memory (MiB)'],
      tallies.map(row),
    ),
    '',
    'A verdict is wrong if a damaged or forged folder is called equal, an honest folder is called unequal, a file of an equal folder is neither',
    'checked nor named as not checked, or a measurement of a damaged folder differs from that of the honest one. A run is lost if it cannot be resumed to the result',
    'of an uninterrupted run. A message is unclear if it holds a message of the JavaScript engine or a control character.',
    'Memory is the largest resident set of any process.',
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
