import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RandomStream, randomStream } from '../../../src/random.ts';
import { changes, config, makeRun, realUnbraid, receiptIn } from '../realRun.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-corruption-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((file) => statSync(join(directory, file)).isFile())
    .sort();
}

/** Flips one bit, cuts the file off, or overwrites some bytes, at a random place; never leaves the file as it was. */
function corrupt(path: string, random: RandomStream): string {
  const bytes = readFileSync(path);
  const at = random.below(bytes.length);
  const kind = random.below(4);
  if (kind === 0) {
    writeFileSync(path, bytes.subarray(0, at));
    return `cut off at ${at}`;
  }
  const end = kind === 1 ? Math.min(bytes.length, at + 1 + random.below(8)) : at + 1;
  for (let i = at; i < end; i++) bytes[i] ^= kind === 1 ? 1 + random.below(255) : 1 << random.below(8);
  writeFileSync(path, bytes);
  return `changed from ${at} to ${end}`;
}

const settings = Object.entries(changes).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

test('200 corruptions of a finished run: every command reports it, and none changes the run', async () => {
  const compared = join(root, 'compared');
  const run = join(compared, 'grpo-s1');
  const commands = [
    ['verify', run, '--json'],
    ['eval', run],
    ['coupling', run, '--samples', '8'],
    ['compare', '--variants', 'grpo', '--seeds', '1', '--out', compared, ...settings],
    ['train', '--resume', run],
  ];
  await makeRun(run);
  const files = filesOf(run);
  expect(files.length).toBe(19);
  const good = files.map((file) => readFileSync(join(run, file)));
  for (let i = 0; i < 200; i++) {
    const at = i % files.length;
    const path = join(run, files[at]);
    const what = corrupt(path, randomStream(7, 'test/corruption', 0, i));
    const damaged = readFileSync(path);
    for (const command of commands) {
      const { code, stdout, stderr } = await realUnbraid(...command);
      const where = `case ${i}: ${files[at]} ${what}, ${command[0]}: ${stderr}`;
      expect(code, where).toBe(1);
      if (command[0] !== 'verify') expect(stdout, where).toBe('');
      else expect(JSON.parse(stdout), where).toMatchObject({ equal: false, first: { file: files[at] } });
    }
    expect(readFileSync(path).equals(damaged), files[at]).toBe(true);
    writeFileSync(path, good[at]);
  }
  expect(filesOf(run)).toEqual(files);
  // The last command resumes the run and so replaces its result and receipt.
  for (const command of commands) expect((await realUnbraid(...command)).code, command[0]).toBe(0);
});

test('corruptions of a run cut short: an error, or the very same result', async () => {
  const run = join(root, 'short');
  await makeRun(run, config, 3);
  const files = filesOf(run);
  const evaluated = (await realUnbraid('eval', run)).stdout;
  const whole = join(root, 'whole');
  await makeRun(whole);
  let errors = 0;
  for (let i = 0; i < 60; i++) {
    const copy = join(root, 'copy');
    cpSync(run, copy, { recursive: true });
    const file = files[i % files.length];
    const what = corrupt(join(copy, file), randomStream(8, 'test/corruption', 0, i));
    const where = `case ${i}: ${file} ${what}`;
    const { code, stdout } = await realUnbraid('eval', copy);
    expect([code, stdout], where).toEqual(code === 0 ? [0, evaluated] : [1, '']);
    const resumed = await realUnbraid('train', '--resume', copy);
    if (resumed.code === 0) expect(receiptIn(copy), where).toEqual(receiptIn(whole));
    else {
      expect([resumed.code, resumed.stdout], where).toEqual([1, '']);
      errors++;
    }
    rmSync(copy, { recursive: true });
  }
  expect(errors).toBeGreaterThan(20);
});
