/** What else can lie in a run's folder: names that only look right, links, pipes, locks of other hosts. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { folderEntries } from '../../../src/record/folder.node.ts';
import { makeRun, realUnbraid } from '../realRun.ts';

let root: string;
let run: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-folder-'));
  await makeRun(join(root, 'made'));
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  run = join(root, 'run');
  rmSync(run, { recursive: true, force: true });
  cpSync(join(root, 'made'), run, { recursive: true });
});

async function verify(): Promise<{ code: number; first: { file: string; message: string } | undefined }> {
  const { code, stdout } = await realUnbraid('verify', run, '--json');
  return { code, first: JSON.parse(stdout).first };
}

const path = (name: string): string => join(run, name);

const foreign: readonly [string, string, () => void][] = [
  [
    'a checkpoint under a longer name',
    'checkpoints/0000004/',
    () => cpSync(path('checkpoints/000004'), path('checkpoints/0000004'), { recursive: true }),
  ],
  ['a table of results', 'results.csv', () => writeFileSync(path('results.csv'), 'seed,success\n1,1.0\n')],
  ['a folder of results', 'results/', () => mkdirSync(path('results'))],
  [
    'a folder in the place of a file',
    'latest.json/',
    () => [rmSync(path('latest.json')), mkdirSync(path('latest.json'))],
  ],
  ['a link to a file', 'coupling-end.json', () => linkTo(path('coupling-end.json'))],
  [
    'a link to an endless device',
    'metrics.jsonl',
    () => [rmSync(path('metrics.jsonl')), symlinkSync('/dev/zero', path('metrics.jsonl'))],
  ],
  [
    'a pipe that nobody writes to',
    'result.json',
    () => [rmSync(path('result.json')), execFileSync('mkfifo', [path('result.json')])],
  ],
  [
    'a file beside those of a checkpoint',
    'checkpoints/000004/notes.txt',
    () => writeFileSync(path('checkpoints/000004/notes.txt'), ''),
  ],
];

function linkTo(file: string): void {
  renameSync(file, join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), file);
}

test.skipIf(process.platform === 'win32').each(foreign)('verify names %s', async (_, file, change) => {
  change();
  const { code, first } = await verify();
  expect([code, first?.file]).toEqual([1, file]);
  expect(folderEntries(run).map((entry) => entry.path)).toContain(file);
});

test('a vocabulary that the manifest of its checkpoint does not list is not taken for a checked one', async () => {
  rmSync(path('receipt.json'));
  writeFileSync(path('checkpoints/000004/tokenizer.json'), '{\n  "version": 2,\n  "words": []\n}\n');
  const { code, first } = await verify();
  expect([code, first?.file]).toEqual([1, 'checkpoints/000004']);
  expect(first?.message).toContain('tokenizer.json is not in manifest.json');
});

test.skipIf(process.platform === 'win32')(
  'a pipe or a device in the place of a file ends no command in a hang',
  async () => {
    for (const name of ['config.json', 'latest.json', 'checkpoints/000005/state.json']) {
      rmSync(path(name));
      execFileSync('mkfifo', [path(name)]);
      for (const args of [
        ['eval', run],
        ['coupling', run],
        ['train', '--resume', run],
      ]) {
        const { code, stderr } = await realUnbraid(...args);
        expect([args[0], name, code]).toEqual([args[0], name, 1]);
        expect(stderr).toMatch(/is not a regular file|must be a regular file|is damaged|does not match/);
      }
      rmSync(run, { recursive: true });
      cpSync(join(root, 'made'), run, { recursive: true });
    }
  },
);

test('the lock of a process on another host keeps a copied folder from being written, not from being verified', async () => {
  const lock = path('writer-elsewhere-4-0.lock');
  writeFileSync(lock, '{"pid":4,"host":"elsewhere","start":"2026-01-01T00:00:00.000Z","ticks":null,"held":true}\n');
  expect(await verify()).toEqual({ code: 0, first: undefined });
  const { code, stderr } = await realUnbraid('train', '--resume', run);
  expect(code).toBe(2);
  expect(stderr).toContain(`but process 4 on elsewhere writes it`);
  expect(stderr).toContain(`if it has ended, remove ${lock}`);
  expect(existsSync(path('receipt.json'))).toBe(true);
});
