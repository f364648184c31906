import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BridgeReport, checkBridge } from '../../../src/cli/bridge/checkBridge.ts';
import type { BridgeEngine } from '../../../src/cli/bridge/command.ts';
import type { Finding } from '../../../src/cli/bridge/findings.ts';
import { openTypedBridge } from '../../../src/cli/shared/bridges.ts';
import { unbraid } from '../fakeEngine.ts';
import { realUnbraid } from '../realRun.ts';

const fixtures = fileURLToPath(new URL('../../env/bridge/fixtures/', import.meta.url));
const engine: BridgeEngine = {
  checkBridge: (name, options) => checkBridge((how) => openTypedBridge(name, how), options),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const command = (program: string, ...args: string[]): string =>
  [process.execPath, join(fixtures, program), ...args].join(' ');

async function check(text: string, ...options: string[]) {
  const { code, stdout, stderr } = await unbraid(['bridge', 'check', text, '--json', ...options], engine);
  const record = JSON.parse(stdout) as { ok: boolean; env: string; checks: Finding[] } & Omit<BridgeReport, 'findings'>;
  const results = Object.fromEntries(record.checks.map(({ check: name, result }) => [name, result]));
  const detail = (name: string): string => record.checks.find((found) => found.check === name)?.detail ?? '';
  return { code, stderr, record, results, detail };
}

const allOk = {
  ...{ start: 'ok', episodes: 'ok', 'abandoned episodes': 'ok', 'other environments': 'ok', 'fresh process': 'ok' },
  ...{ stepMany: 'ok', 'step limit': 'ok', seeds: 'ok', splits: 'ok', resets: 'ok', exit: 'ok' },
};

describe('a bridge that keeps the rules', () => {
  test.each(['text', 'vector', 'tokens'])(
    'of version 2, form %s: every check is ok, and the exit code is 0',
    async (form) => {
      const { code, record, results } = await check(command('version2.mjs', form));
      expect([code, record.ok]).toEqual([0, true]);
      expect(results).toEqual(allOk);
      expect(record.env).toBe(`exec:${command('version2.mjs', form)}`);
      expect(record.hello).toMatchObject({ protocol: 2, form });
      expect(record.measured).toMatchObject({ episodes: 6, steps: 26, actions: 2 });
      // A place below 0 has a sign: `You are at - 1 .`
      expect(record.measured.observationTokens).toBe({ text: 6, vector: 3, tokens: 2 }[form]);
      for (const time of ['startMs', 'stepMs', 'joinedStepMs'] as const)
        expect(record.measured[time]).toBeGreaterThan(0);
    },
  );

  test('of version 1: what belongs to version 2 is not run', async () => {
    const { code, record, results } = await check(command('version2.mjs', 'text', 'version1'));
    expect(code).toBe(0);
    expect(results).toEqual({ ...allOk, stepMany: 'not run', 'step limit': 'not run' });
    expect([record.hello?.protocol, record.measured.joinedStepMs]).toEqual([1, null]);
  });

  test('--seed and --episodes select what is played', async () => {
    const { record, results } = await check(command('version2.mjs', 'vector'), '--seed', '3', '--episodes', '1');
    expect(record.measured.episodes).toBe(3);
    expect(results).toEqual({ ...allOk, seeds: 'not run' });
    const longer = await check(command('version2.mjs', 'vector'), '--seed', '4', '--episodes', '3');
    expect(longer.record.measured.episodes).toBe(9);
  });
});

describe('a bridge that breaks a rule', () => {
  test.each([
    ['start', ['text', 'hello-form'], 'form must be "text", "vector" or "tokens"'],
    ['episodes', ['vector', 'nan'], 'observation must consist of finite 32-bit floats'],
    ['episodes', ['text', 'noise'], 'an answer must be one line of JSON, got Loading level 3'],
    ['episodes', ['text', 'endless'], 'terminated or truncated must be true at step 6 of 6'],
    ['episodes', ['text', 'reward-nan'], 'reward must be a finite number'],
    ['episodes', ['text', 'dies-in-play', '20'], 'the program ended with exit code 7'],
    ['abandoned episodes', ['text', 'order'], 'seed 1, split train, step 0: first'],
    ['other environments', ['text', 'shared'], 'step 1: first'],
    ['stepMany', ['text', 'many-differs'], ': first '],
    ['episodes', ['text', 'reward-at-reset'], 'reward must be 0 after reset, got 0.5 (seed 1, split train)'],
    ['stepMany', ['text', 'swapped'], 'env must be'],
    ['step limit', ['text', 'ignores-limit'], 'maxSteps must be 2, the limit in the request'],
    ['exit', ['text', 'stays'], 'the program must exit when its standard input ends'],
  ])(
    '%s fails for %j with the reason, and the exit code is 1',
    async (name, args, reason) => {
      const { code, stderr, record, results, detail } = await check(command('version2.mjs', ...args));
      expect([code, record.ok, results[name]]).toEqual([1, false, 'failed']);
      expect(detail(name)).toContain(reason);
      const fails = name === 'start' ? 'does not start: ' : 'fails: ';
      expect(stderr).toContain(`unbraid: bridge: ${record.env} ${fails}`);
      expect(stderr).toContain(name === 'start' ? reason : name);
    },
    30_000,
  );

  test('fresh process fails where processes differ, alone', async () => {
    const { results, detail } = await check(command('version2.mjs', 'vector', 'process', join(folder, 'seen')));
    expect(results).toEqual({ ...allOk, 'fresh process': 'failed', stepMany: 'failed' });
    expect(detail('fresh process')).toMatch(/^seed 1, split train, step 0: first \[\[0\.33/);
  });

  test('start fails where processes answer hello differently', async () => {
    const { results, detail } = await check(command('version2.mjs', 'text', 'process-name', join(folder, 'seen')));
    expect([results.start, detail('start')]).toEqual(['failed', 'two processes must answer hello alike']);
  });
});

test('warnings are no failure: one game for all seeds and splits, repeated resets', async () => {
  const same = await check(command('version2.mjs', 'text', 'one-game'));
  expect([same.code, same.results]).toEqual([0, { ...allOk, seeds: 'warning', splits: 'warning' }]);
  const retried = await check(command('version2.mjs', 'text', 'retry', '2'));
  expect([retried.code, retried.results]).toEqual([0, { ...allOk, resets: 'warning' }]);
  expect(retried.detail('resets')).toBe('6 resets were repeated because the program asked for it');
});

test('a package that is missing is named with the command that installs it', async () => {
  const python = join(folder, 'python');
  // -S hides installed packages.
  writeFileSync(python, '#!/bin/sh\nexec python3 -S "$@"\n', { mode: 0o755 });
  vi.stubEnv('UNBRAID_PYTHON', python);
  try {
    const { code, stdout, stderr } = await unbraid(['bridge', 'check', 'gym:CartPole-v1'], engine);
    const advice = /the Python package is missing; run: \S+ -m pip install gymnasium==[\d.]+/;
    expect([code, advice.test(stdout.replace(/\s+/g, ' ')), advice.test(stderr)]).toEqual([1, true, true]);
    const trained = await realUnbraid(
      'train',
      '--env',
      'gym:CartPole-v1',
      '--policy',
      'mlp',
      '--out',
      join(folder, 'x'),
    );
    expect([trained.code, advice.test(trained.stderr), existsSync(join(folder, 'x'))]).toEqual([2, true, false]);
  } finally {
    vi.unstubAllEnvs();
  }
});

test('people get a table, and an error that names what fails', async () => {
  const { code, stdout, stderr } = await unbraid(['bridge', 'check', command('version2.mjs', 'vector')], engine);
  expect(code).toBe(0);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(
    '  ok       start               counter 1, protocol 2, vector (3 numbers, 2 actions), at most 6 steps',
  );
  expect(lines[1]).toMatch(
    /^ {2}ok {7}episodes {12}6 episodes, 26 steps: \d terminated, \d truncated; returns from 0 to 1$/,
  );
  expect(lines.slice(11).join('\n')).toMatch(
    /^start \d+ ms, step [\d.]+ ms alone, [\d.]+ ms in stepMany\nlongest observation 3 numbers, most actions 2\n$/,
  );
  expect(stderr).not.toContain('unbraid: ');
  const failed = await unbraid(['bridge', 'check', `exec:${command('version2.mjs', 'text', 'noise')}`], engine);
  expect(failed.stdout).toContain('  failed   episodes');
  expect(failed.stdout).toContain('  not run  stepMany            an earlier check failed');
});

describe('wrong usage starts nothing', () => {
  test.each([
    [['bridge', 'chek', 'gym:CartPole-v1'], 'bridge: the action must be check, got "chek"; did you mean check?'],
    [['bridge', 'check', 'houshold'], 'did you mean "household"?'],
    [['bridge', 'check', 'textworld_expres/coin'], 'did you mean "textworld-express/coin"?'],
    [['bridge', 'check', 'household'], 'bridge: household is part of this process, got no program to check'],
    [['bridge', 'check', 'gym:CartPole-v1', '--episodes', '0'], 'It must be an integer >= 1'],
    [['bridge', 'check'], "missing required argument 'env'"],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await unbraid(args, {
      checkBridge: async () => {
        throw new Error('started');
      },
    });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
