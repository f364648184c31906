import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { Job } from '../../../src/study/job.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { madeUp } from '../../study/results.ts';
import { peaked, resultOf } from '../../study/sweep/madeUp.ts';
import { unbraid } from '../fakeEngine.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-sweep-'));
  path = join(directory, 'rates.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

const halving = {
  config: { env: 'bandit', policy: 'mlp', iterations: 40 },
  space: { learningRate: { min: 0.0005, max: 0.2, scale: 'log' }, entropyCoef: [0, 0.005, 0.01] },
  strategy: { name: 'halving', trials: 9, eta: 2, minIterations: 10 },
  seeds: { development: 2, fresh: 5 },
};
const grid = { ...halving, space: { learningRate: [0.001, 0.01] }, strategy: { name: 'grid' } };

/** What the engine was asked to do. */
interface Asked {
  readonly jobs: TrainInput[];
  readonly checked: Config[];
  readonly programs: unknown[];
  runners: number;
}

interface Given {
  readonly fails?: (input: TrainInput) => boolean;
  readonly result?: (input: TrainInput) => TrainResult;
}

/** An engine of artificial results. Jobs end in another order than they start in, with several workers. */
function engineOf({ fails = () => false, result = (input) => resultOf(input, peaked) }: Given = {}) {
  const asked: Asked = { jobs: [], checked: [], programs: [], runners: 0 };
  const engine = {
    async checkRun(config: Config, programs: unknown) {
      asked.checked.push(config);
      asked.programs.push(programs);
    },
    openJobRunner(_: unknown, programs?: unknown) {
      asked.runners++;
      asked.programs.push(programs);
      return {
        async run({ input }: Job) {
          asked.jobs.push(input as TrainInput);
          // Turns of the event loop: every third job overtakes the others.
          for (let turn = asked.jobs.length % 3; turn > 0; turn--) await new Promise((done) => setImmediate(done));
          if (fails(input as TrainInput)) throw new Error('a gradient is not finite');
          return result(input as TrainInput);
        },
        close() {},
      };
    },
  };
  return { asked, engine };
}

async function sweep(file: object, options: readonly string[] = [], out = 'out', { asked, engine } = engineOf()) {
  writeFileSync(path, JSON.stringify(file));
  const outcome = await unbraid(['sweep', path, '--out', join(directory, out), ...options], engine as never);
  return { ...outcome, asked, report: join(directory, out, 'rates') };
}

const filesOf = (report: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(report)
      .filter((name) => name !== 'timing.json')
      .map((name) => [name, readFileSync(join(report, name), 'hex')]),
  );

describe('unbraid sweep', () => {
  test('the last line has the chosen setting, its interval and the counts', async () => {
    const { code, stdout, stderr, asked, report } = await sweep(grid, ['--json']);
    expect(code).toBe(0);
    const line = JSON.parse(stdout);
    expect(Object.keys(line)).toEqual([
      ...['command', 'best', 'trials', 'sweep', 'strategy', 'measure', 'statistic', 'base', 'difference'],
      ...['jobs', 'finished', 'failed', 'report'],
    ]);
    expect(Object.keys(line.best)).toEqual(['config', 'value', 'interval', 'seeds']);
    expect(line).toMatchObject({
      command: 'sweep',
      best: { config: { learningRate: 0.01 }, value: expect.closeTo(0.81), interval: expect.any(Array), seeds: 5 },
      ...{ trials: 2, sweep: 'rates', strategy: 'grid', measure: 'success.inDomain', statistic: 'mean' },
      ...{ jobs: 14, finished: 14, failed: 0, report: join(report, 'report.html') },
    });
    expect(asked.jobs).toHaveLength(14);
    expect(stderr).toContain('stage 1: 4 jobs, 0 of them already finished; about 4 s on 1 threads; all stages: ');
    expect(stderr).toContain('stage 2: 14 jobs, 4 of them already finished; about 10 s on 1 threads; all stages: ');
    expect(readdirSync(report).sort()).toEqual([
      ...['fresh.csv', 'jobs.jsonl.gz', 'receipts.jsonl', 'report.html', 'report.json', 'slices.svg', 'timing.json'],
      'trials.csv',
    ]);
    const page = readFileSync(join(report, 'report.html'), 'utf8');
    expect(page).toContain('<h1>Sweep: rates</h1>');
    expect(page).toContain(`<pre>unbraid sweep ${path}</pre>`);
  });

  test('docs/sweep.md lists the fields of the last line and of report.json', async () => {
    const { stdout, report } = await sweep({ ...grid, seeds: { development: 1, fresh: 2 } }, ['--json']);
    const line = JSON.parse(stdout);
    const written = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8'));
    const page = readFileSync(`${root}docs/sweep.md`, 'utf8');
    const [last, file] = page.split('| Field | Type | Meaning |').slice(1);
    const fields = (text: string): string[] =>
      [...text.split('\n\n', 1)[0].matchAll(/^\| `([\w.]+)` \|/gm)].map(([, field]) => field);
    const shown = fields(last);
    expect(shown.filter((field) => !field.includes('.'))).toEqual(Object.keys(line));
    expect(shown.filter((field) => field.startsWith('best.'))).toEqual(
      Object.keys(line.best).map((key) => `best.${key}`),
    );
    expect(fields(file)).toEqual(Object.keys(written));
  });

  test('all files but timing.json have the same bytes with 1, 2 and 5 workers', async () => {
    const one = await sweep(halving, ['--workers', '1'], 'one');
    const expected = filesOf(one.report);
    expect(Object.keys(expected)).toHaveLength(7);
    for (const workers of ['2', '5']) {
      const many = await sweep(halving, ['--workers', workers], workers);
      expect(many.asked.runners).toBeGreaterThan(one.asked.runners);
      expect(filesOf(many.report)).toEqual(expected);
      expect(many.stdout.replaceAll(`/${workers}/`, '/one/')).toBe(one.stdout);
    }
  });

  test('Ctrl-C writes the report of the finished jobs, and the same command resumes without repeating a job', async () => {
    const options = ['--first-seed', '98', '--allow-exec', '--json'];
    const result = (input: TrainInput) => madeUp(input);
    const unbroken = await sweep(halving, options, 'unbroken', engineOf({ result }));
    writeFileSync(path, JSON.stringify(halving));
    // The fake engine aborts at seed 99.
    const stopped = await unbraid(['sweep', path, '--out', join(directory, 'out'), ...options]);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain(
      `unbraid: interrupted; 9 of 18 jobs are finished; resume with: unbraid sweep ${path} --first-seed 98 --allow-exec --out ${join(directory, 'out')}\n`,
    );
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      command: 'sweep',
      best: null,
      trials: 9,
      jobs: 18,
      finished: 9,
    });
    const resumed = await sweep(halving, options, 'out', engineOf({ result }));
    expect(resumed.code).toBe(0);
    expect(resumed.asked.jobs).toEqual(unbroken.asked.jobs.slice(9));
    expect(filesOf(resumed.report)).toEqual(filesOf(unbroken.report));
    expect((await sweep(halving, options, 'out', engineOf({ result }))).asked.jobs).toEqual([]);
  });

  test('a failed run ends the sweep with its trial, and the same command tries it again', async () => {
    const broken = engineOf({ fails: ({ learningRate, seed }) => learningRate === 0.01 && seed === 2 });
    const { code, stdout, stderr } = await sweep(grid, [], 'out', broken);
    expect([code, stdout.split('\n')[0]]).toEqual([
      1,
      'No setting is chosen yet: trial 2 lacks runs at development seeds.',
    ]);
    expect(stderr).toContain(
      'unbraid: sweep: 1 of 4 jobs failed; the first: a gradient is not finite; run the same command again to retry them\n',
    );
    const again = await sweep(grid);
    expect([again.code, again.asked.jobs.length]).toEqual([0, 11]);
  });

  test('--first-seed takes precedence over the file', async () => {
    const seeds = async (options: readonly string[], out: string) =>
      (await sweep({ ...grid, seeds: { first: 30, development: 1, fresh: 1 } }, options, out)).asked.jobs.map(
        ({ seed }) => seed,
      );
    expect(await seeds([], 'file')).toEqual([30, 30, 130, 130]);
    expect(await seeds(['--first-seed', '0'], 'option')).toEqual([0, 0, 100, 100]);
  });

  test('one run of each kind is opened before the first job', async () => {
    const space = { learningRate: [0.001, 0.01], policy: ['mlp', 'attention'], env: ['household'] };
    const { asked } = await sweep({ ...grid, config: { env: 'bandit', policy: 'mlp' }, space });
    expect(asked.checked.map(({ env, policy }) => [env, policy])).toEqual([
      ['bandit', 'mlp'],
      ['household', 'mlp'],
      ['household', 'attention'],
    ]);
    const { engine } = engineOf();
    const refusing = {
      ...engine,
      async checkRun(): Promise<void> {
        throw new Error('the environment does not open');
      },
    };
    const refused = await sweep(grid, [], 'refused', { asked: engineOf().asked, engine: refusing });
    expect([refused.code, existsSync(refused.report)]).toEqual([1, false]);
  });

  test('a program that a sweep file names starts only with --allow-exec', async () => {
    for (const file of [
      { ...grid, config: { env: 'exec:python3 my_env.py' } },
      { ...grid, space: { env: ['household', 'exec:python3 my_env.py'] }, config: {} },
    ]) {
      const { code, stderr, asked, report } = await sweep(file);
      expect([code, asked.checked, existsSync(report)]).toEqual([2, [], false]);
      expect(stderr).toBe(
        `unbraid: env: a program that a file names must be allowed by --allow-exec, got one in ${path}; the command is: python3 my_env.py; if you trust it, add --allow-exec\n`,
      );
    }
    const allowed = await sweep({ ...grid, config: { env: 'exec:python3 my_env.py' } }, ['--allow-exec']);
    expect([allowed.code, new Set(allowed.asked.programs)]).toEqual([0, new Set(['any'])]);
    expect(new Set((await sweep(grid, [], 'plain')).asked.programs)).toEqual(new Set(['shipped']));
  });

  test('wrong usage: exit code 2, no folder', async () => {
    const wrong: readonly [string, string][] = [
      ['{"space": 3, }', `sweep: ${path} must be JSON, got `],
      ['{"space": {}, "space": {}}', `sweep: ${path} must have every key once, got one twice; remove one of the two\n`],
      ['{"space": {}}', `sweep: ${path}: space must be an object with at least one config key, got an object; `],
      [
        '{"space": {"env": ["custom"]}, "strategy": {"name": "grid"}}',
        `sweep: ${path}: trial 1, {"env":"custom"}, must be a valid config; config: env must name a part of this package, got "custom"; `,
      ],
    ];
    for (const [text, message] of wrong) {
      writeFileSync(path, text);
      const { code, stdout, stderr } = await unbraid(['sweep', path, '--out', join(directory, 'out')]);
      expect([code, stdout, stderr.startsWith(`unbraid: ${message}`) ? '' : stderr]).toEqual([2, '', '']);
    }
    const missing = await unbraid(['sweep', join(directory, 'no.json')]);
    expect([missing.code, missing.stderr.includes('no.json')]).toEqual([2, true]);
    expect((await unbraid(['sweep'])).stderr).toBe("unbraid: missing required argument 'file'\n");
    expect(readdirSync(directory)).toEqual(['rates.json']);
  });

  test('examples/sweep.json is a sweep of 15 trials', async () => {
    const example = JSON.parse(readFileSync(`${root}examples/sweep.json`, 'utf8'));
    const { code, stdout } = await sweep({ ...example, name: 'rates' }, ['--json']);
    expect([code, JSON.parse(stdout).trials, JSON.parse(stdout).jobs]).toEqual([0, 15, 65]);
  });
});
