/** Adds to every page of a built site what does not depend on its content. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyOf } from './headers.ts';

/** The policy as an element, for hosts that send no headers. Frames can only be forbidden by a header. */
const policyElement = (path: string): string =>
  `<meta http-equiv="Content-Security-Policy" content="${policyOf(path).replace(/; frame-ancestors [^;]*/, '')}">`;

/**
 * Adds the content security policy, the check for old browsers and, to pages of the documentation, the registration of
 * the service worker, which the other pages import.
 *
 * @param base path at which the folder will be served. Pages of the documentation need it; the others work below any.
 */
export function finishPages(dist: string, base: string): void {
  const isolate = readdirSync(join(dist, 'app')).find((name) => /^isolate-.*\.js$/.test(name));
  if (!isolate) throw new Error('finishPages: site/vite.config.ts must have the input isolate');
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.html')) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(dist.length).replace(/^\//, '');
    const depth = path.split('/').length - 1;
    const html = readFileSync(file, 'utf8');
    const isDocumentation = !html.includes('<div id="page">');
    const up = isDocumentation ? base : '../'.repeat(depth) || './';
    const added = [
      policyElement(path),
      `<script src="${up}support.js" defer></script>`,
      ...(isDocumentation ? [`<script type="module" src="${up}app/${isolate}"></script>`] : []),
    ];
    const finished = html.replace(/<meta charset="utf-8"\s*\/?>/i, (charset) => charset + added.join(''));
    if (finished === html) throw new Error(`finishPages: ${file} must have <meta charset="utf-8">`);
    writeFileSync(file, finished);
  }
}
