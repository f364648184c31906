import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openRun } from '../../src/record/run.node.ts';
import { makeRun, realUnbraid } from './realRun.ts';

const bridge = fileURLToPath(new URL('../env/bridge/fixtures/bridgeProgram.mjs', import.meta.url));
const counter = `exec:${process.execPath} ${fileURLToPath(new URL('../env/bridge/fixtures/version2.mjs', import.meta.url))}`;
const exec = `exec:${process.execPath} ${bridge} none`;

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-nothing-'));
  file = join(root, 'file');
  writeFileSync(file, 'text');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

const small =
  '--iterations 1 --cold-start 0 --set evalEpisodes=2 --set couplingPairs=2 --set vocabularyEpisodes=2'.split(' ');

/** Options of `train` and the error message. */
const wrong: readonly [string, readonly string[], string][] = [
  ['a wrong environment', ['--env', 'houshold'], '; did you mean "household"?'],
  ['a path as the id of an environment', ['--env', 'gym:../Id'], 'env: no environment has the name gym:../Id;'],
  ['a wrong game family', ['--env', 'textworld-expres/coin'], '; did you mean "textworld-express/coin"?'],
  ['a wrong policy', ['--policy', 'attenton'], '; did you mean "attention"?'],
  ['a wrong method', ['--method', 'classifer+cloning'], '; did you mean "classifier+cloning"?'],
  ['wrong labels', ['--labels', 'grahp'], '; did you mean "graph"?'],
  ['a wrong key', ['--set', 'hiden=3'], 'config: unknown key "hiden"; did you mean "hidden"?'],
  ['two bases', ['--method', 'gigpo+ppo'], 'config: method takes one of grpo, gigpo, ppo, got "gigpo+ppo"'],
  ['two surgeries', ['--method', 'pcgrad+upgrad'], 'config: method takes one of pcgrad, gradvac, upgrad'],
  [
    'oracle labels without an expert',
    ['--env', exec, '--method', 'classifier', '--labels', 'oracle'],
    'needs an environment with an expert, which fixture does not have',
  ],
  [
    'shuffled oracle labels without an expert',
    ['--env', exec, '--method', 'cloning', '--labels', 'shuffled', '--set', 'shuffledSource=oracle'],
    'config: shuffledSource "oracle" needs an environment with an expert',
  ],
  [
    'demonstrations without an expert',
    ['--env', exec, '--method', 'cloning', '--labels', 'demonstrations', '--cold-start', '5'],
    'config: labels "demonstrations" needs an environment with an expert',
  ],
  [
    'demonstrations of which none is shown',
    ['--method', 'cloning', '--labels', 'demonstrations'],
    'config: labels "demonstrations" must have coldStart >= 1, got 0',
  ],
  [
    'counterfactual labels without copies',
    ['--env', exec, '--method', 'classifier', '--labels', 'counterfactual'],
    'the environment must have clone, got fixture without',
  ],
  [
    'counterfactual labels of text',
    ['--set', 'observation=text', '--method', 'classifier', '--labels', 'counterfactual'],
    'the environment must have clone, got household-text without',
  ],
  [
    'tokens of a program',
    ['--env', exec, '--set', 'observation=tokens'],
    'shows text, not tokens; set observation to null or "text"',
  ],
  ['an mlp on a program', ['--env', exec, '--policy', 'mlp'], 'shows text, not vector;'],
  ['attention on vectors', ['--env', 'look-alike'], 'config: env "look-alike" shows vectors; set policy to "mlp"'],
  [
    'a step limit of another',
    ['--env', 'bandit', '--policy', 'mlp', '--set', 'maxSteps=3'],
    'config: env "bandit" has a step limit of its own',
  ],
  [
    'a step limit of a program of version 1',
    ['--env', exec, '--set', 'maxSteps=2'],
    'has a step limit of its own, 3, got maxSteps 2; leave maxSteps null',
  ],
  ['continuous actions', ['--env', `${counter} vector hello-continuous`], 'continuous actions are not supported'],
  ['images', ['--env', `${counter} text hello-form`], 'images are not supported'],
  ['attention on vectors of a program', ['--env', `${counter} vector`], 'shows vectors; set policy to "mlp"'],
  ['a misspelt prefix', ['--env', 'gim:CartPole-v1'], 'env: no environment has the name gim:CartPole-v1; choose from'],
  ['heads that do not divide', ['--set', 'blocks=1', '--set', 'heads=5'], 'heads'],
  [
    'too many tasks',
    [
      '--method',
      'gradvac',
      '--set',
      'conflictTasks=task',
      '--env',
      'look-alike',
      '--policy',
      'mlp',
      '--set',
      'trainGames=1001',
    ],
    'createSurgeon: gradvac must have at most 1000 tasks',
  ],
  ['a network beyond all memory', ['--set', 'hidden=1000000000'], 'config: a run must fit into 4 GiB'],
  ['a program that does not exist', ['--env', 'exec:no-such-program'], 'cannot start no-such-program'],
  ['no command', ['--env', 'exec:'], 'exec: must be followed by a command'],
  [
    'a program that is no bridge',
    ['--env', `exec:${process.execPath} -e process.exit(3)`],
    'the program ended with exit code 3',
  ],
];

