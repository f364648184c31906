/** The service worker: pages without a network, headers on plain hosts, and new versions at the same address. */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { writeServiceWorker } from '../scripts/serviceWorker.ts';
import { testBase } from '../scripts/testBuild.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { dist, serveBuilt } from './built.ts';

const routes = ['', 'canvas/', 'lab/', 'verify/', 'bench/', 'volunteer/'] as const;
const temporary = mkdtempSync(join(tmpdir(), 'unbraid-versions-'));

/** A copy of the site in which every page's title and script name the version, with a worker of its own. */
function makeVersion(name: string): string {
  const root = join(temporary, name);
  const folder = join(root, testBase);
  cpSync(dist, folder, { recursive: true });
  for (const script of readdirSync(join(folder, 'app'))) {
    const route = /^(story|canvas|lab|verify|bench|volunteer)-.*\.js$/.exec(script)?.[1];
    const page = join(folder, route === 'story' ? '' : `${route}`, 'index.html');
    if (!route || !readFileSync(page, 'utf8').includes(script)) continue;
    appendFileSync(join(folder, 'app', script), `\n;globalThis.siteVersion = '${name}';\n`);
    renameSync(join(folder, 'app', script), join(folder, 'app', `${route}-${name}.js`));
    const html = readFileSync(page, 'utf8').replaceAll(script, `${route}-${name}.js`);
    writeFileSync(page, html.replace(/<title>[^<]*/, `<title>version ${name}`));
  }
  const tutorial = join(folder, 'docs/tutorial.html');
  writeFileSync(tutorial, readFileSync(tutorial, 'utf8').replace(/<title>[^<]*/, `<title>tutorial ${name}`));
  writeServiceWorker(folder);
  return root;
}

let versions: readonly [a: string, b: string];
beforeAll(() => {
  versions = [makeVersion('a'), makeVersion('b')];
}, 60_000);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const isActive = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    async () => {
      const { active } = await navigator.serviceWorker.ready;
      return active?.state === 'activated' && navigator.serviceWorker.controller !== null;
    },
    { polling: 200 },
  );

/** Waits until a new version is stored whole, and its worker waits for the old tabs. */
const isWaiting = (page: Page): Promise<unknown> =>
  page.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting?.state === 'installed', {
    polling: 200,
  });

/** Versions of a page's title and of its script, which must be equal. */
async function shown(page: Page): Promise<string[]> {
  await page.waitForFunction(() => 'siteVersion' in globalThis, { polling: 100 });
  return page.evaluate(() => [document.title, (globalThis as unknown as { siteVersion: string }).siteVersion]);
}

/**
 * Loads a page until one version is stored. Chromium activates the new worker once the old one is idle, on a busy
 * machine only at a later load of a page.
 */
async function loadUntilOneCache(page: Page, url: string): Promise<void> {
  for (let load = 0; ; load++) {
    await page.goto(url);
    const single = page.waitForFunction(async () => (await caches.keys()).length === 1, {
      polling: 200,
      timeout: 5_000,
    });
    if (await single.then(() => true).catch(() => false)) return;
    if (load === 4) throw new Error(`after five loads there are the caches ${await cacheNames(page)}`);
  }
}

