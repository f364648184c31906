import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildProgram, type Engine } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/shared/commandShell.ts';
import { abortOnSignals, type EndSignal, Interruption, signalExitCodes } from '../../src/cli/signals.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { createRun } from '../../src/record/run.node.ts';
import { makeRun } from './realRun.ts';

const signals = Object.keys(signalExitCodes) as EndSignal[];

describe('signals of the process', () => {
  /** A process that only records what is done to it. */
  function fakeProcess() {
    const exits: number[] = [];
    const said: string[] = [];
    const host = Object.assign(new EventEmitter(), {
      exit: (code: number) => void exits.push(code),
      stderr: { write: (text: string) => said.push(text) },
    });
    return { host, exits, said, signal: abortOnSignals(host as unknown as NodeJS.Process) };
  }

  test.each([
    ['SIGINT', 130, 'Ctrl-C'],
    ['SIGTERM', 143, 'SIGTERM'],
    ['SIGHUP', 129, 'SIGHUP'],
  ] as const)('%s aborts, a second one ends the process with %i', (name, code, shown) => {
    const { host, exits, said, signal } = fakeProcess();
    expect(signal.aborted).toBe(false);
    host.emit(name, name);
    expect([signal.aborted, exits]).toEqual([true, []]);
    expect(signal.reason).toBeInstanceOf(Interruption);
    expect([signal.reason.name, signal.reason.message]).toEqual(['AbortError', `interrupted by ${name}`]);
    expect(said).toEqual([
      `\nunbraid: ${shown}: stopping and saving what is finished; a second signal ends the process at once\n`,
    ]);
    host.emit(name, name);
    expect(exits).toEqual([code]);
  });

  test('the second one counts where they differ', () => {
    const { host, exits, signal } = fakeProcess();
    host.emit('SIGINT');
    host.emit('SIGTERM');
    expect([exits, signal.reason.exitCode]).toEqual([[143], 130]);
  });
});

describe('exit codes', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'unbraid-signals-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Runs a command whose work is interrupted, or one that was interrupted while it was loaded. */
  async function interrupted(
    args: readonly string[],
    name: EndSignal,
    when: 'before' | 'during' = 'during',
  ): Promise<{ code: number; stdout: string; stderr: string; worked: boolean }> {
    const controller = new AbortController();
    let worked = false;
    const work = async (): Promise<never> => {
      worked = true;
      controller.abort(new Interruption(name));
      throw controller.signal.reason;
    };
    let [stdout, stderr] = ['', ''];
    const host = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      env: {},
      signal: controller.signal,
      cores: 1,
      openCrew: async () => soloCrew(),
    };
    const jobs = { run: work, close: () => {} };
    const study = {
      name: 'one',
      question: '?',
      plan: () => [{ kind: 'train', input: {}, seconds: 1 }],
      report: () => ({ summary: [], tables: [], figures: [], notes: [], key: {} }),
    };
    const engine = {
      ...{
        train: work,
        measureRunCoupling: work,
        replayIn: work,
        evaluateRun: work,
        runDanger: work,
        profileRun: work,
      },
      openJobRunner: () => jobs,
      studies: async () => [study],
      missingGames: () => null,
      checkRun: async () => undefined,
    } as unknown as Engine;
    if (when === 'before') controller.abort(new Interruption(name));
    const code = await runProgram(
      buildProgram(host, '0.1.0', async () => engine),
      args,
      host,
    );
    return { code, stdout, stderr, worked };
  }

  const example = fileURLToPath(new URL('../../examples/sweep.json', import.meta.url));

  const commands = (): [string, string[], string][] => {
    const run = join(directory, 'run');
    const out = join(directory, 'out');
    const again = (args: string[]): string => `run it again with: unbraid ${args.join(' ')}`;
    return [
      ['train', ['train', '--out', out], `resume with: unbraid train --resume ${out}`],
      ['compare', ['compare', '--seeds', '1,', '--out', out], `resume with: unbraid compare --seeds 1, --out ${out}`],
      [
        'study',
        ['study', 'one', '--out', out],
        `0 of 1 jobs are finished; resume with: unbraid study one --quick --out ${out}`,
      ],
      [
        'sweep',
        ['sweep', example, '--out', out],
        `0 of 45 jobs are finished; resume with: unbraid sweep ${example} --out ${out}`,
      ],
      ...[['eval', run], ['coupling', run], ['verify', run], ['danger', '--out', out], ['profile']].map(
        (args): [string, string[], string] => [args[0], args, again(args)],
      ),
    ];
  };

  test.each(signals)('%s during any command: its exit code, empty stdout, the command that resumes', async (name) => {
    await makeRun(join(directory, 'run'));
    for (const [command, args, way] of commands()) {
      const { code, stdout, stderr, worked } = await interrupted(args, name);
      expect([command, code, stdout, worked]).toEqual([command, signalExitCodes[name], '', true]);
      expect(stderr.split('\n').at(-2)).toBe(`unbraid: interrupted; ${way}`);
    }
  });

  test.each(signals)('%s before a command has loaded: the same, and no work begins', async (name) => {
    createRun(join(directory, 'run'), { config: {}, versions: {}, keepCheckpoints: 1 }).close();
    for (const [command, args] of commands()) {
      const { code, stdout, stderr, worked } = await interrupted(args, name, 'before');
      expect([command, code, stdout, worked]).toEqual([command, signalExitCodes[name], '', false]);
      expect(stderr).toMatch(/^unbraid: interrupted; (run it again|resume) with: unbraid /);
    }
    expect((await interrupted(['--help'], name, 'before')).code).toBe(signalExitCodes[name]);
    expect((await interrupted(['no-command'], name, 'before')).code).toBe(signalExitCodes[name]);
  });

  test('words that a shell would change are quoted', async () => {
    const { stderr } = await interrupted(['danger', '--out', join(directory, "it's; new")], 'SIGTERM');
    expect(stderr).toContain(`unbraid danger --out '${directory}/it'\\''s; new'\n`);
  });
});
