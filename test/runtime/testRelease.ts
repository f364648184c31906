/** The tests of one major version of Node: the packed package as library and as command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/package/build.ts';
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

/** What `npm ci --prefix test/runtime` installed as node22 for 22, or what the PATH has. */
function findNode(major: number): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [join(root, `test/runtime/node_modules/node${major}/bin`), ...folders]
    .map((folder) => join(folder, 'node'))
    .find((program) => versionOf(program)?.startsWith(`v${major}.`));
}

export function testRelease(major: number): void {
  const program = findNode(major);
  if (!program) console.log(`skipped: Node ${major}; no node of version ${major} in test/runtime or in the PATH`);

  describe.skipIf(!program)(`Node ${major}`, () => {
    let project: Project | undefined;
    beforeAll(() => {
      project = projectWithPackage(snippetFiles('Node'));
    });
    afterAll(() => project?.remove());

    const run = (args: readonly string[]): string =>
      execFileSync(program as string, args, { cwd: project?.folder, encoding: 'utf8', env: {} }).trim();

    test('trains to the same bits', async () => {
      const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
      expect(run(['main.js'])).toBe(parametersSha256);
    });

    test('runs the command', () => {
      const command = 'node_modules/unbraid/dist/src/cli/main.js';
      const sizes = [
        '--set',
        'coldStart=0',
        '--set',
        'evalEpisodes=4',
        '--set',
        'couplingPairs=4',
        '--iterations',
        '1',
      ];
      const last =
        run([command, 'train', '--json', '--out', 'run', ...sizes])
          .split('\n')
          .at(-1) ?? '';
      expect(JSON.parse(last)).toMatchObject({ command: 'train', config: { coldStart: 0, iterations: 1 } });
    });
  });
}