describe('train: exit code 2, and no folder', () => {
  test.each(wrong)('%s', async (_, options, message) => {
    const settled = options.includes('--cold-start')
      ? small.filter((word, i) => ![word, small[i - 1]].includes('--cold-start'))
      : small;
    const { code, stdout, stderr } = await realUnbraid('train', ...settled, ...options, '--out', join(root, 'a', 'X'));
    expect(stderr).toContain(message);
    expect([code, stdout, readdirSync(root)]).toEqual([2, '', ['file']]);
  });

  test('a missing Python, a missing package', async () => {
    const train = (): ReturnType<typeof realUnbraid> =>
      realUnbraid('train', '--env', 'textworld-express/coin', '--out', join(root, 'X'));
    vi.stubEnv('UNBRAID_PYTHON', 'no-such-python');
    const missing = await train();
    expect(missing.stderr).toContain('textworld-express/coin: Python is missing');
    const bare = join(root, 'python');
    writeFileSync(bare, '#!/bin/sh\necho "textworld-express: Java is missing"', { mode: 0o755 });
    vi.stubEnv('UNBRAID_PYTHON', bare);
    const noJava = await train();
    expect(noJava.stderr).toContain('unbraid: textworld-express: Java is missing');
    expect([missing.code, noJava.code, readdirSync(root)]).toEqual([2, 2, ['file', 'python']]);
  });

  test.each(['file', 'file/a', 'file/a/b'])('--out %s, of which a part is a file', async (out) => {
    const { code, stderr } = await realUnbraid('train', ...small, '--out', join(root, out));
    expect([code, stderr, readdirSync(root)]).toEqual([
      2,
      `unbraid: cannot write in ${join(root, out)}: ENOTDIR; a part of the path is a file; choose another path\n`,
      ['file'],
    ]);
  });

  test('the same folder then takes the right run', async () => {
    const out = join(root, 'X');
    expect((await realUnbraid('train', '--env', 'houshold', '--out', out)).code).toBe(2);
    expect((await realUnbraid('train', ...small, '--out', out)).code).toBe(0);
    expect((await realUnbraid('train', ...small, '--out', out)).code).toBe(2);
  });

  test('a folder whose run was stopped before its first checkpoint is used again', async () => {
    const out = join(root, 'X');
    const { config } = openRunOf(out);
    writeFileSync(join(out, 'notes.txt'), 'mine');
    expect((await realUnbraid('train', ...small, '--seed', '7', '--out', out)).code).toBe(0);
    expect(openRun(out).config).toMatchObject({ seed: 7 });
    expect(config).not.toMatchObject({ seed: 7 });
    expect(readdirSync(out)).toContain('notes.txt');
  });

  /** What a run leaves that was stopped at once. */
  function openRunOf(out: string): ReturnType<typeof openRun> {
    mkdirSync(join(out, 'checkpoints', '000000.tmp'), { recursive: true });
    writeFileSync(join(out, 'config.json'), '{"config":{"seed":1},"versions":{}}');
    writeFileSync(join(out, 'metrics.jsonl'), '');
    return openRun(out);
  }

  test('a run whose environment is missing is not resumed, and its files stay the same', async () => {
    const out = join(root, 'X');
    const program = join(root, 'program.mjs');
    writeFileSync(program, `await import(${JSON.stringify(bridge)});`);
    const line = ['train', ...small, '--env', `exec:${process.execPath} ${program} none`, '--out', out];
    expect((await realUnbraid(...line)).code).toBe(0);
    rmSync(program);
    const before = readdirSync(out, { recursive: true }).sort();
    const { code, stderr } = await realUnbraid('train', '--resume', out, '--allow-exec');
    expect(stderr).toContain('the program ended with exit code 1');
    for (const other of ['verify', 'eval', 'coupling']) {
      const failed = await realUnbraid(other, out, '--allow-exec');
      expect([failed.code, failed.stderr.includes('the program ended with exit code 1')], other).toEqual([2, true]);
    }
    expect([code, readdirSync(out, { recursive: true }).sort()]).toEqual([2, before]);
  });
});

