import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/cli/program.ts';
import { crewText } from '../../src/cli/shared/commandShell.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { createRun, openRun } from '../../src/record/run.node.ts';
import { renderCouplingPage } from '../../src/report/compare/report.ts';

import { coupling, danger, resultOf, unbraid } from './fakeEngine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-cli-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function makeRun(): string {
  const run = join(directory, 'first');
  createRun(run, { config: { seed: 4, iterations: 7 }, versions: {}, keepCheckpoints: 1 }).close();
  return run;
}

describe('train', () => {
  test('prints tables and the next step; progress goes to stderr', async () => {
    const out = join(directory, 'a');
    const { code, stdout, stderr } = await unbraid(['train', '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toContain('│ at the end │  0.51 │      0.45 │          0.42 │');
    expect(stdout).toContain('│ at the start      │     0.28 │    +0.17 │      0.50 │    0.40 │         0.80 │');
    expect(stdout).toContain('│ at the end        │        - │        - │');
    expect(stdout).toContain('205,000 environment steps, 960 updates, 1 min 5 s\nparameters ab12\n');
    expect(stdout.endsWith(`next       unbraid coupling ${out}\n`)).toBe(true);
    expect(stderr).toBe('1 thread\nhousehold-grpo-s1  train  100%  1/1  success 0.50\n');
  });

  test('--json prints only the record, as one line', async () => {
    const { stdout } = await unbraid(['train', '--json', '--out', join(directory, 'a')]);
    expect(stdout.split('\n').length).toBe(2);
    expect(JSON.parse(stdout)).toEqual(resultOf(resolveConfig({})));
  });

  test('every option reaches the config', async () => {
    let config: Config | null = null;
    const file = join(directory, 'c.json');
    writeFileSync(file, '{"beta": 0.04, "seed": 1}');
    const words =
      '--env bandit --policy mlp --method cloning+classifier --labels oracle --seed 5 --iterations 9 --cold-start 0';
    const args = ['train', ...words.split(' '), '--set', 'observation=vector', '--set', 'numGenerations=4'];
    await unbraid([...args, '--config', file, '--out', join(directory, 'a')], {
      train: async (given) => {
        config = given;
        return resultOf(given);
      },
    });
    expect(config).toEqual(
      resolveConfig({
        env: 'bandit',
        policy: 'mlp',
        method: 'classifier+cloning',
        labels: 'oracle',
        seed: 5,
        iterations: 9,
        coldStart: 0,
        observation: 'vector',
        numGenerations: 4,
        beta: 0.04,
      }),
    );
  });

  test('the folder is named after the config', async () => {
    const folders: string[] = [];
    const train: Engine['train'] = async (config, options) => {
      folders.push(options.directory);
      return resultOf(config);
    };
    await unbraid(['train'], { train });
    await unbraid(['train', '--method', 'classifier+cloning', '--env', 'textworld-express/coin', '--seed', '2'], {
      train,
    });
    expect(folders).toEqual(['runs/household-grpo-s1', 'runs/textworld-express-coin-classifier-cloning-graph-s2']);
  });

  test('--resume uses the config of the run and rejects config options', async () => {
    const run = makeRun();
    const { calls, code } = await unbraid(['train', '--resume', run]);
    expect(code).toBe(0);
    expect(calls).toEqual([{ train: { seed: 4, method: 'grpo', labels: 'graph' }, folder: run, resume: true }]);
    const refused = await unbraid(['train', '--resume', run, '--cold-start', '0', '--set', 'beta=1', '--out', 'x']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      'unbraid: --resume uses the config of the run; drop --cold-start, --out, --set\n',
    ]);
  });

  test('a folder that holds a run already is not overwritten', async () => {
    const run = makeRun();
    writeFileSync(join(run, 'result.json'), '{}');
    const { code, stderr, calls } = await unbraid(['train', '--out', run]);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toBe(
      `unbraid: createRun: ${run} already holds a run; resume it with: unbraid train --resume ${run}; or choose another --out\n`,
    );
  });

  test('a failing run: exit code 1, the message alone, nothing on stdout; the stack with UNBRAID_DEBUG=1', async () => {
    const train = async (): Promise<never> => {
      throw new Error('update: gradient of head.weight is not finite at iteration 7');
    };
    const args = ['train', '--json', '--out', join(directory, 'a')];
    const { code, stdout, stderr } = await unbraid(args, { train });
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      '1 thread\nunbraid: update: gradient of head.weight is not finite at iteration 7\n',
    ]);
    const debug = await unbraid(args, { train }, { UNBRAID_DEBUG: '1' });
    expect(debug.stderr).toContain('program.test.ts');
  });

  test('Ctrl-C: exit code 130 and the command that resumes', async () => {
    const out = join(directory, 'a');
    const { code, stdout, stderr } = await unbraid(['train', '--seed', '99', '--out', out]);
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr.split('\n').at(-2)).toBe(`unbraid: interrupted; resume with: unbraid train --resume ${out}`);
  });
});

