/** A consumer installs the tarball with npm, makes a report with the command, and holds at most 12 MB. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest, root } from '../../scripts/package/build.ts';
import { queuePackages } from '../../src/cli/queue/libraries.ts';
import { type Project, projectWith, tarball } from './installedPackage.ts';

/**
 * Lock file of a consumer: the tarball, and its dependencies as in the lock file of the repository, so that npm finds
 * them in its cache.
 */
function lockOf(path: string): string {
  const { name, version, dependencies = {}, peerDependencies, peerDependenciesMeta, bin } = readManifest();
  const peers = { peerDependencies, peerDependenciesMeta };
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, object>;
  };
  const needed = Object.keys(dependencies).map((dependency) => `node_modules/${dependency}`);
  const packages = {
    '': { dependencies: { [name]: `file:${path}` } },
    [`node_modules/${name}`]: { version, resolved: `file:${path}`, dependencies, ...peers, bin },
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
    // docs/publishing.md states this limit.
    expect(kib('node_modules')).toBeLessThanOrEqual(12_288);
  });

  test('installs no package but the declared dependencies', () => {
    const lock = JSON.parse(readFileSync(join(project.folder, 'node_modules/.package-lock.json'), 'utf8'));
    const names = ['unbraid', ...Object.keys(readManifest().dependencies ?? {})];
    expect(Object.keys(lock.packages)).toEqual(names.sort().map((name) => `node_modules/${name}`));
  });

  test.each([['study', 'danger-zone'], ['compare'], ['worker']])(
    'without the packages of the queue %s says what to install',
    (...command) => {
      const args = ['--no-install', 'unbraid', ...command, '--queue', 'redis://127.0.0.1:1'];
      const { status, stderr } = spawnSync('npx', args, { cwd: project.folder, encoding: 'utf8' });
      expect([status, stderr]).toEqual([
        2,
        `unbraid: queue: the packages bullmq and ioredis must be installed, got an import that failed; run: npm install ${queuePackages}\n`,
      ]);
    },
  );

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
