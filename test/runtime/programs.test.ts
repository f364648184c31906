/** The programs of docs/hosts.md in Node, Deno and Bun. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/package/build.ts';
import { train } from '../../src/train/trainer.ts';
import { type Project, projectWithPackage } from './installedPackage.ts';
import { snippetFiles } from './snippets.ts';

const folders = [join(root, 'test/runtime/node_modules/.bin'), ...(process.env.PATH ?? '').split(delimiter)];

/** What UNBRAID_<NAME> names, what `npm ci --prefix test/runtime` installed, or what the PATH has. */
function find(name: string): string | undefined {
  const given = process.env[`UNBRAID_${name.toUpperCase()}`];
  return given ?? folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

const runtimes: readonly [name: string, program: string | undefined, args: readonly string[]][] = [
  ['Node', process.execPath, []],
  ['Deno', find('deno'), ['run', '--allow-read']],
  ['Bun', find('bun'), []],
];
for (const [name, program] of runtimes) {
  if (!program) console.log(`skipped: programs in ${name}; it is not installed: npm ci --prefix test/runtime`);
}

describe.each(['Node', 'Worker threads'])('the program of "%s"', (heading) => {
  let project: Project;
  let expected: string;
  beforeAll(async () => {
    project = projectWithPackage(snippetFiles(heading));
    expected = (await train({ env: 'household', iterations: 2, evalEpisodes: 20 })).parametersSha256;
  });
  afterAll(() => project.remove());

  for (const [name, program, args] of runtimes) {
    test.skipIf(!program)(`trains in ${name} to the bits of its source`, () => {
      const printed = execFileSync(program as string, [...args, 'main.js'], {
        cwd: project.folder,
        encoding: 'utf8',
        timeout: 50_000,
      });
      expect(printed.trim()).toBe(expected);
    });
  }
});

test('the program of "Stop a run" prints what the page says', () => {
  const project = projectWithPackage(snippetFiles('Stop a run'));
  try {
    const printed = execFileSync(process.execPath, ['main.js'], { cwd: project.folder, encoding: 'utf8' });
    expect(printed).toBe('AbortError\n');
  } finally {
    project.remove();
  }
});
