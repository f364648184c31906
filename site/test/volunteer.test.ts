/** The page of volunteers with a real gateway on a real Redis. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { missingRedis, type RedisServer, startRedis } from '../../test/fleet/redis.ts';
import { addJobs, localResult, openGateway, smallJob, stored, type TestGateway } from '../../test/fleet/volunteers.ts';
import { repository } from '../scripts/prepare.ts';
import { type SiteServer, serveSite } from '../scripts/server.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { dist, serveBuilt } from './built.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const tokens = new Map(['ann', 'bob'].map((name) => [sha(`token-of-${name}`), { name, trusted: name === 'ann' }]));
const missing = programOf('chromium') === null ? 'Chromium is not installed' : missingRedis();

const training = {
  kind: 'train',
  input: { env: 'bandit', policy: 'mlp', iterations: 2, evalEpisodes: 8, coldStart: 0, couplingPairs: 4, seed: 3 },
  seconds: 1,
};

describe.skipIf(missing !== null)(`in Chromium${missing === null ? '' : ` (${missing})`}`, () => {
  let browser: OpenedBrowser;
  let server: SiteServer;
  let redis: RedisServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    redis = await startRedis();
    server = await serveBuilt();
    gateway = await openGateway(redis, { tokens, spotCheck: 0, origins: [new URL(server.url).origin] });
    browser = await openBrowser('chromium', { serviceWorker: false });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.end();
    await server?.close();
    await redis?.stop();
  });
  const address = (): string => `http://127.0.0.1:${gateway.port}`;
  const type = (page: Page, selector: string, text: string): Promise<void> => page.type(`main ${selector}`, text);

  it('two visitors finish jobs with the bits of Node, and nothing is sent before Start', {
    timeout: 120_000,
  }, async () => {
    const jobs = [smallJob(1), smallJob(2), training];
    const ids = await addJobs(redis, jobs);
    const pages = [];
    for (const name of ['ann', 'bob']) {
      const { page, errors } = await browser.newPage();
      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.url().startsWith(address())) asked.push(request.method());
      });
      await page.goto(`${server.url}volunteer/?gateway=${encodeURIComponent(address())}`);
      await page.waitForSelector('main form');
      await type(page, 'input[type=password]', `token-of-${name}`);
      await waitForText(page, 'Nothing is sent before you press Start');
      expect(asked).toEqual([]);
      expect(page.url()).not.toContain('token-of');
      await click(page, 'Start');
      pages.push({ page, errors });
    }
    for (const [i, id] of ids.entries()) {
      await vi.waitFor(async () => expect(await stored(redis, id, jobs[i].kind)).not.toBeNull(), {
        ...{ timeout: 60_000, interval: 100 },
      });
      expect((await stored(redis, id, jobs[i].kind))?.result).toEqual(await localResult(jobs[i]));
    }
    expect(gateway.replays()).toBe(0);
    for (const { page, errors } of pages) {
      await waitForText(page, '3 results counted by the gateway');
      await waitForText(page, 'training in bandit · sent');
      await click(page, 'Stop');
      await waitForText(page, 'No job runs');
      expect(errors).toEqual([]);
    }
    await expectAccessibleInAllLooks(pages[0].page, 'chromium');
    for (const { page } of pages) await page.close();
  });

  it('a refusal is shown, and an address without TLS is not used', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}volunteer/`);
    await page.waitForSelector('main form');
    await type(page, 'input[type=url]', 'http://example.org');
    await waitForText(page, 'An address without TLS works only on this machine');
    expect(await page.$eval('main button.main', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
    await page.$eval('main input[type=url]', (field) => (field as HTMLInputElement).select());
    await type(page, 'input[type=url]', address());
    await click(page, 'Start');
    await waitForText(page, 'The work has ended: gateway: the token is missing or unknown');
    await page.close();
  });

  it('the scripts of workers keep the policy of the site', async () => {
    const policy = (path: string): Promise<string | null> =>
      fetch(new URL(path, server.url)).then(({ headers }) => headers.get('content-security-policy'));
    const workers = readdirSync(join(dist, 'app')).filter((name) => /^worker-.*\.js$/.test(name));
    expect(workers.length).toBeGreaterThan(1);
    for (const name of workers) expect(await policy(`app/${name}`)).toContain("connect-src 'self';");
    expect(await policy('volunteer/')).toContain("connect-src 'self' https:");
  });

  it('on a host that sends no headers, the page may connect to a gateway, and other pages may not', {
    timeout: 60_000,
  }, async () => {
    const plain = await serveBuilt({ headers: {} });
    const withWorker = await openBrowser('chromium');
    const { page } = await withWorker.newPage();
    const refused: string[] = [];
    for (const route of ['volunteer/', 'bench/']) {
      await page.goto(plain.url + route);
      await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated', {
        polling: 200,
      });
      // From now on the service worker answers.
      await page.reload();
      await page.waitForSelector('main h1');
      const directive = await page.evaluate(async (url) => {
        let found = 'none';
        document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
          found = violatedDirective;
        });
        await fetch(url, { method: 'POST' }).catch(() => {});
        // The event comes after the rejection.
        await new Promise((resolve) => setTimeout(resolve, 300));
        return found;
      }, `${address()}/lease`);
      refused.push(directive);
    }
    expect(refused).toEqual(['none', 'connect-src']);
    await withWorker.close();
    await plain.close();
  });

  it('the page of examples/ takes a job and sends its result', { timeout: 60_000 }, async () => {
    const files = await serveSite(repository, 0, {});
    const own = await openGateway(redis, { origins: [new URL(files.url).origin] });
    await addJobs(redis, [smallJob(4)]);
    const { page, errors } = await browser.newPage();
    const query = encodeURIComponent(`http://127.0.0.1:${own.port}`);
    await page.goto(`${files.url}examples/volunteer.html?gateway=${query}`);
    await click(page, 'Start');
    await waitForText(page, '1 results counted');
    expect(errors).toEqual([]);
    await page.close();
    await own.end();
    await files.close();
  });
});
