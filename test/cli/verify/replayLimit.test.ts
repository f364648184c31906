import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  doneSeconds,
  type LimitOptions,
  roughly,
  type Watch,
  withinLimit,
} from '../../../src/cli/verify/replayLimit.ts';
import { type Config, resolveConfig } from '../../../src/config/config.ts';
import { chainRoot, jsonSha256, linkHash } from '../../../src/record/chain.ts';
import { createReceipt } from '../../../src/record/receipt.ts';
import { encodeReceipt } from '../../../src/record/receiptFile.ts';
import { estimateSeconds } from '../../../src/train/estimate.ts';
import type { Progress } from '../../../src/train/run.ts';
import { numericsVersion } from '../../../src/version.ts';
import { makeRun, realUnbraid } from '../realRun.ts';

const never = new AbortController().signal;
const short = resolveConfig({ iterations: 3 });
const long = resolveConfig({ iterations: 1e15 });

interface Told {
  readonly questions: string[];
  replayed: boolean;
}

/** Runs a replay that moves a clock on and reports progress. */
async function limited(
  config: Config,
  allowed: LimitOptions,
  answer: boolean | null,
  replay: (watch: Watch, clock: { ms: number }) => Promise<string> = async () => 'done',
  signal = never,
): Promise<Told & { result: string; exitCode: number | null }> {
  const told: Told = { questions: [], replayed: false };
  const clock = { ms: 0 };
  const ask =
    answer === null
      ? null
      : async (question: string): Promise<boolean> => {
          told.questions.push(question);
          return answer;
        };
  try {
    const asked = { config, until: config.iterations, workers: 1, ...allowed };
    const watched = (watch: Watch): Promise<string> => {
      told.replayed = true;
      return replay(watch, clock);
    };
    const result = await withinLimit({ ask, signal }, asked, watched, () => clock.ms);
    return { ...told, result, exitCode: null };
  } catch (error) {
    const { message, exitCode } = error as Error & { exitCode?: number };
    return { ...told, result: message, exitCode: exitCode ?? 1 };
  }
}

describe('before a replay', () => {
  test('a short one is not asked for', async () => {
    expect(await limited(short, {}, true)).toEqual({ questions: [], replayed: true, result: 'done', exitCode: null });
    expect(await limited(short, {}, null)).toMatchObject({ replayed: true, exitCode: null });
  });

  test('a long replay without a terminal: exit code 2 with the estimate', async () => {
    expect(await limited(long, {}, null)).toEqual({
      questions: [],
      replayed: false,
      result:
        'verify: the replay must be expected to take at most 10 minutes, got about more than 1,000 years by its config; allow it with --yes or --max-minutes N, or replay a part with --until N',
      exitCode: 2,
    });
  });

  test('on a terminal it is asked for, and the answer decides', async () => {
    const questions = ['The replay takes about more than 1,000 years by its config. Replay it?'];
    expect(await limited(long, {}, true)).toEqual({ questions, replayed: true, result: 'done', exitCode: null });
    expect(await limited(long, {}, false)).toEqual({
      questions,
      replayed: false,
      result: 'verify: the replay was declined; --until N replays a part',
      exitCode: 2,
    });
  });

  test('--yes allows all, --max-minutes so many; not both', async () => {
    expect(await limited(long, { yes: true }, null)).toMatchObject({ replayed: true, questions: [] });
    expect(await limited(long, { maxMinutes: 1e6 }, null)).toMatchObject({ replayed: false, exitCode: 2 });
    const hour = resolveConfig({ iterations: 40_000 });
    const minutes = estimateSeconds(hour) / 60;
    expect(minutes).toBeGreaterThan(10);
    expect(await limited(hour, {}, null)).toMatchObject({ replayed: false, exitCode: 2 });
    expect(await limited(hour, { maxMinutes: minutes + 1 }, null)).toMatchObject({ replayed: true });
    expect(await limited(short, { maxMinutes: 0 }, null)).toMatchObject({ replayed: false, exitCode: 2 });
    expect((await limited(short, { yes: true, maxMinutes: 1 }, null)).result).toBe(
      'verify: only one of --yes and --max-minutes must be given, got both; keep one',
    );
  });

  test('what a config asks for besides iterations counts, too', async () => {
    for (const changes of [
      { iterations: 1, evalEpisodes: 2e7 },
      { iterations: 1, coldStartUpdates: 1e6 },
      { iterations: 1, couplingPairs: 2e6 },
      { iterations: 1, groupsPerIteration: 2e3, numIterations: 400 },
      { iterations: 1, evalEpisodes: 1e5, maxSteps: 1e4 },
    ]) {
      expect(await limited(resolveConfig(changes), {}, null), JSON.stringify(changes)).toMatchObject({
        replayed: false,
      });
    }
  });
});

