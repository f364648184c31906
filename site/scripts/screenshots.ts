/**
 * Draws every section of the site, at both widths and in both themes, into a folder, to be looked at. The pictures that
 * README and docs show are written anew with --docs.
 *
 *     npm run screenshots:site -- --out FOLDER
 *     npm run screenshots:site -- --out FOLDER --only lab
 *     npm run screenshots:site -- --docs
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'puppeteer-core';
import { click, openBrowser } from '../test/browsers.ts';
import { buildIfMissing, repository, site } from './prepare.ts';
import { serveSite } from './server.ts';

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Text of the button that is pressed first, and words that the page shows after it. */
  readonly press?: readonly [button: string, words: RegExp];
}

const shots: readonly Shot[] = [
  { name: 'story', path: '' },
  { name: 'canvas', path: 'canvas/', press: ['Play', /\b[3-9]\d updates/] },
  {
    ...{ name: 'lab', path: 'lab/?env=bandit&hidden=32&iterations=12' },
    press: ['Start', /parameters [0-9a-f]{16}/],
  },
  { name: 'check', path: 'verify/' },
  { name: 'bench', path: 'bench/' },
  { name: 'docs', path: 'docs/' },
  { name: 'tutorial', path: 'docs/tutorial.html' },
];
const widths = [1440, 390] as const;
const themes = ['light', 'dark'] as const;

/** Pictures of docs/figures: name, width and height. */
const shown = { canvas: [1280, 1240] } as const;

async function prepare(page: Page, url: string, { path, press }: Shot, theme: string): Promise<void> {
  await page.goto(url + path);
  await page.evaluate((chosen) => {
    localStorage.setItem('unbraid-theme', chosen);
    localStorage.setItem('vitepress-theme-appearance', chosen);
  }, theme);
  await page.reload({ waitUntil: 'networkidle0' });
  await page.waitForSelector('main h1');
  if (!press) return;
  await click(page, press[0]);
  await page.waitForFunction(
    (words) => new RegExp(words).test(document.body.innerText),
    { timeout: 120_000 },
    press[1].source,
  );
  // The picture is the same whatever the machine was doing when it was taken.
  await page.evaluate(() => scrollTo(0, 0));
}

const { values } = parseArgs({
  options: { out: { type: 'string' }, only: { type: 'string' }, docs: { type: 'boolean', default: false } },
});
if ((values.out === undefined) === !values.docs) {
  throw new Error('screenshots: one of --out FOLDER and --docs must be given');
}
buildIfMissing();
const server = await serveSite(join(site, 'dist'));
const browser = await openBrowser('chromium');
try {
  if (values.docs) {
    for (const [name, [width, height]] of Object.entries(shown)) {
      const { page } = await browser.newPage();
      await page.setViewport({ width, height });
      await prepare(page, server.url, shots.find((shot) => shot.name === name) as Shot, 'light');
      const path = join(repository, `docs/figures/site-${name}.webp`) as `${string}.webp`;
      await page.screenshot({ path, type: 'webp', quality: 80 });
      console.log(path);
      await page.close();
    }
  } else {
    const out = resolve(values.out as string);
    mkdirSync(out, { recursive: true });
    for (const shot of shots.filter(({ name }) => values.only === undefined || name === values.only)) {
      for (const theme of themes) {
        for (const width of widths) {
          const { page } = await browser.newPage();
          await page.setViewport({ width, height: 900 });
          await prepare(page, server.url, shot, theme);
          const path = join(out, `${shot.name}-${width}-${theme}.png`) as `${string}.png`;
          await page.screenshot({ path, fullPage: true });
          console.log(path);
          await page.close();
        }
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
}