describe('other commands: exit code 2, and no file is created', () => {
  const lines: readonly [string, () => string[], string][] = [
    [
      'compare, a wrong environment',
      () => ['compare', '--env', 'houshold', '--out', join(root, 'X')],
      'did you mean "household"?',
    ],
    [
      'compare, wrong labels of the second variant',
      () => ['compare', '--variants', 'grpo;cloning:grahp', '--out', join(root, 'X')],
      'did you mean "graph"?',
    ],
    [
      'compare, labels that only the second variant lacks',
      () => [
        'compare',
        '--env',
        exec,
        '--variants',
        'grpo;cloning:oracle',
        '--out',
        join(root, 'X'),
        '--set',
        'vocabularyEpisodes=2',
      ],
      'needs an environment with an expert',
    ],
    [
      'compare, a program that does not exist',
      () => ['compare', '--env', 'exec:no-such-program', '--out', join(root, 'X')],
      'cannot start no-such-program',
    ],
    ['compare, a file in the way', () => ['compare', '--out', join(file, 'X')], 'a part of the path is a file'],
    ['study, a wrong name', () => ['study', 'danger-zon', '--out', join(root, 'X')], 'did you mean "danger-zone"?'],
    ['study, a file in the way', () => ['study', 'danger-zone', '--out', file], 'a part of the path is a file'],
    ['sweep, no file', () => ['sweep', join(root, 'no.json'), '--out', join(root, 'X')], 'cannot read'],
    ['sweep, a file that is no sweep', () => ['sweep', file, '--out', join(root, 'X')], 'must be JSON'],
    ['danger, a start that cannot be', () => ['danger', '--starts', '0', '--out', join(root, 'X')], 'starts'],
    ['danger, a file in the way', () => ['danger', '--out', join(file, 'X')], 'a part of the path is a file'],
    [
      'profile, a wrong environment',
      () => ['profile', '--env', 'houshold', '--out', join(root, 'X')],
      'did you mean "household"?',
    ],
    ['profile, no folder for the page', () => ['profile', '--out', join(root, 'a', 'X')], 'ENOENT; check the path'],
    [
      'profile, labels without an expert',
      () => ['profile', '--env', exec, '--method', 'cloning', '--labels', 'oracle', '--set', 'vocabularyEpisodes=2'],
      'needs an environment with an expert',
    ],
  ];
  test.each(lines)('%s', async (_, line, message) => {
    const { studies } = await import('../../src/study/studies.ts');
    const { unbraid } = await import('./fakeEngine.ts');
    const { code, stdout, stderr } =
      line()[0] === 'study' ? await unbraid(line(), { studies: async () => studies }) : await realUnbraid(...line());
    expect(stderr).toContain(message);
    expect([code, stdout, readdirSync(root)]).toEqual([2, '', ['file']]);
  });

  test('coupling, a page that cannot be written: before the measurement, and the run stays', async () => {
    const run = join(root, 'run');
    await makeRun(run);
    const before = readdirSync(run, { recursive: true }).sort();
    for (const [page, message] of [
      [join(root, 'a', 'page.html'), 'ENOENT; check the path'],
      [root, 'EISDIR; it is a folder; name a file'],
      [join(file, 'page.html'), 'ENOTDIR; a part of the path is a file'],
    ]) {
      const { code, stderr } = await realUnbraid('coupling', run, '--out', page);
      expect([code, stderr.startsWith(`unbraid: cannot write ${page}: ${message}`)]).toEqual([2, true]);
    }
    expect(readdirSync(run, { recursive: true }).sort()).toEqual(before);
  });

  // The superuser may write anywhere.
  test.skipIf(process.getuid?.() === 0)('a folder that is not ours', async () => {
    chmodSync(root, 0o555);
    const { code, stderr } = await realUnbraid('train', '--out', join(root, 'X'));
    chmodSync(root, 0o755);
    expect([code, stderr.includes('EACCES')]).toEqual([2, true]);
  });
});

test('the command itself: exit code 2, the nearest name, no folder', () => {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  let said = '';
  let status = 0;
  try {
    execFileSync(node, [main, 'train', '--env', 'houshold', '--out', 'X'], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    ({ stderr: said, status } = error as { stderr: string; status: number });
  }
  expect([status, readdirSync(root)]).toEqual([2, ['file']]);
  expect(said).toMatch(/^unbraid: env: no environment has the name houshold; .*did you mean "household"\?\n$/);
});
