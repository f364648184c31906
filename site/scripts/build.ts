/**
 * Builds the site into site/dist: pages, documentation and service worker.
 *
 *     npm run build:site
 *     UNBRAID_SITE_BASE=/unbraid/ npm run build:site
 *
 * UNBRAID_SITE_BASE is the path at which the folder will be served; default /.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = fileURLToPath(new URL('..', import.meta.url));
const dist = join(site, 'dist');
const base = process.env.UNBRAID_SITE_BASE ?? '/';
if (!/^\/([\w.-]+\/)*$/.test(base)) {
  throw new Error(`build: UNBRAID_SITE_BASE must start and end with /, such as /unbraid/, got ${base}`);
}

function run(program: string, ...args: string[]): void {
  execFileSync(join(site, 'node_modules/.bin', program), args, { cwd: site, stdio: 'inherit' });
}

if (!existsSync(join(site, 'node_modules'))) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: site, stdio: 'inherit' });
}
run('vite', 'build');
run('typedoc', '--options', 'typedoc.json');
run('vitepress', 'build', 'docs');
cpSync(join(site, 'dist-docs'), dist, { recursive: true });
rmSync(join(site, 'dist-docs'), { recursive: true });

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(dist.length + 1))
  .sort();
const hash = createHash('sha256');
for (const path of files) hash.update(path).update(readFileSync(join(dist, path)));
/** Without a network the pages work whole; of the documentation, what was read. */
const pages = ['./', 'canvas/', 'lab/', 'verify/', 'bench/'].filter((path) => existsSync(join(dist, path, 'index.html')));
const assets = readdirSync(join(dist, 'app')).map((name) => `app/${name}`);
const worker = readFileSync(join(site, 'scripts/sw.js'), 'utf8')
  .replace('{{version}}', hash.digest('hex').slice(0, 16))
  .replace('{{core}}', [...pages, 'icon.svg', ...assets].join(' '));
writeFileSync(join(dist, 'sw.js'), worker);
