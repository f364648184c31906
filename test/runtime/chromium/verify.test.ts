import { type ChildProcess, execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRuntime } from '../../../src/cli/runtime/installed.ts';
import { runJob } from '../../../src/cli/runtime/runJob.ts';
import { present } from '../testBattery.ts';

const installed = present('verify in Chromium', 'chromium');
const main = join(import.meta.dirname, '../../../dist/src/cli/main.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-verify-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command, with its temporary files below `folder`. */
function unbraid(args: readonly string[], onStderr?: (child: ChildProcess) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, TMPDIR: folder } };
    const child = execFile(process.execPath, [main, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    if (onStderr) child.stderr?.once('data', () => onStderr(child));
  });
}

function processesBelow(pid: number | undefined): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list.split(' ').filter(Boolean).map(Number);
}

const leftovers = (): string[] => readdirSync(folder).filter((name) => name.startsWith('unbraid-browser-'));

describe.skipIf(typeof installed === 'string')('verify --runtime chromium', () => {
  beforeAll(async () => {
    const short = ['evalEpisodes=20', 'coldStartUpdates=20', 'checkpointEvery=2'].flatMap((set) => ['--set', set]);
    const { code } = await unbraid(['train', '--iterations', '4', ...short, '--workers', '1', '--out', 'run']);
    expect(code).toBe(0);
  }, 300_000);

  test('replays a run in a page', { timeout: 300_000 }, async () => {
    const { code, stdout } = await unbraid(['verify', 'run', '--runtime', 'chromium', '--workers', '2', '--json']);
    const { hash } = JSON.parse(readFileSync(join(folder, 'run/receipt.json'), 'utf8')) as { hash: string };
    expect(code).toBe(0);
    const { checked, notChecked, ...verdict } = JSON.parse(stdout);
    // Matrices and checkpoints, too, are compared with what the page computes.
    for (const file of ['coupling-end.json', 'result.json', 'checkpoints/000004/state.json'])
      expect(checked).toContain(file);
    expect(notChecked).toContain('result.json#wallMs');
    expect(verdict).toEqual({
      command: 'verify',
      equal: true,
      hash,
      checkpoints: 3,
      until: 4,
      runtime: `chromium ${typeof installed === 'string' ? '' : installed.version}`,
      workers: { count: 2, memory: 'shared', reason: 'the host shares memory between threads' },
    });
    expect(leftovers()).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('ends when the browser does', { timeout: 120_000 }, async () => {
    const killBrowser = (child: ChildProcess): void => {
      for (const pid of processesBelow(child.pid)) process.kill(pid, 'SIGKILL');
    };
    const { code, stdout, stderr } = await unbraid(['verify', 'run', '--runtime', 'chromium'], killBrowser);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^unbraid: chromium [\d.]+: it was ended by SIGKILL in phase [a-z ]+ \(\d+ of \d+\); run the command again/m,
    );
    expect(leftovers()).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')(
    'takes the browser along when it is terminated',
    { timeout: 120_000 },
    async () => {
      let browsers: number[] = [];
      const terminate = (child: ChildProcess): void => {
        browsers = processesBelow(child.pid);
        child.kill('SIGTERM');
      };
      expect((await unbraid(['verify', 'run', '--runtime', 'chromium'], terminate)).code).toBe(143);
      expect(browsers).toHaveLength(1);
      // What is killed stays in the process table, as a zombie, until its new parent has looked.
      const alive = browsers.filter(
        (pid) => existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')),
      );
      expect(alive).toEqual([]);
      expect(leftovers()).toEqual([]);
    },
  );
});

/** A Chromium whose tabs can be closed and covered from outside: the file tells where, once it runs. */
function openChromium(): { program: string; portFile: () => string } {
  const [program, profile] = [join(folder, 'chromium'), join(folder, 'profile')];
  const real = typeof installed === 'string' ? '' : installed.command[0];
  const lines = [
    '#!/bin/sh',
    `for arg; do case $arg in --user-data-dir=*) echo "\${arg#*=}" > '${profile}';; esac; done`,
    `exec '${real}' --remote-debugging-port=0 "$@"`,
  ];
  writeFileSync(program, `${lines.join('\n')}\n`);
  chmodSync(program, 0o755);
  return { program, portFile: () => join(readFileSync(profile, 'utf8').trim(), 'DevToolsActivePort') };
}

describe.skipIf(typeof installed === 'string')('a job ends at once when its page', () => {
  const progress = { phase: 'train', done: 3, total: 20, envSteps: 0, success: null };
  const endless = `export default (product, input, onProgress) => new Promise(() => onProgress(${JSON.stringify(progress)}));`;

  test.each([
    ['closed', (tab: string) => [`close/${tab}`, 'GET']],
    ['hidden', () => ['new?about:blank', 'PUT']],
  ] as const)('is %s', { timeout: 120_000 }, async (how, request) => {
    const { program, portFile } = openChromium();
    const module = join(folder, 'endless.js');
    writeFileSync(module, endless);
    const leave = async (): Promise<void> => {
      while (!existsSync(portFile())) await sleep(20);
      const debug = `http://127.0.0.1:${readFileSync(portFile(), 'utf8').split('\n')[0]}/json`;
      const tabs = (await (await fetch(`${debug}/list`)).json()) as { id: string; type: string }[];
      const [path, method] = request(tabs.find(({ type }) => type === 'page')?.id ?? '');
      await fetch(`${debug}/${path}`, { method });
    };
    const browser = findRuntime('chromium', { ...process.env, UNBRAID_CHROMIUM: program });
    const job = { module: pathToFileURL(module), input: null };
    await expect(runJob(browser, job, { onProgress: () => void leave(), silenceMs: 60_000 })).rejects.toThrow(
      new Error(`chromium ${browser.version}: the page was ${how} in phase train (3 of 20); run the command again`),
    );
  });
});