const none = { train: null, inDomain: null, outOfDomain: null };

describe('coupling and eval', () => {
  test('coupling writes its record and page and prints the classes', async () => {
    const run = makeRun();
    const { code, stdout, calls } = await unbraid(['coupling', run, '--split', 'train', '--samples', '12']);
    expect(code).toBe(0);
    expect(calls).toEqual([{ run, split: 'train', samples: 12 }]);
    expect(stdout).toContain('│ good-bad  │      1 │        0.28 │       1.00 │                 0.21 │');
    expect(stdout).toContain('│ good-good │  1,000 │        0.50 │       0.90 │                 0.82 │');
    expect(stdout).toContain('│ match.weight │  0.60 │     0.20 │      0.30 │    0.40 │    +0.15 │      0.07 │');
    expect(stdout).toContain(': gradients +0.00, embeddings +0.59\n');
    expect(stdout).toContain('with the labels 0.16, with the embeddings 0.25\n');
    expect(stdout).toContain('84.4 of 1,234 samples; the largest eigenvalue has 12% of the sum of all\n');
    expect(JSON.parse(readFileSync(join(run, 'coupling.json'), 'utf8'))).toEqual(coupling);
    expect(readFileSync(join(run, 'coupling.html'), 'utf8')).toBe(renderCouplingPage(coupling));
    const page = join(directory, 'page.html');
    const second = await unbraid(['coupling', run, '--json', '--out', page]);
    expect(JSON.parse(second.stdout)).toEqual(coupling);
    expect(second.calls).toEqual([{ run, split: 'out-of-domain', samples: 80 }]);
    expect(existsSync(page)).toBe(true);
  });

  test('eval prints success with its interval', async () => {
    const run = makeRun();
    const { stdout, calls } = await unbraid(['eval', run, '--split', 'in-domain', '--episodes', '1000']);
    expect(stdout).toBe('success    0.73 (95% interval 0.69 to 0.78), 1,000 in-domain episodes\n');
    expect(calls).toEqual([{ run, split: 'in-domain', episodes: 1000 }]);
    expect(JSON.parse((await unbraid(['eval', run, '--json'])).stdout)).toEqual({
      command: 'eval',
      split: 'out-of-domain',
      episodes: 400,
      success: 0.734,
      interval: [0.69, 0.775],
      return: {
        train: null,
        inDomain: null,
        outOfDomain: { mean: 0.734, interval: [0.69, 0.775], episodes: 400 },
      },
    });
  });

  test('eval prints the return where it is not the success, and alone where success means nothing', async () => {
    const run = makeRun();
    const outOfDomain = { mean: -12.5, interval: [-20, -5] as const, episodes: 30 };
    const record = { command: 'eval', split: 'out-of-domain', episodes: 30, return: { ...none, outOfDomain } } as const;
    const printed = async (success: number | null): Promise<string> => {
      const interval = success === null ? null : ([0.4, 0.6] as const);
      return (await unbraid(['eval', run], { evaluateRun: async () => ({ ...record, success, interval }) })).stdout;
    };
    const line = 'return     -12.50 (95% interval -20.00 to -5.00), 30 out-of-domain episodes\n';
    expect(await printed(null)).toBe(line);
    expect(await printed(0.5)).toBe(`success    0.50 (95% interval 0.40 to 0.60), 30 out-of-domain episodes\n${line}`);
  });

  test.each(['coupling', 'eval'])('%s of a folder that is no run is wrong usage', async (command) => {
    const { code, stderr } = await unbraid([command, join(directory, 'none')]);
    expect(code).toBe(2);
    expect(stderr).toContain(`none does not exist; ${directory} is empty; make a run with: unbraid train --out DIR\n`);
  });
});

