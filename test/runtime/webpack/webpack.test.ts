/** The programs of docs/hosts.md through webpack without any setting, in Chromium. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { root } from '../../../scripts/package/build.ts';
import type { Installed } from '../../../src/cli/runtime/installed.ts';
import { train } from '../../../src/train/trainer.ts';
import { loggedByBundle } from '../chromium.ts';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { present } from '../testBattery.ts';

const webpack = join(root, 'test/runtime/node_modules/webpack');
const missing = existsSync(webpack) ? undefined : 'it is not installed: npm ci --prefix test/runtime';
if (missing) console.log(`skipped: webpack; ${missing}`);
const installed = missing ?? present('webpack', 'chromium');

/**
 * webpack in a process of its own, since it is installed beside this folder's tests alone; prints its warnings and
 * errors.
 */
const build = `
const webpack = require(${JSON.stringify(webpack)});
const [context, path] = process.argv.slice(2);
// Size hints are advice on any bundle above 244 KiB.
webpack({ mode: 'production', performance: { hints: false }, context, entry: './main.js', output: { path } }, (error, stats) => {
  if (error) throw error;
  const { warnings, errors } = stats.toJson();
  console.log(JSON.stringify([...warnings, ...errors].map(({ message }) => message)));
});
`;

let project: Project | undefined;
afterEach(() => project?.remove());

test.skipIf(typeof installed === 'string')(
  'bundled for a page, the program with worker threads trains in Chromium to the same bits',
  { timeout: 120_000 },
  async () => {
    project = projectWithPackage(snippetFiles('Worker threads'));
    const out = join(project.folder, 'out');
    writeFileSync(join(project.folder, 'build.cjs'), build);
    const args = [join(project.folder, 'build.cjs'), project.folder, out];
    expect(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))).toEqual([]);
    const kinds = readdirSync(out).map((name) => name.replace(/^.*\./, '.'));
    expect(kinds.filter((kind) => kind === '.wasm')).toHaveLength(3);
    const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
    expect(await loggedByBundle(installed as Installed, out)).toBe(parametersSha256);
  },
);
