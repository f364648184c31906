/**
 * Builds the site into site/dist: pages, documentation and service worker. Any static host can serve the folder.
 *
 *     npm run build:site
 *     npm run build:site -- --base /unbraid/
 *     UNBRAID_SITE_BASE=/unbraid/ npm run build:site
 *
 * The base is the path at which the folder will be served; default /.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { finishPages } from './finishPages.ts';
import { buildLibrary, installSite, site } from './prepare.ts';
import { writeServiceWorker } from './serviceWorker.ts';

const dist = join(site, 'dist');

function readBase(): string {
  const { values } = parseArgs({ options: { base: { type: 'string' } } });
  const base = values.base ?? process.env.UNBRAID_SITE_BASE ?? '/';
  if (/^\/([\w.-]+\/)*$/.test(base)) return base;
  throw new Error(`build: --base must start and end with /, such as /unbraid/, got ${base}`);
}

function run(program: string, base: string, ...args: string[]): void {
  const env = { ...process.env, UNBRAID_SITE_BASE: base };
  execFileSync(join(site, 'node_modules/.bin', program), args, { cwd: site, stdio: 'inherit', env });
}

try {
  const base = readBase();
  installSite();
  buildLibrary();
  run('vite', base, 'build', '--logLevel', 'warn');
  run('typedoc', base, '--options', 'typedoc.json');
  run('vitepress', base, 'build', 'docs');
  cpSync(join(site, 'dist-docs'), dist, { recursive: true });
  rmSync(join(site, 'dist-docs'), { recursive: true });
  finishPages(dist, base);
  writeServiceWorker(dist);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
