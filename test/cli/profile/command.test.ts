import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderProfilePage } from '../../../src/report/profile/profilePage.ts';
import { profile } from '../../report/profile/profileRecord.ts';
import { unbraid } from '../fakeEngine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-profile-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('profile', () => {
  test('trains with lean evaluations, some iterations before those measured and one after them', async () => {
    const { calls, code } = await unbraid(['profile', '--iterations', '9', '--set', 'learningRate=0.01']);
    expect(code).toBe(0);
    const given = { env: 'household', iterations: 15, evalEpisodes: 1, learningRate: 0.01 };
    expect(calls).toEqual([{ profile: given, warmUp: 5, measured: 9 }]);
  });

  test('an option reaches the config, and --set wins over the lean evaluations', async () => {
    const { calls } = await unbraid(['profile', '--env', 'look-alike', '--policy', 'mlp', '--set', 'evalEpisodes=7']);
    expect(calls).toMatchObject([{ profile: { env: 'look-alike', evalEpisodes: 7 }, measured: 20 }]);
  });

  test('prints phases, kernels, the kernels with the largest potential saving, and the conditions', async () => {
    const { stdout, stderr } = await unbraid(['profile']);
    expect(stdout).toContain('│ gradients │ 22.00 │  55.0% │   20.00 │        0.00 │    2.00 │');
    expect(stdout).toContain('│ matmulNN │    60 │ 20.000 │ 50.0% │   10.00 │   40.0% │  2.00 │    5.0% │');
    expect(stdout).toContain('│ addInto   │       sum │  2.5% │     7 │');
    expect(stdout.endsWith('1024 bytes per update.\nparameters ab12\n')).toBe(true);
    expect(stderr).toBe('profile  train  100%  26/26  success 0.50\n');
  });

  test('--json prints the record as one line; --out writes the page made from it', async () => {
    const out = join(directory, 'profile.html');
    const { stdout } = await unbraid(['profile', '--json', '--out', out]);
    expect(stdout).toBe(`${JSON.stringify(profile)}\n`);
    expect(readFileSync(out, 'utf8')).toBe(renderProfilePage(profile));
  });

  test('a key given twice and too few iterations are wrong usage', async () => {
    const twice = await unbraid(['profile', '--seed', '1', '--set', 'seed=2']);
    expect([twice.code, twice.stderr]).toEqual([
      2,
      'unbraid: config key "seed" is given by its own option and by --set; keep one\n',
    ]);
    const few = await unbraid(['profile', '--iterations', '0']);
    expect([few.code, few.stderr]).toEqual([
      2,
      "unbraid: option '--iterations <n>' argument '0' is invalid. It must be an integer >= 1.\n",
    ]);
  });

  test('--help describes the tables, the short evaluations and the page that explains the columns', async () => {
    const { stdout, code } = await unbraid(['profile', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('bytes/s are compared with the peak measured in the same run.');
    expect(stdout).toContain('--iterations <n>   number of measured iterations (default: 20)');
    expect(stdout).toContain('evalEpisodes and couplingPairs are 1 unless set. docs/profile.md');
    expect(stdout).toContain('unbraid profile --method classifier+cloning --iterations 50 --out profile.html');
  });
});
