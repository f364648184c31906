/** Finds links of a built folder that lead nowhere. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const decode = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"');

/** `PAGE -> TARGET` for each link, image, script or style of a page whose file or heading does not exist. */
export function brokenLinks(folder: string, base = '/'): string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'));
  const ids = new Map<string, ReadonlySet<string>>();
  const idsOf = (file: string): ReadonlySet<string> => {
    const found =
      ids.get(file) ?? new Set([...readFileSync(file, 'utf8').matchAll(/ id="([^"]*)"/g)].map(([, id]) => decode(id)));
    ids.set(file, found);
    return found;
  };
  const broken: string[] = [];
  for (const page of pages.sort()) {
    const html = readFileSync(join(folder, page), 'utf8');
    const here = new URL(page, `http://site${base}`);
    for (const [, target] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      const url = new URL(decode(target), here);
      if (url.host !== 'site' || url.protocol !== 'http:') continue;
      const path = decodeURIComponent(url.pathname);
      const inside = path.startsWith(base) ? join(folder, path.slice(base.length)) : null;
      const file = inside && existsSync(inside) && statSync(inside).isDirectory() ? join(inside, 'index.html') : inside;
      const anchor = decodeURIComponent(url.hash.slice(1));
      const isMissing = file === null || !existsSync(file);
      if (isMissing || (anchor && file.endsWith('.html') && !idsOf(file).has(anchor)))
        broken.push(`${page} -> ${target}`);
    }
  }
  return broken;
}