const portOf = ({ url }: SiteServer): number => Number(new URL(url).port);
const cacheNames = (page: Page): Promise<string[]> => page.evaluate(() => caches.keys());

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  }, 60_000);
  afterAll(() => browser?.close());

  it('without a network all pages open and train, and what was read of the documentation', {
    timeout: 90_000,
  }, async () => {
    const server = await serveBuilt();
    const { page } = await browser.newPage();
    await page.goto(server.url);
    await isActive(page);
    await page.goto(`${server.url}docs/tutorial.html`);
    await page.waitForSelector('main h1');
    await page.goto(`${server.url}docs/tutorial.html`);
    await page.waitForSelector('main h1');
    await server.close();
    for (const route of routes) {
      await page.goto(`${server.url}${route}?seed=2`);
      await page.waitForSelector('main h1');
      expect(await page.evaluate(() => crossOriginIsolated), route).toBe(true);
    }
    await page.goto(`${server.url}canvas/index.html`);
    await page.waitForSelector('.state');
    await click(page, 'Step');
    await waitForText(page, '1 update');
    await page.goto(`${server.url}docs/tutorial.html`);
    await waitForText(page, 'Tutorial: train a policy');
    await page.goto(`${server.url}docs/glossary.html`);
    await waitForText(page, 'This page was not read before');
    await page.close();
  });

  it('one reload shows a new version whole, and old files go when no other tab is open', {
    timeout: 90_000,
  }, async () => {
    const [a, b] = versions;
    const first = await serveBuilt({ folder: a });
    const { page } = await browser.newPage();
    await page.goto(first.url);
    await isActive(page);
    await page.goto(`${first.url}docs/tutorial.html`);
    await page.goto(`${first.url}docs/tutorial.html`);
    const old = await page.browserContext().newPage();
    await old.goto(`${first.url}lab/`);
    expect(await shown(old)).toEqual(['version a', 'a']);
    await page.goto(`${first.url}canvas/`);
    expect(await shown(page)).toEqual(['version a', 'a']);
    const [cacheOfA] = await cacheNames(page);
    await first.close();
    const second = await serveBuilt({ folder: b, port: portOf(first) });

    await page.reload();
    expect(await shown(page)).toEqual(['version b', 'b']);
    await isWaiting(page);
    // A tab of the old version still gets the files of that version, which the server no longer has.
    expect(await old.evaluate(() => fetch('../app/lab-a.js').then((response) => response.text()))).toContain("'a'");
    expect(await cacheNames(page)).toHaveLength(2);
    await second.close();
    // Without a network the new version is shown although the old worker still answers.
    for (const route of routes) {
      await page.goto(second.url + route);
      expect(await shown(page)).toEqual(['version b', 'b']);
    }

    const third = await serveBuilt({ folder: b, port: portOf(first) });
    await old.close();
    await loadUntilOneCache(page, third.url);
    expect(await cacheNames(page)).not.toContain(cacheOfA);
    await third.close();
    await page.reload();
    expect(await shown(page)).toEqual(['version b', 'b']);
    // It was read in version a and stored again in version b.
    const html = await page.evaluate(() => fetch('./docs/tutorial.html').then((response) => response.text()));
    expect(html).toContain('<title>tutorial b');
    await page.close();
  });

  it('a version that cannot be stored whole leaves the old one as it was', { timeout: 60_000 }, async () => {
    const [a, b] = versions;
    const broken = join(temporary, `broken-${name}`);
    cpSync(b, broken, { recursive: true });
    // The host sends the worker of the new version, and a page that is not of it.
    const foreign = join(testBase, 'bench/index.html');
    cpSync(join(a, foreign), join(broken, foreign));
    const first = await serveBuilt({ folder: a });
    const { page } = await browser.newPage();
    await page.goto(first.url);
    await isActive(page);
    const before = await cacheNames(page);
    await first.close();
    const second = await serveBuilt({ folder: broken, port: portOf(first) });
    const state = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const installing = new Promise<ServiceWorker>((resolve) => {
        registration.addEventListener('updatefound', () => resolve(registration.installing as ServiceWorker));
      });
      await registration.update();
      const worker = await installing;
      return new Promise<string>((resolve) => {
        const tell = (): unknown => worker.state !== 'installing' && resolve(worker.state);
        worker.addEventListener('statechange', tell);
        tell();
      });
    });
    expect(state).toBe('redundant');
    expect(await cacheNames(page)).toEqual(before);
    await second.close();
    await page.goto(`${second.url}bench/`);
    expect(await shown(page)).toEqual(['version a', 'a']);
    await page.close();
  });

  it('gives shared memory and the policy where the server sends no headers', { timeout: 60_000 }, async () => {
    const plain = await serveBuilt({ headers: {} });
    const { page } = await browser.newPage();
    const answer = await page.goto(`${plain.url}lab/`);
    expect(answer?.headers()['content-security-policy']).toBeUndefined();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    // The policy is also an element of the page.
    const refused = await page.evaluate(() => {
      const style = document.createElement('style');
      style.textContent = 'main { display: none }';
      document.head.append(style);
      return getComputedStyle(document.querySelector('main') as Element).display;
    });
    expect(refused).toBe('block');
    await isActive(page);
    const again = await page.reload();
    await page.waitForSelector('main h1');
    expect(again?.headers()['content-security-policy']).toContain("default-src 'none'");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.close();
    await plain.close();
  });
});
