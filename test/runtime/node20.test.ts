/** The oldest Node that the package promises to run on; the tests themselves run on a newer one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { train } from '../../src/train/trainer.ts';
import { type Project, projectWithPackage } from './installedPackage.ts';
import { snippetFiles } from './snippets.ts';

function versionOf(program: string): string | undefined {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    return undefined;
  }
  return spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.trim();
}

const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
const node20 = folders.map((folder) => join(folder, 'node')).find((program) => versionOf(program)?.startsWith('v20.'));
if (!node20) console.log('skipped: Node 20; no node of version 20 in the PATH');

describe.skipIf(!node20)('Node 20', () => {
  let project: Project | undefined;
  beforeAll(() => {
    project = projectWithPackage(snippetFiles('Node'));
  });
  afterAll(() => project?.remove());

  const run = (args: readonly string[]): string =>
    execFileSync(node20 as string, args, { cwd: project?.folder, encoding: 'utf8', env: {} }).trim();

  test('trains to the same bits', async () => {
    const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
    expect(run(['main.js'])).toBe(parametersSha256);
  });

  test('runs the command', () => {
    const command = 'node_modules/unbraid/dist/src/cli/main.js';
    const sizes = ['--set', 'coldStart=0', '--set', 'evalEpisodes=4', '--set', 'couplingPairs=4', '--iterations', '1'];
    const last =
      run([command, 'train', '--json', '--out', 'run', ...sizes])
        .split('\n')
        .at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ command: 'train', config: { coldStart: 0, iterations: 1 } });
  });
});
