/** What a build or a test of the site needs first: the library's build and the packages of site/. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const site = join(repository, 'site');

/** Installs the packages of site/ where they are missing or older than the lock. */
export function installSite(): void {
  const installed = statSync(join(site, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  if (installed && installed.mtimeMs >= statSync(join(site, 'package-lock.json')).mtimeMs) return;
  process.stderr.write('site: installing its packages (npm ci --prefix site)\n');
  // Scripts would build the library again, to which node_modules/unbraid is a link.
  const args = ['ci', '--prefix', 'site', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', args, { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Builds the library where its output is missing. `npm ci` in the repository builds it, too. */
export function buildLibrary(): void {
  if (existsSync(join(repository, 'dist/src/index.js')) && existsSync(join(repository, 'wasm/unbraid.wasm'))) return;
  process.stderr.write('site: building the library (npm run build)\n');
  execFileSync('npm', ['run', 'build'], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Builds the site where it was not built yet. */
export function buildIfMissing(): void {
  if (existsSync(join(site, 'dist/sw.js'))) return;
  execFileSync(process.execPath, [join(site, 'scripts/build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
}
