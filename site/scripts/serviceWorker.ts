/** Writes the service worker of a built site. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pagePolicies, siteHeaders } from './headers.ts';

const source = fileURLToPath(new URL('sw.js', import.meta.url));
/** Without a network these work whole; of the documentation, what was read. */
export const pages = ['./', 'canvas/', 'lab/', 'verify/', 'bench/', 'volunteer/'] as const;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Writes `sw.js` into a folder that holds everything else.
 *
 * @param dist the built site
 */
export function writeServiceWorker(dist: string): void {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dist.length).replace(/^\//, ''))
    .filter((path) => path !== 'sw.js')
    .sort();
  const contents = files.map((path) => `${path} ${sha256(readFileSync(join(dist, path)))}\n`);
  const stored = [
    ...pages.filter((path) => existsSync(join(dist, path, 'index.html'))),
    'icon.svg',
    'support.js',
    ...files.filter((path) => path.startsWith('app/')),
  ];
  const core = stored.map((path) => {
    const file = path.endsWith('/') ? `${path}index.html` : path;
    return [path, sha256(readFileSync(join(dist, file)))];
  });
  const version = sha256(Buffer.from(contents.join(''))).slice(0, 16);
  // A backslash or backtick would end or change the literal.
  const build = JSON.stringify({ version, core, headers: siteHeaders, policies: pagePolicies });
  if (/[\\`$]/.test(build)) throw new Error('writeServiceWorker: names and headers must not hold \\, ` or $');
  writeFileSync(join(dist, 'sw.js'), readFileSync(source, 'utf8').replace('{{build}}', build));
}
