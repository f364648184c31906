/**
 * Builds the site and runs its tests in the browsers of the system.
 *
 *     npm run test:site
 *     npm run test:site -- test/offline.test.ts --no-build
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository, site } from './prepare.ts';
import { testBase } from './testBuild.ts';

const args = process.argv.slice(2).filter((argument) => argument !== '--no-build');
if (args.length === process.argv.length - 2) {
  const out = join(site, 'dist-test');
  rmSync(out, { recursive: true, force: true });
  const build = fileURLToPath(new URL('build.ts', import.meta.url));
  const { status } = spawnSync(process.execPath, [build, '--base', testBase, '--out', join(out, testBase)], {
    // The last lines of this command are the counts of the tests.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(1);
}
const { status } = spawnSync(join(repository, 'node_modules/.bin/vitest'), ['run', ...args], {
  cwd: site,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
