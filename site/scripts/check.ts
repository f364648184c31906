/** Checks types, import directions and unused code of site/. The root's check has lint and format. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildLibrary, installSite, repository } from './prepare.ts';

const checks = [
  ['tsc', '--noEmit', '-p', 'site'],
  ['tsc', '--noEmit', '-p', 'site/tsconfig.node.json'],
  ['depcruise', '--config', 'dependency-cruiser.cjs', 'site/src', 'site/scripts'],
  ['knip', '--directory', 'site'],
];

installSite();
buildLibrary();
for (const [program, ...args] of checks) {
  const { status } = spawnSync(join(repository, 'node_modules/.bin', program), args, {
    cwd: repository,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
