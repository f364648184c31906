/** What a host must do, and what the pages do to strangers: policy, requests, a base path, a plain file server. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pagePolicies, policyOf, siteHeaders } from '../scripts/headers.ts';
import type { SiteServer } from '../scripts/server.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { dist, serveBuilt } from './built.ts';

const routes = ['', 'canvas/', 'lab/', 'verify/', 'bench/', 'volunteer/'] as const;
const documents = [
  'docs/',
  'docs/tutorial.html',
  'docs/math.html',
  'docs/results/performance.html',
  'README.html',
] as const;
let server: SiteServer;

beforeAll(async () => {
  server = await serveBuilt();
});
afterAll(() => server.close());

it('no page of the folder has an inline script or style, and each has the policy', () => {
  // Those of examples/ are files to download and read.
  const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.html') && !path.startsWith('examples/'),
  );
  expect(pages.length).toBeGreaterThan(80);
  for (const path of pages) {
    const html = readFileSync(join(dist, path), 'utf8');
    const inline = html.match(/<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle="|\son\w+="/g);
    expect([path, inline]).toEqual([path, null]);
    expect([path, html.includes('http-equiv="Content-Security-Policy"')]).toEqual([path, true]);
  }
});

it('the policy allows WebAssembly, and no inline or evaluated code', () => {
  const policy = siteHeaders['Content-Security-Policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("'wasm-unsafe-eval'");
  expect(policy.replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|https?:|\*/);
});

it('only the page of volunteers may connect to other hosts, and to do nothing else with them', () => {
  expect(Object.keys(pagePolicies)).toEqual(['volunteer/']);
  const policy = siteHeaders['Content-Security-Policy'];
  const wide = "connect-src 'self' https: http://127.0.0.1:* http://localhost:*";
  for (const path of ['volunteer/', '/srv/site/volunteer/index.html']) {
    expect(policyOf(path)).toBe(policy.replace("connect-src 'self'", wide));
  }
  for (const path of ['', 'lab/', 'volunteer/other.html', 'app/worker.js']) expect(policyOf(path)).toBe(policy);
  const html = readFileSync(join(dist, 'volunteer/index.html'), 'utf8');
  expect(html).toContain(wide);
});

it('the server serves no file outside its folder', async () => {
  for (const path of ['..%2fpackage.json', '%2e%2e/package.json', 'app/..%2f..%2fpackage.json', '%00', '%ff']) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  }
});

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  }, 60_000);
  afterAll(() => browser?.close());

  it.each([...routes, ...documents])(
    '/%s breaks no policy and asks no other host',
    { timeout: 60_000 },
    async (route) => {
      const { page, errors } = await browser.newPage();
      const others: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) others.push(request.url());
      });
      await page.evaluateOnNewDocument(() => {
        const violations: string[] = [];
        Object.assign(globalThis, { violations });
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
          violations.push(`${violatedDirective} ${blockedURI} ${sourceFile}`);
        });
      });
      await page.goto(server.url + route, { waitUntil: 'networkidle0' });
      await page.waitForSelector('main h1');
      expect(await page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations)).toEqual([]);
      expect(errors).toEqual([]);
      expect(others).toEqual([]);
      await page.close();
    },
  );

  it('works below a path of a server that sends no headers', { timeout: 60_000 }, async () => {
    const plain = await serveBuilt({ headers: {} });
    const base = plain.url;
    const { page, errors } = await browser.newPage();
    await page.goto(`${base}canvas/`);
    await page.waitForSelector('.state');
    await click(page, 'Step');
    await waitForText(page, '1 update');
    await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated', {
      polling: 200,
    });
    expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).scope)).toBe(base);
    await page.goto(`${base}docs/tutorial.html`);
    await waitForText(page, 'Tutorial: train a policy');
    const toStory = await page.$$eval('a', (links) => links.map(({ href }) => href));
    expect(toStory).toContain(base);
    await page.goto(`${base}lab/`);
    await page.waitForSelector('main h1');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(errors).toEqual([]);
    await plain.close();
    await page.goto(`${base}bench/`);
    await page.waitForSelector('main h1');
    await page.close();
  });
});
