/** A consumer installs the tarball with npm, makes a report with the command, and holds at most 12 MB. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest, root } from '../../scripts/package/build.ts';
import { type Project, projectWith, tarball } from './installedPackage.ts';

/**
 * Lock file of a consumer: the tarball, and its dependencies as in the lock file of the repository, so that npm finds
 * them in its cache.
 */
function lockOf(path: string): string {
  const { name, version, dependencies = {}, bin } = readManifest();
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, object>;
  };
  const needed = Object.keys(dependencies).map((dependency) => `node_modules/${dependency}`);
  const packages = {
    '': { dependencies: { [name]: `file:${path}` } },
    [`node_modules/${name}`]: { version, resolved: `file:${path}`, dependencies, bin },
    ...Object.fromEntries(needed.map((place) => [place, locked.packages[place]])),
  };
  return JSON.stringify({ lockfileVersion: 3, requires: true, packages });
}

let project: Project;
beforeAll(() => {
  const path = tarball();
  project = projectWith({
    'package.json': JSON.stringify({ type: 'module', dependencies: { unbraid: `file:${path}` } }),
    'package-lock.json': lockOf(path),
  });
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', args, { cwd: project.folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`consumer: npm ci must install ${path}, got exit code ${status}; ${stderr}`);
}, 60_000);
afterAll(() => project?.remove());

describe('a consumer', () => {
  test('holds at most 12 MB', () => {
    const kib = (path: string): number =>
      Number.parseInt(execFileSync('du', ['-sk', path], { cwd: project.folder, encoding: 'utf8' }), 10);
    console.log(`consumer: node_modules ${kib('node_modules')} KiB, of it unbraid ${kib('node_modules/unbraid')} KiB`);
    expect(kib('node_modules') * 1024).toBeLessThan(12e6);
  });

  test('installs no package but the declared dependencies', () => {
    const lock = JSON.parse(readFileSync(join(project.folder, 'node_modules/.package-lock.json'), 'utf8'));
    const names = ['unbraid', ...Object.keys(readManifest().dependencies ?? {})];
    expect(Object.keys(lock.packages)).toEqual(names.sort().map((name) => `node_modules/${name}`));
  });

  test('makes a report with figures by `npx unbraid compare`', { timeout: 300_000 }, () => {
    const sizes = ['coldStart=0', 'evalEpisodes=4', 'couplingPairs=4'].flatMap((set) => ['--set', set]);
    const runs = ['--variants', 'grpo;classifier:graph', '--seeds', '1', '--iterations', '1', '--out', 'runs/mine'];
    execFileSync('npx', ['--no-install', 'unbraid', 'compare', ...runs, ...sizes], {
      cwd: project.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const report = readFileSync(join(project.folder, 'runs/mine/report.html'), 'utf8');
    expect(report).toMatch(/^<!doctype html>/i);
    expect(report.match(/<svg /g)?.length).toBeGreaterThan(1);
  });
});