describe('danger', () => {
  test('passes its options on and writes record and figure', async () => {
    const out = join(directory, 'danger');
    const options =
      '--rho 0.95 --starts 0.4,0.6 --method upgrad --labels shuffled --decouple-lambda 7 --seeds 3 --preset prototype';
    const { stdout, calls } = await unbraid(['danger', ...options.split(' '), '--out', out]);
    expect(calls).toEqual([
      {
        ...{ rho: 0.95, starts: [0.4, 0.6], method: 'upgrad', labels: 'shuffled', decoupleLambda: 7 },
        ...{ seeds: 3, preset: 'prototype' },
      },
    ]);
    expect(stdout).toContain('│                             grpo │ 1.00 │ 0.87 │   0.76 │');
    expect(stdout).toContain("│ grpo, other state's data removed │ 0.40 │ 0.00 │   0.14 │");
    expect(JSON.parse(readFileSync(join(out, 'danger.json'), 'utf8'))).toEqual(danger);
    expect(readFileSync(join(out, 'danger.svg'), 'utf8')).toContain('<svg');
  });
});

test('danger tests decouple and starts networks as training does unless asked', async () => {
  const { calls } = await unbraid(['danger', '--out', join(directory, 'danger')]);
  expect(calls).toEqual([expect.objectContaining({ method: 'decouple', decoupleLambda: 3, preset: 'default' })]);
});

