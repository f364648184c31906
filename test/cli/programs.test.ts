import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openThreadTrainer } from '../../src/cli/compare/threadTrainer.ts';
import { namedBridges, permitted, typed } from '../../src/cli/shared/bridges.ts';
import { openThreadRunner } from '../../src/cli/study/threadRunner.ts';
import { trainIn } from '../../src/cli/train/trainRun.ts';
import { commandKernels } from '../../src/cli/width/commandKernels.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { realUnbraid } from './realRun.ts';

const bridge = fileURLToPath(new URL('../env/bridge/fixtures/bridgeProgram.mjs', import.meta.url));

let root: string;
/** Written by the program as soon as it starts. */
let marker: string;
let env: string;
let made: string;
let run: string;
let settings: Partial<Config>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-programs-'));
  marker = join(root, 'started');
  const program = join(root, 'program.mjs');
  writeFileSync(
    program,
    `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(marker)}, '');\nawait import(${JSON.stringify(bridge)});\n`,
  );
  env = `exec:${process.execPath} ${program} steady`;
  settings = {
    ...{ env, coldStart: 0, iterations: 1, groupsPerIteration: 2, numGenerations: 2, evalEpisodes: 2, trainGames: 2 },
    ...{ vocabularyEpisodes: 2, couplingPairs: 2 },
  };
  made = join(root, 'made');
  const config = resolveConfig(settings);
  const how = { resume: false, programs: 'any', crew: soloCrew(), onProgress: () => {} } as const;
  await trainIn('0.1.0')(config, { ...how, directory: made, signal: new AbortController().signal });
});
afterAll(() => rmSync(root, { recursive: true }));

beforeEach(() => {
  run = join(root, 'run');
  cpSync(made, run, { recursive: true });
  rmSync(marker, { force: true });
});
afterEach(() => rmSync(run, { recursive: true, force: true }));

/** Every path below the root with its content. */
function everything(): Record<string, string> {
  const names = readdirSync(root, { recursive: true }).map(String).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(root, name);
      return [name, statSync(path).isDirectory() ? 'folder' : readFileSync(path, 'hex')];
    }),
  );
}

function words(config: Partial<Config>): string[] {
  return Object.entries(config).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}

/** Command lines that read the environment's name from a file. */
const fromFiles: readonly [string, () => string[]][] = [
  ['verify a folder', () => ['verify', run]],
  ['verify a receipt', () => ['verify', join(run, 'receipt.json')]],
  ['eval', () => ['eval', run, '--episodes', '2']],
  ['train --resume', () => ['train', '--resume', run]],
  ['train --config', () => ['train', '--config', join(run, 'config.json'), '--out', join(root, 'deep', 'new')]],
];

describe('a program that a file names', () => {
  test.each(fromFiles)(
    '%s: not started, nothing made or changed, the command shown; --allow-exec starts it',
    async (_, line) => {
      const before = everything();
      const { code, stdout, stderr } = await realUnbraid(...line());
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(
        'unbraid: env: a program that a file names must be allowed by --allow-exec, got one in ',
      );
      expect(stderr).toContain(`; the command is: ${env.slice(5)}; if you trust it, add --allow-exec\n`);
      expect(existsSync(marker)).toBe(false);
      expect(everything()).toEqual(before);
      const allowed = await realUnbraid(...line(), '--allow-exec');
      expect(allowed.stderr).not.toContain('unbraid: ');
      expect(allowed.code).toBe(0);
      expect(existsSync(marker)).toBe(true);
      rmSync(join(root, 'deep'), { recursive: true, force: true });
    },
  );

  test('coupling: not started, no file changed; with --allow-exec the program starts', async () => {
    const before = everything();
    const refused = await realUnbraid('coupling', run);
    expect([refused.code, existsSync(marker)]).toEqual([2, false]);
    expect(refused.stderr).toContain('if you trust it, add --allow-exec');
    expect(everything()).toEqual(before);
    const allowed = await realUnbraid('coupling', run, '--samples', '2', '--allow-exec');
    expect(existsSync(marker)).toBe(true);
    expect(allowed.stderr).not.toContain('--allow-exec');
  });

  test('a run that was stopped is not resumed, and stays as it is', async () => {
    for (const name of ['result.json', 'receipt.json']) rmSync(join(run, name));
    const before = everything();
    expect((await realUnbraid('train', '--resume', run)).code).toBe(2);
    expect([existsSync(marker), everything()]).toEqual([false, before]);
    expect((await realUnbraid('train', '--resume', run, '--allow-exec')).code).toBe(0);
  });

  test('a folder of compare that holds such runs starts none where another environment is typed', async () => {
    const out = join(root, 'compared');
    cpSync(made, join(out, 'grpo-s1'), { recursive: true });
    for (const name of ['result.json', 'receipt.json']) rmSync(join(out, 'grpo-s1', name));
    const before = everything();
    const { code, stderr } = await realUnbraid('compare', '--variants', 'grpo', '--seeds', '1', '--out', out);
    expect([code, existsSync(marker)]).toEqual([2, false]);
    expect(stderr).toBe(
      `unbraid: compare: ${join(out, 'grpo-s1')} contains a run with another config; choose another --out\n`,
    );
    expect(everything()).toEqual(before);
    rmSync(out, { recursive: true });
  });

  test('threads of compare and study start no program unless it is allowed', async () => {
    const trainer = openThreadTrainer(1, commandKernels('off'));
    const runner = openThreadRunner(commandKernels('off'));
    const allowed = openThreadRunner(commandKernels('off'), 'any');
    try {
      const how = { directory: join(root, 'thread'), resume: false, onProgress: () => {} };
      const { signal } = new AbortController();
      const config = resolveConfig(settings);
      const refusal = 'a program that a file names must be allowed by --allow-exec';
      await expect(trainer.train(config, { ...how, signal })).rejects.toThrow(refusal);
      await expect(runner.run({ kind: 'train', input: settings, seconds: 1 })).rejects.toThrow(refusal);
      expect([existsSync(marker), existsSync(how.directory)]).toEqual([false, false]);
      await trainer.train(config, { ...how, programs: 'any', signal });
      expect(existsSync(marker)).toBe(true);
      rmSync(marker);
      await allowed.run({ kind: 'train', input: settings, seconds: 1 });
      expect(existsSync(marker)).toBe(true);
    } finally {
      trainer.close();
      runner.close();
      allowed.close();
      rmSync(join(root, 'thread'), { recursive: true, force: true });
    }
  });
});

