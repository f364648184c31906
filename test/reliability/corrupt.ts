/** Damage to one file, named by a stream of random numbers. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RandomStream } from '../../src/random.ts';

/** Positions of all values inside a JSON value, each as the containing object and the key. */
function places(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [[holder, key] as [typeof holder, string], ...places(holder[key])]);
}

const replacements: readonly unknown[] = [
  null,
  '',
  'x',
  -1,
  0.5,
  1e308,
  2 ** 53,
  true,
  [],
  {},
  [[]],
  '\u001b[2J',
  '../../x',
];

/** The text with one value replaced, removed or added; null if it is no JSON object. */
function changeJson(text: string, random: RandomStream): { text: string; what: string } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const all = places(value);
  if (all.length === 0) return null;
  const [holder, key] = all[random.below(all.length)];
  const kind = random.below(6);
  if (kind === 0) delete holder[key];
  else if (kind === 1) holder[`${key}2`] = 1;
  else holder[key] = replacements[random.below(replacements.length)];
  const what = kind === 0 ? `${key} removed` : kind === 1 ? `${key}2 added` : `${key} = ${JSON.stringify(holder[key])}`;
  return { text: `${JSON.stringify(value, null, 2)}\n`, what };
}

function changeBytes(bytes: Buffer, random: RandomStream): { bytes: Buffer; what: string } {
  const at = random.below(bytes.length);
  const kind = random.below(5);
  if (kind === 0) return { bytes: bytes.subarray(0, at), what: `cut off at ${at}` };
  if (kind === 1) return { bytes: Buffer.concat([bytes, bytes]), what: 'written twice' };
  if (kind === 2) {
    const end = Math.min(bytes.length, at + 1 + random.below(8));
    for (let i = at; i < end; i++) bytes[i] ^= 1 + random.below(255);
    return { bytes, what: `changed from ${at} to ${end}` };
  }
  bytes[at] ^= 1 << random.below(8);
  return { bytes, what: `a bit of byte ${at}` };
}

/** Damages the file and returns a description. The file always changes. */
export function corrupt(path: string, random: RandomStream): string {
  const bytes = readFileSync(path);
  const kind = random.below(20);
  if (kind === 0) {
    rmSync(path);
    mkdirSync(path);
    return 'a folder in its place';
  }
  if (kind === 1) {
    writeFileSync(path, '['.repeat(100_000));
    return 'nested 100,000 deep';
  }
  if (kind === 2) {
    rmSync(path);
    return 'removed';
  }
  if (kind >= 10 && /\.jsonl?$/.test(path)) {
    const lines = path.endsWith('l') ? bytes.toString().split('\n').slice(0, -1) : [bytes.toString()];
    const at = random.below(lines.length);
    const changed = changeJson(lines[at], random);
    if (changed !== null) {
      lines[at] = path.endsWith('l') ? JSON.stringify(JSON.parse(changed.text)) : changed.text;
      writeFileSync(path, path.endsWith('l') ? `${lines.join('\n')}\n` : lines[0]);
      return path.endsWith('l') ? `line ${at + 1}: ${changed.what}` : changed.what;
    }
  }
  const changed = changeBytes(bytes, random);
  writeFileSync(path, changed.bytes);
  return changed.what;
}