describe('compare', () => {
  const two = ['--variants', 'grpo;classifier:graph', '--iterations', '3'];

  test('runs variants at the same seeds, then the danger experiment, and writes the report', async () => {
    const out = join(directory, 'cmp');
    const { code, stdout, calls } = await unbraid(['compare', ...two, '--seeds', '2', '--out', out]);
    expect(code).toBe(0);
    expect(calls.map((call) => (call as { folder?: string }).folder?.slice(out.length + 1))).toEqual([
      'grpo-s1',
      'classifier-graph-s1',
      'grpo-s2',
      'classifier-graph-s2',
      undefined,
    ]);
    expect(openRun(join(out, 'grpo-s2')).config).toEqual(resolveConfig({ iterations: 3, seed: 2 }));
    const html = readFileSync(join(out, 'report.html'), 'utf8');
    expect(html).toContain('unbraid compare --variants &quot;grpo;classifier:graph&quot; --seeds 2 --set iterations=3');
    expect(JSON.parse(readFileSync(join(out, 'compare.json'), 'utf8')).variants).toEqual([
      {
        name: 'GRPO',
        method: 'grpo',
        labels: 'none',
        upperBound: false,
        control: false,
        runs: ['grpo-s1', 'grpo-s2'],
      },
      {
        name: 'GRPO + classifier, graph labels',
        method: 'classifier',
        labels: 'graph',
        upperBound: false,
        control: false,
        runs: ['classifier-graph-s1', 'classifier-graph-s2'],
      },
    ]);
    expect(JSON.parse(readFileSync(join(out, 'danger.json'), 'utf8'))).toEqual(danger);
    expect(stdout).toContain('0.73');
    const paths = `csv        ${join(out, 'compare.csv')}\nreport     ${join(out, 'report.html')}\n`;
    expect(stdout.endsWith(`2 seeds each\n${paths}`)).toBe(true);
  });

  test('--json prints the record with the path of the report', async () => {
    const out = join(directory, 'cmp');
    const { stdout } = await unbraid(['compare', ...two, '--seeds', '7,', '--json', '--out', out]);
    expect(stdout.split('\n').length).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'compare',
      preset: 'custom',
      note: '1 seed each',
      report: join(out, 'report.html'),
    });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('--seeds 7, ');
  });

  test('Ctrl-C in the middle: exit code 130, a report of what is finished, and no danger experiment', async () => {
    const out = join(directory, 'cmp');
    const { code, stdout, stderr, calls } = await unbraid([
      'compare',
      ...two,
      '--seeds',
      '3,99',
      '--json',
      '--out',
      out,
    ]);
    expect(code).toBe(130);
    expect(calls.length).toBe(3);
    const command = ['compare', ...two, '--seeds', '3,99', '--json', '--out', out];
    const quoted = command.map((word) => (word.includes(';') ? `'${word}'` : word)).join(' ');
    expect(stderr.split('\n').at(-2)).toBe(`unbraid: interrupted; resume with: unbraid ${quoted}`);
    expect(JSON.parse(stdout)).toMatchObject({ note: 'stopped after 2 runs', variants: [{ runs: ['grpo-s3'] }, {}] });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('stopped after 2 runs');
  });

  test('when the danger experiment fails the runs are reported all the same; exit code 1', async () => {
    const out = join(directory, 'cmp');
    const runDanger = async (): Promise<never> => {
      throw new Error('danger: out of memory');
    };
    const { code, stdout, stderr } = await unbraid(['compare', ...two, '--seeds', '1', '--out', out], { runDanger });
    expect(code).toBe(1);
    expect(stderr.endsWith('unbraid: danger: out of memory\n')).toBe(true);
    expect(stdout).toContain(`report     ${join(out, 'report.html')}`);
  });

  test('what the variants decide cannot be set, and the shared config is checked before the first run', async () => {
    const set = await unbraid(['compare', '--set', 'seed=3']);
    expect([set.code, set.stderr]).toEqual([
      2,
      'unbraid: compare: seed must be set by --variants and --seeds, got --set seed; drop it\n',
    ]);
    const config = await unbraid(['compare', '--set', 'beta=-1', '--out', join(directory, 'x')]);
    expect([config.code, config.calls]).toEqual([2, []]);
    expect(config.stderr).toBe('unbraid: config: beta must be a number >= 0, got -1\n');
    expect(existsSync(join(directory, 'x'))).toBe(false);
  });
});

