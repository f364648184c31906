/** Bytes that a route loads, after gzip: before any interaction in a browser, and all that its code can load. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveSite } from '../scripts/server.ts';
import { testBase } from '../scripts/testBuild.ts';
import { type OpenedBrowser, openBrowser, programOf } from './browsers.ts';
import { dist } from './built.ts';

const routes = ['', 'canvas/', 'lab/', 'verify/', 'bench/', 'volunteer/'] as const;
const firstPaintOfStory = 200_000;
const routeInAll = 350_000;

const sizes = new Map<string, number>();
/** Bytes of a file after gzip. Fonts are compressed already. */
function sizeOf(file: string): number {
  const bytes = readFileSync(file);
  const size = sizes.get(file) ?? (file.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length);
  sizes.set(file, size);
  return size;
}

const total = (files: Iterable<string>): number => [...files].reduce((sum, file) => sum + sizeOf(file), 0);
const words = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * A page and all files of app/ that it names, that those name, and so on: also workers, and the builds of the kernels
 * with and without threads. The build with relaxed SIMD is not counted: the library names it, and no page loads it.
 */
function closure(route: string): Set<string> {
  const found = new Set<string>();
  const waiting = [join(dist, route, 'index.html')];
  const names = readdirSync(join(dist, 'app')).filter((name) => !name.startsWith('unbraid.relaxed-'));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (file.endsWith('.wasm')) continue;
    const text = readFileSync(file, 'utf8');
    waiting.push(...names.filter((name) => text.includes(name)).map((name) => join(dist, 'app', name)));
  }
  return found;
}

it.each(routes)(`all that /%s can load is under ${words(routeInAll)}`, (route) => {
  const files = closure(route);
  console.log(`/${route} in all: ${words(total(files))} in ${files.size} files`);
  expect(total(files)).toBeLessThan(routeInAll);
});

it(`every page of the documentation loads less than ${words(routeInAll)}`, () => {
  const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html') && !routes.some((route) => path === `${route}index.html`))
    .map((path): [path: string, bytes: number] => {
      const html = readFileSync(join(dist, path), 'utf8');
      const parts = [...html.matchAll(/(?:<link[^>]* href|<(?:script|img)[^>]* src)="([^"#]+\.\w+)"/g)];
      const files = new Set(
        parts.map(([, part]) =>
          join(dist, new URL(part, `http://site${testBase}${path}`).pathname.slice(testBase.length)),
        ),
      );
      return [path, total([join(dist, path), ...files])];
    })
    .sort(([, a], [, b]) => b - a);
  console.log(
    `largest pages: ${pages
      .slice(0, 3)
      .map(([path, bytes]) => `${path} ${words(bytes)}`)
      .join(', ')}`,
  );
  expect(pages.length).toBeGreaterThan(80);
  expect(pages.filter(([, bytes]) => bytes >= routeInAll)).toEqual([]);
});

describe.skipIf(programOf('chromium') === null)('in chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-budget-'));
  let browser: OpenedBrowser;
  beforeAll(async () => {
    // The service worker stores files in advance, which are no part of a page's first load.
    cpSync(dist, folder, { recursive: true, filter: (path) => !/\/(sw\.js|docs|assets)$/.test(path) });
    browser = await openBrowser('chromium');
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it.each(routes)('what /%s loads before any interaction is within its budget', { timeout: 60_000 }, async (route) => {
    const loaded = new Set<string>();
    const server = await serveSite(folder, 0, undefined, (file) => loaded.add(file));
    const { page } = await browser.newPage();
    await page.goto(server.url + route, { waitUntil: 'networkidle0' });
    await page.waitForSelector('main h1');
    console.log(`/${route} at first: ${words(total(loaded))} in ${loaded.size} files`);
    expect(total(loaded)).toBeLessThan(route === '' ? firstPaintOfStory : routeInAll);
    await page.close();
    await server.close();
  });
});
