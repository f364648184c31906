/** The documentation as it was built: links, search, cells, theme and accessibility, in both browsers. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cell, cellsOf } from '../docs/.vitepress/cells.ts';
import type { SiteServer } from '../scripts/server.ts';
import { testBase } from '../scripts/testBuild.ts';
import { expectAccessible, looks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { dist, serveBuilt } from './built.ts';
import { brokenLinks } from './links.ts';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));
let server: SiteServer;

beforeAll(async () => {
  server = await serveBuilt();
});
afterAll(() => server.close());

/** The cells of the tutorial by page. */
const tutorial = readdirSync(`${docs}/tutorial`)
  .sort()
  .map((page) => ({ page, cells: cellsOf(page, readFileSync(`${docs}/tutorial/${page}`, 'utf8')) }))
  .filter(({ cells }) => cells.length > 0);

/** One page of each kind: prose, tables, code, figures, cells, API. */
const samples = [
  ...['docs/index', 'README', 'docs/tutorial/1-one-update', 'docs/faq', 'docs/configuration', 'docs/metrics'],
  ...['docs/results/danger-zone', 'docs/api/unbraid/coupling', 'docs/peers'],
] as const;

it('has no link, image, script or style that leads nowhere', () => {
  expect(brokenLinks(dist, testBase)).toEqual([]);
});

