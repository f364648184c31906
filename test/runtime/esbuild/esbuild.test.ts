/** The program of docs/hosts.md through esbuild, in Node and in Chromium. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Installed } from '../../../src/cli/runtime/installed.ts';
import { train } from '../../../src/train/trainer.ts';
import { loggedByBundle } from '../chromium.ts';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { present } from '../testBattery.ts';

let project: Project;
let expected: string;
beforeAll(async () => {
  project = projectWithPackage({
    ...snippetFiles('esbuild'),
    'alone.js':
      "import { train } from 'unbraid';\ntrain({ iterations: 0 }).catch((error) => console.log(error.message));\n",
  });
  expected = (await train({ env: 'household', iterations: 2, evalEpisodes: 20 })).parametersSha256;
});
afterAll(() => project.remove());

/** Bundles as the line of docs/hosts.md does; gives the folder. */
async function bundled(outdir: string, options: BuildOptions = {}): Promise<string> {
  const { warnings } = await build({
    absWorkingDir: project.folder,
    entryPoints: ['main.js', 'worker.js'],
    bundle: true,
    format: 'esm',
    outdir,
    loader: { '.wasm': 'file' },
    logLevel: 'silent',
    ...options,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  return join(project.folder, outdir);
}

const node = (file: string): string => execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 50_000 });

test('bundled for Node, it trains to the bits of its source', async () => {
  const folder = await bundled('node', { platform: 'node' });
  expect(readdirSync(folder).map((name) => name.replace(/-[A-Z0-9]{8}\./, '.'))).toEqual([
    'main.js',
    'unbraid.wasm',
    'unbraid.threads.wasm',
    'worker.js',
  ]);
  expect(node(join(folder, 'main.js')).trim()).toBe(expected);
});

test('without the module, a bundle says what to pass', async () => {
  const entry: BuildOptions = { entryPoints: ['alone.js'], platform: 'node' };
  expect(node(join(await bundled('alone', entry), 'alone.js'))).toMatch(
    /^engineModule: file:.*\/unbraid\.wasm must be a file that can be read, got ENOENT: .*; where a bundler moved the code, pass the module or its URL\n$/,
  );
  // In this format there is no import.meta.url.
  const folder = await bundled('common', {
    ...entry,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    logOverride: { 'empty-import-meta': 'silent' },
  });
  expect(node(join(folder, 'alone.cjs'))).toBe(
    'engineModule: import.meta.url must be the URL of this code, got none after bundling; pass the module or its URL\n',
  );
});

const installed = present('esbuild', 'chromium');

test.skipIf(typeof installed === 'string')('bundled for a page, it trains in Chromium to the same bits', async () => {
  expect(await loggedByBundle(installed as Installed, await bundled('page'))).toBe(expected);
});
