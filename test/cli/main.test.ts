import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configTable } from '../../src/config/config.ts';

// The version that runs TypeScript, whichever one runs the tests.
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-main-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs the real command in an empty folder. */
function unbraid(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(node, [main, ...args], { cwd: directory }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

const commands = ['train', 'compare', 'coupling', 'danger', 'eval', 'random', 'verify', 'list', 'completion'];

describe('help', () => {
  test('the program names its commands and exit codes', async () => {
    const { code, stdout, stderr } = await unbraid('--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} \\[options\\]`, 'm'));
    for (const exit of [
      '0    done',
      '1    the run failed',
      '2    wrong usage or config',
      '130  interrupted',
      '143  ',
      '129  ',
    ]) {
      expect(stdout).toContain(exit);
    }
  });

  test.each(commands)('%s shows an example, what to do next and the exit codes', async (command) => {
    const { code, stdout } = await unbraid(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n {2}unbraid ${command}`));
    expect(stdout).toMatch(/Next:\n {2}\S/);
    expect(stdout).toContain('Exit codes:');
    expect(stdout).toContain('--json');
  });

  test('train lists every config key with its default', async () => {
    const { stdout } = await unbraid('train', '--help');
    for (const { key, default: value } of configTable) expect(stdout).toMatch(new RegExp(`^  ${key} +${value}`, 'm'));
  });

  test('--version', async () => {
    expect(await unbraid('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });
});

describe('wrong usage: exit code 2, one message on stderr, nothing on stdout', () => {
  const runs = 'make a run with: unbraid train --out DIR';
  test.each([
    ['trian', "unknown command 'trian'; did you mean train?"],
    ['train --seed x', 'config: seed must be an integer >= 0, got "x"'],
    ['train --resume none --json', `openRun: none does not exist; . holds notes.txt; ${runs}`],
    ['coupling notes.txt', `openRun: notes.txt is a file, not a run's folder; ${runs}`],
  ])('%s', async (line, message) => {
    writeFileSync(join(directory, 'notes.txt'), '');
    expect(await unbraid(...line.split(' '))).toEqual({ code: 2, stdout: '', stderr: `unbraid: ${message}\n` });
    expect(readdirSync(directory)).toEqual(['notes.txt']);
  });

  test('no command at all shows the help on stderr', async () => {
    const { code, stdout, stderr } = await unbraid();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: unbraid [options] [command]');
  });
});

test('UNBRAID_DEBUG=1 in the environment adds the stack', async () => {
  process.env.UNBRAID_DEBUG = '1';
  try {
    const { stderr } = await unbraid('train', '--seed', 'x');
    expect(stderr).toContain('unbraid: config: seed must be an integer >= 0, got "x"\n');
    expect(stderr).toContain('at usage');
  } finally {
    delete process.env.UNBRAID_DEBUG;
  }
});