describe('wrong usage: exit code 2, one message on stderr, nothing on stdout, nothing called', () => {
  test.each([
    ['train --sede 3', "unknown option '--sede'; did you mean --seed?"],
    ['train --seed', "option '--seed <n>' argument missing"],
    ['train --iterations -5', 'config: iterations must be an integer >= 0, got -5'],
    ['train --set learningrate=1', 'config: unknown key "learningrate"; did you mean "learningRate"?'],
    ['train --set seed', "option '--set <key=value>' argument 'seed' is invalid. It must look like key=value."],
    [
      'train --set numGenerations=1',
      'config: numGenerations must be >= 2, got 1; the advantage compares the episodes of a group',
    ],
    ['train --config none.json', 'cannot read none.json: ENOENT; check the path'],
    ['train extra', "too many arguments for 'train'. Expected 0 arguments but got 1."],
    ['coupling', 'coupling needs the folder of a run, or --factors with a bank; unbraid list shows the runs'],
    ['coupling runs/a --factors b', 'coupling takes a run or --factors, not both; leave out runs/a or --factors'],
    ['coupling --factors b --samples 9', '--samples applies to a run, and a bank has none; leave it out'],
    ['coupling --factors b --allow-exec', '--allow-exec applies to a run, and a bank has none; leave it out'],
    ['coupling --factors no-such-file', 'cannot open no-such-file: ENOENT; check the path'],
    [
      'eval . --split test',
      "option '--split <name>' argument 'test' is invalid. Allowed choices are train, in-domain, out-of-domain.",
    ],
    ['eval . --episodes 0', "option '--episodes <n>' argument '0' is invalid. It must be an integer >= 1."],
    ['danger --rho 2', "option '--rho <x>' argument '2' is invalid. It must be a number from 0 to 1."],
    ['compare --preset slow', "option '--preset <name>' argument 'slow' is invalid. Allowed choices are quick."],
    ['compare --variants grpo;grpo', 'variants: each variant must be given once, got "GRPO" twice; keep one'],
  ])('%s', async (line, message) => {
    const outcome = await unbraid(line.split(' '));
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: `unbraid: ${message}\n`, calls: [], ended: 0 });
  });
});

describe('--workers', () => {
  const copies = (threads: number): string =>
    `${threads} threads, each with a copy of the parameters (slower than shared memory): no worker is real\n`;

  test.each([
    ['train', (run: string) => ['train', '--out', join(directory, 'a'), '--seed', `${run.length}`]],
    ['coupling', (run: string) => ['coupling', run]],
    ['eval', (run: string) => ['eval', run]],
    ['compare', () => ['compare', '--seeds', '1', '--variants', 'grpo', '--out', join(directory, 'b')]],
  ])('%s: threads as given, else one per core; said on stderr, all ended', async (_, argsOf) => {
    const args = argsOf(makeRun());
    const { stderr, ended } = await unbraid([...args, '--workers', '3'], {}, {}, 2);
    expect([stderr.startsWith(copies(3)), ended]).toEqual([true, 2]);
    rmSync(directory, { recursive: true });
    const byDefault = await unbraid(argsOf(makeRun()), {}, {}, 2);
    expect([byDefault.stderr.startsWith(copies(2)), byDefault.ended]).toEqual([true, 1]);
  });

  test('danger gives its threads to the experiment, as compare does', async () => {
    const seen: number[] = [];
    const runDanger: Engine['runDanger'] = async ({ workers }) => {
      seen.push(workers);
      return danger;
    };
    const compared = ['compare', '--seeds', '1', '--variants', 'grpo', '--out', join(directory, 'b')];
    for (const args of [['danger', '--out', join(directory, 'd')], compared]) {
      await unbraid(args, { runDanger }, {}, 3);
      await unbraid([...args, '--workers', '2'], { runDanger }, {}, 3);
    }
    expect(seen).toEqual([3, 2, 3, 2]);
  });

  test('the text gives the reason if there are fewer threads than requested', () => {
    const one = { size: 1, memory: 'own' } as const;
    expect(crewText({ ...one, reason: 'one thread' })).toBe('1 thread');
    expect(crewText({ ...one, reason: 'one core' })).toBe('1 thread: one core');
  });

  test('the engine gets the crew; a failing run ends it', async () => {
    let threads = 0;
    const train: Engine['train'] = async (_, { crew }) => {
      threads = crew.size;
      throw new Error('update: no');
    };
    const { code, ended } = await unbraid(['train', '--workers', '4', '--out', join(directory, 'a')], { train });
    expect([code, threads, ended]).toEqual([1, 4, 3]);
  });

  test('a number below 1 is wrong usage', async () => {
    const { code, stderr } = await unbraid(['train', '--workers', '0']);
    expect([code, stderr]).toEqual([
      2,
      "unbraid: option '--workers <n>' argument '0' is invalid. It must be an integer >= 1.\n",
    ]);
  });
});