it('has a page for each page of docs/, each in the sidebar', () => {
  const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  const html = readFileSync(`${dist}/docs/index.html`, 'utf8');
  const linked = new Set([...html.matchAll(/href="([^"#]*)"/g)].map(([, href]) => href));
  const missing = pages.filter((path) => !linked.has(`${testBase}docs/${path.replace(/\.md$/, '.html')}`));
  expect(missing).toEqual([]);
});

it('has no inline script or style, and loads nothing from elsewhere', () => {
  for (const page of samples) {
    const html = readFileSync(`${dist}/${page}.html`, 'utf8');
    expect([page, /<script(?![^>]*src=)|<style| style=/.exec(html)?.[0]]).toEqual([page, undefined]);
    expect([page, /<(?:script|link|img)[^>]*(?:src|href)="https?:[^"]*"/.exec(html)?.[0]]).toEqual([page, undefined]);
  }
});

it('has the API of every entry of the package', () => {
  const { exports } = JSON.parse(readFileSync(`${docs}/../package.json`, 'utf8')) as { exports: object };
  const entries = Object.keys(exports).filter((name) => !/\.(wasm|json)$|^\.\/worker$/.test(name));
  expect(entries.length).toBe(10);
  for (const name of entries) {
    const html = readFileSync(`${dist}/docs/api/${name.replace('.', 'unbraid')}.html`, 'utf8');
    expect(html).toMatch(/<h2 id="(functions|interfaces|type-aliases|variables)"/);
  }
});

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(() => browser?.close());

  it('the search finds pages and names of the API, without a request to elsewhere', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    const hosts = new Set<string>();
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== 'data:') hosts.add(host);
    });
    await page.goto(`${server.url}docs/index.html`);
    for (const [words, address] of [
      ['danger zone', /danger-zone\.html/],
      ['gramTotal', /api\/unbraid\/coupling\.html#gramtotal/],
    ] as const) {
      await page.waitForSelector('.DocSearch-Button');
      await page.waitForFunction(
        () => {
          if (document.querySelector('.VPLocalSearchBox input')) return true;
          document.querySelector<HTMLElement>('.DocSearch-Button')?.click();
          return false;
        },
        { polling: 300 },
      );
      await page.type('.VPLocalSearchBox input', words);
      await page.waitForFunction(
        (pattern) =>
          [...document.querySelectorAll<HTMLAnchorElement>('.VPLocalSearchBox a.result')].some(({ href }) =>
            new RegExp(pattern).test(href),
          ),
        { polling: 200 },
        address.source,
      );
      await page.keyboard.press('Escape');
      await page.waitForFunction(() => !document.querySelector('.VPLocalSearchBox'), { polling: 100 });
    }
    expect([...hosts]).toEqual([new URL(server.url).host]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.each(tutorial)(
    'the cells of $page print the committed output',
    { timeout: 240_000 },
    async ({ page: path, cells }) => {
      const { page, errors } = await browser.newPage();
      await page.goto(`${server.url}docs/tutorial/${path.replace('.md', '.html')}`);
      for (const { name: cell, output } of cells) {
        const root = `[data-cell="${cell}"]`;
        await page.waitForFunction(
          (selector) => {
            const found = document.querySelector<HTMLElement>(selector);
            if (found?.dataset.state === 'before') found.querySelector<HTMLElement>('.cell-bar button')?.click();
            return found?.dataset.state === 'done' || found?.dataset.state === 'failed';
          },
          { polling: 200, timeout: 120_000 },
          root,
        );
        const shown = await page.$eval(root, (found) => [
          found.querySelector('.problem')?.textContent ?? '',
          found.querySelector('.cell-output')?.textContent,
          found.querySelector('[role=status]')?.textContent,
        ]);
        expect(shown).toEqual(['', output, 'Computed in this page. Equal to the committed output.']);
        if (path.startsWith('3')) {
          const label = await page.$eval(`${root} .cell-chart > svg`, (svg) => svg.getAttribute('aria-label'));
          expect(label).toContain('GRPO: 0.20 at the start, at most 0.51 (tens of iterations 1), 0.00 at the end');
        }
      }
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  it('a cell can be stopped and run again', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}docs/tutorial/4-controls.html`);
    const state = (wanted: string) =>
      page.waitForFunction(
        (expected) => document.querySelector<HTMLElement>('.cell')?.dataset.state === expected,
        { polling: 50 },
        wanted,
      );
    await page.waitForFunction(
      () => {
        const cell = document.querySelector<HTMLElement>('.cell');
        if (cell?.dataset.state === 'before') cell.querySelector<HTMLElement>('.cell-bar button')?.click();
        return cell?.dataset.state === 'running';
      },
      { polling: 50 },
    );
    await click(page, 'Stop');
    await state('stopped');
    await click(page, 'Run again');
    await state('running');
    await page.close();
  });

  it('a cell whose worker cannot start says so', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}docs/tutorial/1-one-update.html`);
    await page.waitForSelector('.cell');
    await page.evaluate(() => {
      const Original = Worker;
      Object.assign(globalThis, {
        Worker: class extends Original {
          constructor(_url: URL | string, options?: WorkerOptions) {
            super('/nowhere.js', options);
          }
        },
      });
    });
    await page.waitForFunction(
      () => {
        const cell = document.querySelector<HTMLElement>('.cell');
        if (cell?.dataset.state === 'before') cell.querySelector<HTMLElement>('.cell-bar button')?.click();
        return cell?.dataset.state === 'failed';
      },
      { polling: 100 },
    );
    await waitForText(page, 'The cell failed: the worker did not start; check the network connection');
    await page.close();
  });

  it('the theme and the links of the header are those of the other pages', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]).catch(() => {});
    await page.goto(server.url);
    await page.waitForSelector('main h1');
    const links = () => page.$$eval('header nav a', (all) => all.map((a) => [a.textContent, a.pathname]));
    const shown = () =>
      page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]);
    const expected = await links();
    await click(page, 'Dark');
    const dark = await shown();
    expect(dark[0]).toBe('dark');
    await page.goto(`${server.url}docs/faq.html`);
    expect(await links()).toEqual(expected);
    expect(await shown()).toEqual(dark);
    await page.waitForFunction(() => document.querySelector('header > button')?.textContent === 'Light', {
      polling: 100,
    });
    await click(page, 'Light');
    await page.goto(server.url);
    await page.waitForSelector('main h1');
    expect((await shown())[0]).toBe('light');
    expect(errors).toEqual([]);
    await page.close();
  });

  // Rules of axe do not depend on the browser, so the slower one looks at one page.
  const examined = name === 'firefox' ? samples.slice(-1) : samples;
  it.each(examined)('axe finds nothing on /%s in both themes, at both widths', { timeout: 180_000 }, async (path) => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}docs/index.html`);
    let shown: string | null = null;
    for (const [theme, width] of looks[name]) {
      await page.setViewport({ width, height: 900 });
      if (theme !== shown) {
        await page.evaluate((chosen) => localStorage.setItem('unbraid-theme', chosen), theme);
        await page.goto(`${server.url}${path}.html`);
        await page.waitForSelector('main h1');
        shown = theme;
      }
      await expectAccessible(page, `${theme} at ${width}`);
    }
    await page.close();
  });
});

it('names each cell once', () => {
  const names = tutorial.flatMap(({ cells }) => cells.map(({ name }: Cell) => name));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(6);
});
