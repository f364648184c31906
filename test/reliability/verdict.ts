/** Checks a command's outcome: its verdict, its messages, and its list of checked files. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Forgery } from '../record/forgery.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Paths of all files in a folder, sorted. */
export function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((file) => statSync(join(directory, file)).isFile())
    .sort();
}

const unclear: readonly (readonly [string, RegExp])[] = [
  ['a stack trace', /^ {4}at /m],
  ['the name of a JavaScript error', /\b(Type|Range|Reference|Syntax)Error\b|ERR_[A-Z_]+/],
  ['a stack that was too deep', /Maximum call stack/],
  [
    'a message of the engine',
    /Cannot (read|set|destructure|convert|mix) |is not (a function|iterable|an object|a constructor)/,
  ],
  ['an undefined value', /\bundefined\b|\[object Object\]/],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters.
  ['a control character', /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/],
];

/** Description of unreadable output; null if all output is readable. */
export function unclearText({ code, stdout, stderr }: Outcome): string | null {
  for (const [what, pattern] of unclear) {
    if (pattern.test(stdout) || pattern.test(stderr)) return `the output holds ${what}`;
  }
  if (![0, 1, 2].includes(code)) return `the exit code is ${code}`;
  const said = stderr.split('\n').filter((line) => line.startsWith('unbraid: '));
  if (code !== 0 && said.length === 0) return `exit code ${code} without a message`;
  return null;
}

/** Whether the output contains a stack trace. */
export function isStackTrace({ stdout, stderr }: Outcome): boolean {
  return unclear[0][1].test(stdout) || unclear[0][1].test(stderr);
}

/** The kinds of files that docs/receipts.md lists as not checked by a replay. */
const unverifiable = [
  /^result\.json#(wallMs|workers|kernels)$/,
  /^config\.json#versions$/,
  /^receipt\.json#(unbraid|check)$/,
  /^coupling-[^/]+\.json#run$/,
  /^coupling\.json#run$/,
  /\.html$/,
  /(^|\/)[^/]*lock[^/]*$/,
  /\.tmp(\/|$)/,
  /(^|\/)\./,
];

interface Verdict {
  readonly equal?: boolean;
  readonly first?: object;
  readonly checked?: readonly string[];
  readonly notChecked?: readonly string[];
}

/** The record on stdout; null if there is none. */
export function verdictOf({ stdout }: Outcome): Verdict | null {
  try {
    return JSON.parse(stdout) as Verdict;
  } catch {
    return null;
  }
}

/**
 * Description of an error in the lists of checked files; null if every file is listed and each unchecked one has a
 * reason.
 */
function unaccounted(directory: string, { checked, notChecked }: Verdict): string | null {
  if (!checked || !notChecked) return 'verify names no files that it checked';
  const files = filesOf(directory);
  const named = new Set([...checked.map((entry) => entry.split('#')[0]), ...notChecked]);
  for (const file of files) if (!named.has(file)) return `${file} is neither checked nor not checked`;
  for (const entry of [...checked, ...notChecked]) {
    if (!files.includes(entry.split('#')[0])) return `${entry} is not in the folder`;
  }
  const beyond = notChecked.find((entry) => !unverifiable.some((pattern) => pattern.test(entry)));
  return beyond === undefined ? null : `${beyond} is not checked, yet the run is equal`;
}

/** Description of a wrong verdict on an honest run; null if the verdict is right. */
export function wrongOnHonest(directory: string, outcome: Outcome): string | null {
  const verdict = verdictOf(outcome);
  if (outcome.code === 0 && verdict?.equal === true) return unaccounted(directory, verdict);
  const [last] = outcome.stderr.split('\n').slice(-2);
  return `an honest run is not equal: exit code ${outcome.code}, ${JSON.stringify(verdict?.first)}, ${last}`;
}

/** Description of a wrong verdict on a forgery; null if the verdict is right. */
export function wrongOnForgery({ where, rejected }: Forgery, outcome: Outcome): string | null {
  const { code, stderr } = outcome;
  const verdict = verdictOf(outcome);
  if (code === 0) return 'a forgery is equal';
  if (verdict === null) {
    const clear = code === 2 || rejected?.test(stderr) || where.some((place) => stderr.includes(place));
    return clear ? null : `exit code ${code} without a verdict: ${stderr.slice(-300)}`;
  }
  if (verdict.equal !== false) return `exit code ${code}, equal: ${verdict.equal}`;
  // Some differences are lists of files that are not checked.
  const said = JSON.stringify([verdict.first, verdict.notChecked]);
  return where.some((place) => said.includes(place)) ? null : `the first difference names none of ${where}: ${said}`;
}
