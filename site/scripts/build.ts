/**
 * Builds the site into site/dist: pages, documentation and service worker. Any static host can serve the folder.
 *
 *     npm run build:site
 *     npm run build:site -- --base /unbraid/
 *     npm run build:site -- --out FOLDER
 *
 * --base, or UNBRAID_SITE_BASE: the path at which the folder will be served; default /.
 * --out: an empty or new folder; default site/dist.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { finishPages } from './finishPages.ts';
import { buildLibrary, installSite, site } from './prepare.ts';
import { writeServiceWorker } from './serviceWorker.ts';

interface Wanted {
  readonly base: string;
  readonly dist: string;
}

function readArguments(): Wanted {
  const { values } = parseArgs({ options: { base: { type: 'string' }, out: { type: 'string' } } });
  const base = values.base ?? process.env.UNBRAID_SITE_BASE ?? '/';
  if (!/^\/([\w.-]+\/)*$/.test(base)) {
    throw new Error(`build: --base must start and end with /, such as /unbraid/, got ${base}`);
  }
  if (values.out === undefined) return { base, dist: join(site, 'dist') };
  const dist = resolve(values.out);
  // The build empties the folder.
  if (existsSync(dist) && readdirSync(dist).length > 0) {
    throw new Error(`build: --out must be a new or empty folder, got ${values.out}; remove it or choose another`);
  }
  return { base, dist };
}

function run(program: string, base: string, ...args: string[]): void {
  // Under a test runner NODE_ENV is `test`, and the pages would not register their service worker.
  const env = { ...process.env, NODE_ENV: 'production', UNBRAID_SITE_BASE: base };
  execFileSync(join(site, 'node_modules/.bin', program), args, { cwd: site, stdio: 'inherit', env });
}

try {
  const { base, dist } = readArguments();
  installSite();
  buildLibrary();
  run('vite', base, 'build', '--logLevel', 'warn', '--outDir', dist, '--emptyOutDir');
  run('typedoc', base, '--options', 'typedoc.json');
  run('vitepress', base, 'build', 'docs');
  // The generator empties its output folder.
  const docs = join(site, 'dist-docs');
  cpSync(docs, dist, { recursive: true });
  rmSync(docs, { recursive: true });
  finishPages(dist, base);
  writeServiceWorker(dist);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
