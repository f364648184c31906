/** publint and attw, the linters of packages, on the tarball. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifest, root } from '../../scripts/package/build.ts';
import { tarball } from './installedPackage.ts';

const tool = (name: string): string => join(root, 'test/runtime/node_modules/.bin', name);
const missing = !existsSync(tool('publint')) || !existsSync(tool('attw'));
if (missing) console.log('skipped: package linters; they are not installed: npm ci --prefix test/runtime');

// The linters write colours where CI or FORCE_COLOR is set, also into a pipe; NO_COLOR stops that.
const env = { ...process.env, NO_COLOR: '1' };

test.skipIf(missing)('publint has no finding, suggestions included', () => {
  const { stdout, status } = spawnSync(tool('publint'), ['run', tarball(), '--strict'], { encoding: 'utf8', env });
  expect([status, stdout.trim().split('\n').at(-1)]).toEqual([0, 'All good!']);
});

test.skipIf(missing)('attw accepts the types of every export', () => {
  // The package is for ESM: `require` and resolution before `exports` are left out.
  const args = [tarball(), '--profile', 'esm-only', '--format', 'json'];
  const { stdout, status } = spawnSync(tool('attw'), args, { encoding: 'utf8', env });
  const { analysis } = JSON.parse(stdout) as { analysis: { entrypoints: Record<string, unknown> } };
  expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(readManifest().exports as object));
  expect(status).toBe(0);
});
