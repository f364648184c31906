/** Unchanged runs, also after interruptions: verify must report them as equal and list every file. */
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { folderEntries } from '../../../src/record/folder.node.ts';
import { small } from '../../train/recordedRun.ts';
import { config, makeRun, realUnbraid } from '../realRun.ts';

let root: string;
let made: string;
let run: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-honest-'));
  made = join(root, 'made');
  await makeRun(made);
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  run = join(root, 'run');
  rmSync(run, { recursive: true, force: true });
});

/** The verdict; every file of the folder must be among the checked ones or those not checked. */
async function verdict(directory: string, ...args: string[]): Promise<{ code: number; record: Record<string, never> }> {
  const { code, stdout, stderr } = await realUnbraid('verify', directory, '--json', ...args);
  expect(stdout, stderr).not.toBe('');
  const record = JSON.parse(stdout);
  const named = [...record.checked, ...record.notChecked];
  for (const { path } of folderEntries(directory)) expect(named, path).toContain(path);
  expect(record.first, JSON.stringify(record.first)).toBeUndefined();
  return { code, record };
}

test('a run interrupted after any iteration, left as it is and resumed', async () => {
  const keeping = resolveConfig({ ...config, keepCheckpoints: 9 });
  for (let iteration = 0; iteration <= 4; iteration++) {
    rmSync(run, { recursive: true, force: true });
    await makeRun(run, keeping, iteration === 0 ? 1 : iteration);
    expect((await verdict(run)).code).toBe(0);
    expect((await realUnbraid('train', '--resume', run)).code).toBe(0);
    const { code, record } = await verdict(run);
    expect([code, record.equal, record.until]).toEqual([0, true, 5]);
  }
  // The checkpoint of the interruption is kept, and compared although the chain of the whole run leaves it out.
  await makeRun(join(root, 'three'), keeping, 3);
  expect((await realUnbraid('train', '--resume', join(root, 'three'))).code).toBe(0);
  expect((await verdict(join(root, 'three'))).record.checked).toContain('checkpoints/000003/state.json');
});

test('a run killed between checkpoints: lines after the last checkpoint, a torn line, an unfinished checkpoint', async () => {
  await makeRun(run, resolveConfig({ ...config, checkpointEvery: 4 }), 4);
  // A running run writes these lines before its next checkpoint.
  const lines = readFileSync(join(made, 'metrics.jsonl'), 'utf8').split('\n');
  appendFileSync(join(run, 'metrics.jsonl'), lines[5].slice(0, 40));
  cpSync(join(run, 'checkpoints', '000004'), join(run, 'checkpoints', '000008.tmp'), { recursive: true });
  writeFileSync(join(run, 'result.json.4711.tmp'), '{');
  const { code, record } = await verdict(run);
  expect([code, record.until]).toEqual([0, 5]);
  expect(record.notChecked).toContain('result.json.4711.tmp');
  appendFileSync(join(run, 'metrics.jsonl'), 'x');
  const changed = await realUnbraid('verify', run, '--json');
  expect([changed.code, JSON.parse(changed.stdout).first.file]).toEqual([1, 'metrics.jsonl']);
});

test('what other commands add: coupling of the last and of an earlier checkpoint, its page', async () => {
  await makeRun(run, config, 3);
  const measured = ['--samples', '8', '--split', 'train'];
  expect((await realUnbraid('coupling', run, ...measured)).code).toBe(0);
  expect((await verdict(run)).record.checked).toContain('coupling.json');
  expect((await realUnbraid('eval', run, '--episodes', '4')).code).toBe(0);
  expect((await realUnbraid('train', '--resume', run)).code).toBe(0);
  const { code, record } = await verdict(run);
  expect([code, JSON.parse(readFileSync(join(run, 'coupling.json'), 'utf8')).iteration]).toEqual([0, 3]);
  expect(record.checked).toContain('coupling.json');
  expect(record.notChecked).toContain('coupling.html');
  // One number of it changed: all hashes of the run still hold.
  const text = readFileSync(join(run, 'coupling.json'), 'utf8');
  writeFileSync(join(run, 'coupling.json'), text.replace(/"meanCosine":-?[\d.]+/, '"meanCosine":0.01'));
  const forged = await realUnbraid('verify', run, '--json');
  expect([forged.code, JSON.parse(forged.stdout).first.file]).toEqual([1, 'coupling.json#classes']);
});

test('a run with diagnostics: its action probabilities are named as not checked', async () => {
  await makeRun(run, resolveConfig({ ...config, diagnostics: true }));
  const { code, record } = await verdict(run);
  expect(code).toBe(0);
  expect(record.notChecked).toContain('action-probabilities.json');
  expect(record.checked).not.toContain('action-probabilities.json');
});

test('a run of text keeps its vocabulary, which is compared', async () => {
  const text = {
    ...small,
    iterations: 2,
    env: 'household',
    observation: 'text',
    evalEpisodes: 4,
    vocabularyEpisodes: 2,
  };
  await makeRun(run, resolveConfig(text));
  const { code, record } = await verdict(run);
  expect(code).toBe(0);
  expect(record.checked).toContain('checkpoints/000002/tokenizer.json');
});

test('a result without a receipt is compared, and so is one without checkpoints', async () => {
  cpSync(made, run, { recursive: true });
  rmSync(join(run, 'receipt.json'));
  expect((await verdict(run)).record).toMatchObject({ equal: true, until: 5 });
  for (const name of ['checkpoints', 'latest.json']) rmSync(join(run, name), { recursive: true });
  const { stdout } = await realUnbraid('verify', run, '--json');
  // A run that has ended has latest.json.
  expect(JSON.parse(stdout).first.file).toBe('latest.json');
});

test('a file that no run writes is named, one of the operating system is not compared', async () => {
  cpSync(made, run, { recursive: true });
  writeFileSync(join(run, '.DS_Store'), '');
  expect((await verdict(run)).record.notChecked).toContain('.DS_Store');
  writeFileSync(join(run, 'summary.csv'), 'success,1.0\n');
  const { code, stdout } = await realUnbraid('verify', run, '--json');
  const message = `${join(run, 'summary.csv')}: no run writes it; move it out of the folder`;
  expect([code, JSON.parse(stdout).first]).toEqual([1, { file: 'summary.csv', message }]);
});

test('until ends the loop after its iteration, with any number of threads', async () => {
  // Small iterations: an abort from outside would be received several iterations later.
  const tiny = { ...config, groupsPerIteration: 1, numGenerations: 2, iterations: 8, checkpointEvery: 3 };
  await makeRun(run, resolveConfig(tiny), 5);
  expect(readdirSync(join(run, 'checkpoints')).length).toBe(3);
  for (let i = 0; i < 3; i++) expect((await verdict(run, '--workers', '1')).record.until).toBe(5);
});