describe('a program that is typed needs no flag', () => {
  const typed: readonly [string, () => string[]][] = [
    [
      'train --env',
      () => [
        'train',
        '--env',
        env,
        ...words(settings).filter((word, i, all) => ![word, all[i + 1]].includes(`env=${env}`)),
      ],
    ],
    ['train --set', () => ['train', ...words(settings)]],
    ['train --config --env', () => ['train', '--config', join(run, 'config.json'), '--env', env]],
    ['compare', () => ['compare', '--variants', 'grpo', '--seeds', '1', ...words(settings)]],
  ];
  test.each(typed)('%s', async (_, line) => {
    const out = join(root, 'typed');
    const { code, stderr } = await realUnbraid(...line(), '--out', out);
    expect([code, stderr.includes('unbraid: ')]).toEqual([0, false]);
    expect(existsSync(marker)).toBe(true);
    rmSync(out, { recursive: true });
  });
});

describe('permission', () => {
  const message = (name: string): string => {
    try {
      permitted(name, 'a.json', undefined);
    } catch (error) {
      return (error as Error).message;
    }
    return 'allowed';
  };

  test('the command is shown so that a terminal neither obeys nor hides any of it', () => {
    expect(message('exec:sh\u001b[2K\r  -c\u202etxt\u0007\u009b\n')).toBe(
      'env: a program that a file names must be allowed by --allow-exec, got one in a.json; the command is: sh\\u001b[2K\\u000d -c\\u202etxt\\u0007\\u009b\\u000a; if you trust it, add --allow-exec',
    );
    expect(message(`exec:${'x'.repeat(5000)}`)).toContain(`${'x'.repeat(2000)}... (5000 characters);`);
    expect(message('gym:evil:Env-v0')).toContain('the command is: gym:evil:Env-v0;');
    expect(message('houshold')).toMatch(/^env: no environment has the name houshold; .*; did you mean "household"\?$/);
    expect(message('textworld-express/coin?numLocations=5')).toBe('allowed');
    expect(message('gym:CartPole-v1')).toBe('allowed');
    for (const name of ['gym:ALE/Pong-v5', 'gym:my_module:MyEnv-v0?x=1', 'minigrid:../MyEnv-v0', 'gym:/tmp/MyEnv']) {
      expect(message(name)).toBe(
        `env: a program that a file names must be allowed by --allow-exec, got one in a.json; the command is: ${name}; if you trust it, add --allow-exec`,
      );
    }
  });

  test('typed, an id with a module needs no flag, and a path is no id', () => {
    expect(typed('gym:CartPole-v1')).toBe('any');
    expect(typed('gym:my_module:MyEnv-v0')).toBe('any');
    for (const name of ['gym:../MyEnv-v0', 'gym:/tmp/MyEnv', 'gym:', 'gim:CartPole-v1']) {
      expect(() => typed(name)).toThrow(`env: no environment has the name ${name}; choose from household, `);
    }
  });

  test('bridges of this package open with a plain id alone unless it is allowed', async () => {
    await expect(namedBridges()('gym:my_module:MyEnv-v0')).rejects.toThrow('if you trust it, add --allow-exec');
    vi.stubEnv('UNBRAID_PYTHON', 'no-such-python');
    try {
      const missing = 'Python is missing (spawnSync no-such-python ENOENT)';
      await expect(namedBridges()('gym:CartPole-v1')).rejects.toThrow(`gym:CartPole-v1: ${missing}`);
      await expect(namedBridges('any')('gym:my_module:MyEnv-v0')).rejects.toThrow(`gym:my_module:MyEnv-v0: ${missing}`);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('bridges open no other program unless it is allowed', async () => {
    for (const open of [namedBridges(), namedBridges('shipped')]) {
      await expect(open(env)).rejects.toThrow('if you trust it, add --allow-exec');
    }
    expect(existsSync(marker)).toBe(false);
    const opened = await namedBridges('any')(env);
    await opened.close();
    expect(existsSync(marker)).toBe(true);
  });
});
