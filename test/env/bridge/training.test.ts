import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namedBridges } from '../../../src/cli/shared/bridges.ts';
import type { Config } from '../../../src/config/config.ts';
import type { Progress } from '../../../src/train/run.ts';
import { realUnbraid } from '../../cli/realRun.ts';
import { recordedRun, small } from '../../train/recordedRun.ts';

const program = fileURLToPath(new URL('fixtures/version2.mjs', import.meta.url));
const oldProgram = fileURLToPath(new URL('fixtures/bridgeProgram.mjs', import.meta.url));
const openBridge = namedBridges('any');
const name = (...args: string[]): string => ['exec:', process.execPath, ' ', [program, ...args].join(' ')].join('');

const policies = { text: 'attention', vector: 'mlp', tokens: 'attention' } as const;
const quick: Partial<Config> = { coldStart: 0, couplingPairs: 2, evalEpisodes: 4, vocabularyEpisodes: 4 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-training-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const messageOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('a run in a program', () => {
  test.each(['text', 'vector', 'tokens'] as const)(
    '%s: the same bits with any number of processes; the policy learns',
    async (form) => {
      const config = { ...quick, env: name(form), policy: policies[form], iterations: 12, learningRate: 0.02 };
      const one = await recordedRun({ ...config, evalEpisodes: 60 }, { openBridge });
      const three = await recordedRun({ ...config, evalEpisodes: 60, bridgeProcesses: 3 }, { openBridge });
      expect(three.outcome.parametersSha256).toBe(one.outcome.parametersSha256);
      expect([three.metrics, three.couplings]).toEqual([one.metrics, one.couplings]);
      expect(three.outcome.receipt.links).not.toEqual(one.outcome.receipt.links);
      expect(one.outcome.success.train as number).toBeGreaterThan((one.metrics[0]['eval/train'] as number) + 0.2);
    },
    60_000,
  );

  test('a step limit of the config reaches the program and shortens episodes', async () => {
    const config = { ...quick, env: name('vector'), policy: 'mlp' } as const;
    const short = await recordedRun({ ...config, maxSteps: 1, iterations: 1 }, { openBridge });
    expect(short.outcome.envSteps).toBe(8);
    const own = await recordedRun({ ...config, iterations: 1 }, { openBridge });
    expect(own.outcome.envSteps).toBeGreaterThan(16);
  });

  test.each([
    [{ env: name('vector') }, 'shows vectors; set policy to "mlp" and observation to null or "vector"'],
    [
      { env: name('text'), policy: 'mlp' },
      'shows text, not vector; set observation to null or "text" and policy to "attention"',
    ],
    [
      { env: name('tokens'), observation: 'text' },
      'shows tokens, not text; set observation to null or "tokens" and policy to "attention"',
    ],
    [{ env: name('vector'), policy: 'mlp', history: 2 }, 'history must be 0 where observations are not text'],
    [
      { env: `exec:${process.execPath} ${oldProgram} none`, maxSteps: 2 },
      'has a step limit of its own, 3, got maxSteps 2; leave maxSteps null',
    ],
  ] as const)('%o is refused before training', async (config, message) => {
    const progress: string[] = [];
    const onProgress = ({ phase }: Progress): void => {
      progress.push(phase);
    };
    expect(await messageOf(recordedRun({ ...quick, ...config }, { openBridge, onProgress }))).toContain(message);
    expect(progress).not.toContain('evaluate');
  });

  test('what the program reports while it starts is progress of the run', async () => {
    const reports: Progress[] = [];
    const onProgress = (progress: Progress): void => {
      if (progress.phase === 'start') reports.push(progress);
    };
    const config = { ...quick, env: name('vector', 'slow-start'), policy: 'mlp', iterations: 0 } as const;
    await recordedRun(config, { openBridge, onProgress });
    expect(reports.map(({ detail, done, total }) => [detail, done, total])).toEqual(
      [1, 2, 3, 4].map((n) => [`loading [2J part ${n}`, n, 4]),
    );
  });
});

/** Options of the command for a small run in a folder. */
function words(env: string, more: Partial<Config> = {}): string[] {
  const config = { ...small, ...quick, env, policy: 'mlp', checkpointEvery: 1, ...more };
  return Object.entries(config).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}

describe('a run in a folder', () => {
  test('the end of one of several processes ends the run with the reason, and it resumes without a loss', async () => {
    const [broken, whole] = [join(folder, 'broken'), join(folder, 'whole')];
    const env = name('vector', 'dies-once', join(folder, 'died'));
    const settings = words(env, { bridgeProcesses: 2, iterations: 6 });
    const { code, stderr } = await realUnbraid('train', ...settings, '--out', broken);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\(process [12] of 2\): the program ended with exit code 7; last lines of its stderr:\nout of fuel\n/,
    );
    expect(existsSync(join(broken, 'receipt.json'))).toBe(false);
    expect(readdirSync(join(broken, 'checkpoints')).length).toBeGreaterThan(0);
    expect((await realUnbraid('train', '--resume', broken, '--allow-exec')).code).toBe(0);
    expect((await realUnbraid('train', ...settings, '--out', whole)).code).toBe(0);
    const [a, b] = [broken, whole].map((run) => JSON.parse(readFileSync(join(run, 'receipt.json'), 'utf8')));
    expect(a.hash).toBe(b.hash);
  }, 60_000);

  test('train and eval show what the program reports while it starts', async () => {
    const run = join(folder, 'run');
    const env = name('vector', 'slow-start');
    // Lines are at least 2 s apart, unless a phase ends.
    const last = /start {2}100% {2}4\/4 {2}loading \[2J part 4\n/;
    expect((await realUnbraid('train', ...words(env, { iterations: 0 }), '--out', run)).stderr).toMatch(last);
    expect((await realUnbraid('eval', run, '--episodes', '2', '--allow-exec')).stderr).toMatch(last);
  }, 60_000);

  test('packages are in the receipt, and verify compares them', async () => {
    const run = join(folder, 'run');
    const env = name('vector', 'packages');
    expect((await realUnbraid('train', ...words(env), '--out', run)).code).toBe(0);
    const receipt = JSON.parse(readFileSync(join(run, 'receipt.json'), 'utf8'));
    expect(receipt.packages).toEqual({ 'my-game': '2.0', zlib: '1.3' });
    expect((await realUnbraid('verify', run, '--allow-exec')).code).toBe(0);
  }, 60_000);

  test('another version of a package is a difference, and ends a resumed run', async () => {
    const seen = join(folder, 'seen');
    const run = join(folder, 'run');
    const env = name('vector', 'changes-packages', seen);
    expect((await realUnbraid('train', ...words(env), '--out', run)).code).toBe(0);
    const verified = await realUnbraid('verify', run, '--allow-exec');
    expect(verified.code).toBe(1);
    expect(verified.stdout).toContain('packages');
    for (const file of ['receipt.json', 'result.json']) rmSync(join(run, file));
    const resumed = await realUnbraid('train', '--resume', run, '--allow-exec');
    expect(resumed.stderr).toContain(
      'train: the checkpoint was made with the packages {"my-game":"2.0","zlib":"1.3"}, but these are {"zlib":"1.2"}; install the versions of the checkpoint',
    );
  }, 60_000);
});
