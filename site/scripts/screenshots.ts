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
import { openBrowser } from '../test/browsers.ts';
import { buildIfMissing, repository, site } from './prepare.ts';
import { serveSite } from './server.ts';

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Starts of the texts of the buttons that are pressed, and words that the page shows after each. */
  readonly presses?: readonly (readonly [button: string, words: RegExp])[];
}

const shots: readonly Shot[] = [
  {
    ...{ name: 'story', path: '' },
    presses: [
      ['Play', /\b[3-9]\d updates/],
      ['Train 8 seeds', /trained; choose another start/],
    ],
  },
  { name: 'canvas', path: 'canvas/', presses: [['Play', /\b[3-9]\d updates/]] },
  {
    ...{ name: 'lab', path: 'lab/?env=bandit&hidden=32&iterations=12' },
    presses: [['Start', /parameters [0-9a-f]{16}/]],
  },
  {
    ...{ name: 'check', path: 'verify/' },
    presses: [
      ['an honest receipt', /Replay it/],
      ['a forged one', /Replay all 2/],
      ['Replay all 2', /✓ Equal[\s\S]*✗ Different/],
    ],
  },
  { name: 'bench', path: 'bench/', presses: [['Measure', /Measure again/]] },
  { name: 'volunteer', path: 'volunteer/?gateway=http%3A%2F%2F127.0.0.1%3A8090' },
  { name: 'docs', path: 'docs/' },
  { name: 'tutorial', path: 'docs/tutorial.html' },
];
const widths = [1440, 390] as const;
const themes = ['light', 'dark'] as const;

/** Pictures of docs/figures: name, width and height. */
const shown = { canvas: [1280, 1240] } as const;

/** Scrolls through the page until its height stays, because some parts are loaded when they come near the window. */
async function loadAll(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const height = (): number => document.documentElement.scrollHeight;
    for (let before = 0; before !== height(); ) {
      before = height();
      for (let y = 0; y < height(); y += innerHeight) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  });
}

async function press(page: Page, button: string, words: RegExp): Promise<void> {
  await page.evaluate((start) => {
    const found = [...document.querySelectorAll('button')].find((of) => of.textContent?.trim().startsWith(start));
    if (!found) throw new Error(`no button starts with ${start}`);
    found.click();
  }, button);
  await page.waitForFunction(
    (pattern) => new RegExp(pattern).test(document.body.innerText),
    { timeout: 120_000 },
    words.source,
  );
}

async function prepare(page: Page, url: string, { path, presses = [] }: Shot, theme: string): Promise<void> {
  await page.goto(url + path);
  await page.evaluate((chosen) => localStorage.setItem('unbraid-theme', chosen), theme);
  await page.reload({ waitUntil: 'networkidle0' });
  await page.waitForSelector('main h1');
  await loadAll(page);
  for (const [button, words] of presses) await press(page, button, words);
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
