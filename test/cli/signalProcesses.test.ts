/** Signals to the real command, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EndSignal } from '../../src/cli/signals.ts';
import { trainIn } from '../../src/cli/train/trainRun.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { openRun } from '../../src/record/run.node.ts';
import { receiptIn } from './realRun.ts';

// The version that runs TypeScript, whichever one runs the tests.
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const program = fileURLToPath(new URL('../env/bridge/fixtures/bridgeProgram.mjs', import.meta.url));

// All processes at once, on a machine that may have other work.
vi.setConfig({ testTimeout: 180_000 });

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-signals-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Running {
  readonly child: ChildProcess;
  /** Its output until now. */
  stderr(): string;
  ended(): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function start(args: readonly string[], nodeArgs: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(node, [...nodeArgs, main, ...args], { cwd: directory, env: { ...process.env, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  return {
    child,
    stderr: () => stderr,
    async ended() {
      const [code] = await closed;
      return { code, stdout, stderr };
    },
  };
}

/** Resolves once `holds`, which is asked every few milliseconds while the command runs. */
async function until({ child }: Running, holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (child.exitCode !== null) throw new Error(`the command ended before: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

const config: Partial<Config> = {
  env: 'look-alike',
  policy: 'mlp',
  // Some hundred milliseconds at least.
  iterations: 600,
  groupsPerIteration: 1,
  numGenerations: 4,
  trainGames: 4,
  coldStart: 0,
  evalEpisodes: 4,
  couplingPairs: 4,
};
const settingsOf = (changes: Partial<Config>): string[] =>
  Object.entries({ ...config, ...changes }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

const train = trainIn('0.1.0');

/** Trains a run in this process, or resumes one. */
async function trainHere(folder: string, changes: Partial<Config>, resume = false): Promise<string> {
  const { signal } = new AbortController();
  const options = { directory: folder, resume, crew: soloCrew(), onProgress: () => {}, signal };
  await train(resolveConfig({ ...config, ...changes }), options);
  return receiptIn(folder).hash;
}

/** Whether a process runs; one that is dead counts until process 1 has taken note of it. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/ Z \d/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const stops = (name: string): string =>
  `\nunbraid: ${name}: stopping and saving what is finished; a second signal ends the process at once\n`;

/** An evaluation that takes long, after one that does not. */
const longEvaluation: Partial<Config> = { iterations: 2, evalEpisodes: 6_000, groupsPerIteration: 4 };

describe('train: exit code, a last checkpoint, and a resumed run with the receipt of an uninterrupted one', () => {
  const begun = (folder: string): boolean => existsSync(join(folder, 'config.json'));
  const cases: [EndSignal, number, string, string, string, Partial<Config>, (folder: string) => boolean][] = [
    ['SIGINT', 130, 'Ctrl-C', '1', 'before the first checkpoint', longEvaluation, begun],
    ['SIGTERM', 143, 'SIGTERM', '2', 'in the iterations', {}, (folder) => existsSync(join(folder, 'latest.json'))],
    ['SIGHUP', 129, 'SIGHUP', '3', 'in the iterations', {}, (folder) => existsSync(join(folder, 'latest.json'))],
  ];
  test.concurrent.each(cases)('%s (%i, %s), %s threads, %s', async (signal, code, shown, workers, _, changes, when) => {
    const folder = join(directory, signal);
    const running = start(['train', ...settingsOf(changes), '--workers', workers, '--out', folder]);
    await until(running, () => when(folder));
    running.child.kill(signal);
    const { code: ended, stdout, stderr } = await running.ended();
    expect([ended, stdout]).toEqual([code, '']);
    const way = `unbraid: interrupted; resume with: unbraid train --resume ${folder}\n`;
    expect(stderr.endsWith(`${stops(shown)}${way}`)).toBe(true);
    const { latest, metrics, result } = openRun(folder);
    expect([latest, result]).toEqual([metrics.at(-1)?.iteration ?? null, null]);
    if (changes === longEvaluation) expect(latest).toBeNull();
    else expect(latest).toBeLessThan(600);
    const whole = await trainHere(join(directory, `${signal}-whole`), changes);
    expect(await trainHere(folder, changes, true)).toBe(whole);
  });
});

describe('other commands, and other times', () => {
  test.concurrent('while modules load: the code, and nothing is made', async () => {
    const preload = join(directory, 'preload.mjs');
    writeFileSync(
      preload,
      `const timer = setInterval(() => {
        if (process.listenerCount('SIGTERM') === 0) return;
        clearInterval(timer);
        process.kill(process.pid, 'SIGTERM');
      }, 1);`,
    );
    const folder = join(directory, 'never');
    const { code, stdout, stderr } = await start(['train', '--out', folder], ['--import', preload]).ended();
    expect([code, stdout]).toEqual([143, '']);
    expect(stderr).toBe(`${stops('SIGTERM')}unbraid: interrupted; run it again with: unbraid train --out ${folder}\n`);
    expect(existsSync(folder)).toBe(false);
  });

  test.concurrent('a program that does not answer is ended with the command, and a second signal does not wait for it', async () => {
    const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
    const pidFile = join(directory, 'pid');
    const wrapper = join(directory, 'program.mjs');
    writeFileSync(
      wrapper,
      `import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => {});
      process.argv[2] = 'silent';
      await import(${JSON.stringify(program)});
      process.stdin.on('data', (chunk) => String(chunk).includes('step') && writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)));
      setInterval(() => {}, 1000);`,
    );
    const running = start(['train', '--env', `exec:${node} ${wrapper}`, '--out', join(directory, 'exec')]);
    await until(running, () => existsSync(pidFile) && pid() > 0);
    running.child.kill('SIGINT');
    await until(running, () => running.stderr().includes(stops('Ctrl-C')));
    running.child.kill('SIGHUP');
    const { code } = await running.ended();
    expect(code).toBe(129);
    await vi.waitFor(() => expect(runs(pid())).toBe(false));
  });

  test.concurrent('a runtime that does not leave is ended by a second signal', async () => {
    const run = join(directory, 'elsewhere');
    await trainHere(run, { iterations: 1 });
    const [pidFile, deno] = ['deno.pid', 'deno'].map((name) => join(directory, name));
    const script = `[ "$1" = --version ] && echo 'deno 2.0.0' && exit; trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 0.1; done`;
    writeFileSync(deno, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const running = start(['verify', run, '--runtime', 'deno'], [], { UNBRAID_DENO: deno });
    await until(running, () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
    running.child.kill('SIGTERM');
    await until(running, () => running.stderr().includes(stops('SIGTERM')));
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(143);
    await vi.waitFor(() => expect(runs(Number(readFileSync(pidFile, 'utf8')))).toBe(false));
  });

  test.concurrent('compare: each of its runs keeps a last checkpoint', async () => {
    const folder = join(directory, 'compare');
    const args = ['--variants', 'grpo;ppo', '--seeds', '1,', '--workers', '2', '--out', folder];
    const running = start(['compare', ...args, ...settingsOf({})]);
    const runs = ['grpo-s1', 'ppo-s1'].map((name) => join(folder, name));
    await until(running, () => runs.every((run) => existsSync(join(run, 'latest.json'))));
    running.child.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended();
    expect([code, stdout]).toEqual([143, '']);
    expect(stderr).toContain("unbraid: interrupted; resume with: unbraid compare --variants 'grpo;ppo' ");
    for (const run of runs) {
      const { latest, metrics, result } = openRun(run);
      expect([latest, result]).toEqual([metrics.at(-1)?.iteration, null]);
    }
  });

  test.concurrent('study and danger: the code, and no thread keeps the command', async () => {
    const jobs = join(directory, 'study');
    const study = start(['study', 'danger-zone', '--workers', '1', '--out', jobs]);
    await until(study, () => existsSync(join(jobs, 'jobs')));
    study.child.kill('SIGHUP');
    const ended = await study.ended();
    expect([ended.code, ended.stdout]).toEqual([129, '']);
    expect(ended.stderr).toMatch(
      /unbraid: interrupted; 0 of \d+ jobs are finished; resume with: unbraid study danger-zone --quick --out /,
    );
    const out = join(directory, 'danger');
    const danger = start(['danger', '--workers', '2', '--out', out]);
    await until(danger, () => existsSync(out));
    danger.child.kill('SIGTERM');
    expect((await danger.ended()).code).toBe(143);
    expect(existsSync(join(out, 'danger.json'))).toBe(false);
  });

  test.concurrent('eval, coupling and verify on threads, profile: the code, and the run is as it was', async () => {
    const run = join(directory, 'finished');
    const hash = await trainHere(run, { iterations: 2, evalEpisodes: 6_000, groupsPerIteration: 4 });
    const before = readdirSync(run).sort();
    const commands: [EndSignal, string[]][] = [
      ['SIGINT', ['eval', run, '--episodes', '100000', '--workers', '2']],
      ['SIGTERM', ['coupling', run, '--samples', '2000', '--workers', '2']],
      ['SIGHUP', ['verify', run, '--workers', '2']],
      ['SIGINT', ['profile', '--env', 'look-alike', '--policy', 'mlp', '--set', 'evalEpisodes=6000']],
    ];
    const codes = await Promise.all(
      commands.map(async ([signal, args]) => {
        const running = start(args);
        // A report of progress: the work has begun.
        await until(running, () => running.stderr().includes('%'));
        running.child.kill(signal);
        return (await running.ended()).code;
      }),
    );
    expect([codes, readdirSync(run).sort(), receiptIn(run).hash]).toEqual([[130, 143, 129, 130], before, hash]);
  });
});