describe('during a replay', () => {
  const config = resolveConfig({ iterations: 100 });
  const at = (phase: Progress['phase'], done: number, total: number): Progress => ({
    ...{ phase, done, total, envSteps: 0, success: null },
  });
  /** Takes this time for each iteration, and ends on abort. */
  const iterations =
    (ms: number, shown: number[] = []) =>
    async ({ signal, follow }: Watch, clock: { ms: number }): Promise<string> => {
      const report = follow(({ done }) => shown.push(done));
      for (let i = 1; i <= 100; i++) {
        signal.throwIfAborted();
        clock.ms += ms;
        report(at('train', i, 100));
      }
      return 'done';
    };

  test('one in time goes through, and its progress is passed on', async () => {
    const shown: number[] = [];
    expect(await limited(config, {}, null, iterations(1_000, shown))).toMatchObject({ result: 'done' });
    expect(shown.length).toBe(100);
  });

  test('one that turns out far longer is stopped early, with what it would take', async () => {
    const { result, exitCode } = await limited(config, {}, null, iterations(60_000));
    expect(exitCode).toBe(2);
    expect(result).toMatch(
      /^verify: the replay must take at most 10 minutes, got one of about \d+ (minutes|hours), stopped after 2 minutes; allow it with --yes or --max-minutes N, or replay a part with --until N$/,
    );
  });

  test('one that takes a little longer is stopped at the limit', async () => {
    const { result, exitCode } = await limited(config, {}, null, iterations(7_000));
    expect(exitCode).toBe(2);
    expect(result).toContain('stopped after 10 minutes');
  });

  test('none is stopped that was allowed', async () => {
    expect(await limited(config, { yes: true }, null, iterations(6e6))).toMatchObject({ result: 'done' });
    expect(await limited(config, { maxMinutes: 20 }, null, iterations(7_000))).toMatchObject({ result: 'done' });
  });

  test('a failure stays one, and so does an abort', async () => {
    const failing = async (): Promise<string> => {
      throw new Error('worker 2 failed');
    };
    expect(await limited(config, {}, null, failing)).toMatchObject({ result: 'worker 2 failed', exitCode: 1 });
    const controller = new AbortController();
    const aborted = async ({ signal }: Watch): Promise<string> => {
      controller.abort(new Error('stopped by hand'));
      signal.throwIfAborted();
      return 'done';
    };
    expect(await limited(config, {}, null, aborted, controller.signal)).toMatchObject({ result: 'stopped by hand' });
  });

  test('how far it is grows from phase to phase up to the whole', () => {
    const phases: readonly [Progress, number][] = [
      [at('vocabulary', 0, 1), 0],
      [at('cold start', 1, 150), 0],
      [at('cold start', 150, 150), 0],
      [at('evaluate', 100, 1200), 0],
      [at('evaluate', 1200, 1200), 0],
      [at('train', 1, 100), 1],
      [at('train', 50, 100), 50],
      [at('train', 99, 100), 99],
      [at('evaluate', 600, 1200), 99],
    ];
    const done = phases.map(([progress, iteration]) => doneSeconds(config, progress, iteration));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done[0]).toBe(0);
    expect(done[8]).toBeLessThan(estimateSeconds(config));
    expect(doneSeconds(config, at('train', 100, 100), 100)).toBe(estimateSeconds(config));
  });
});

test('times are named roughly', () => {
  expect([0, 0.4, 1, 119, 120, 7_199, 7_200, 86_400, 2e6, 1e8, 1e11, Number.POSITIVE_INFINITY].map(roughly)).toEqual([
    'less than a second',
    'less than a second',
    '1 second',
    '119 seconds',
    '2 minutes',
    '120 minutes',
    '2 hours',
    '24 hours',
    '23 days',
    '3 years',
    'more than 1,000 years',
    'more than 1,000 years',
  ]);
});

describe('unbraid verify', () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'unbraid-limit-'));
    await makeRun(join(root, 'run'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** A receipt that agrees with itself and claims a run of this config. */
  function receiptOf(config: Config): string {
    const head = {
      numerics: numericsVersion,
      configSha256: jsonSha256(config),
      environment: 'household 1',
      vocabularySha256: null,
    };
    const hash = '0'.repeat(64);
    const fields = { iteration: config.iterations, parametersSha256: hash, stateSha256: hash, metricsSha256: hash };
    const links = [{ ...fields, link: linkHash(chainRoot(head), fields) }];
    const receipt = createReceipt('0.1.0', config, { head, links, open: [] }, null);
    const path = join(root, 'receipt.json');
    writeFileSync(path, encodeReceipt({ receipt, check: '', files: {} }));
    return path;
  }

  test('a config with too many iterations is rejected at once, in any runtime', async () => {
    const path = receiptOf(long);
    for (const more of [[], ['--runtime', 'chromium'], ['--workers', '2']]) {
      const { code, stdout, stderr } = await realUnbraid('verify', path, ...more);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /^unbraid: verify: the replay must be expected to take at most 10 minutes, got about more/,
      );
    }
  });

  test('its options reach the replay', async () => {
    const run = join(root, 'run');
    expect((await realUnbraid('verify', run, '--max-minutes', '0')).code).toBe(2);
    expect((await realUnbraid('verify', run, '--max-minutes', '5')).code).toBe(0);
    expect((await realUnbraid('verify', run, '--yes')).code).toBe(0);
    expect((await realUnbraid('verify', run, '--max-minutes', 'x')).stderr).toContain('It must be a number from 0');
  });
});
