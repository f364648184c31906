/** Visits the lab in real browsers where a worker ends, memory is refused, the browser is old, or the tab is hidden. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf } from './browsers.ts';
import { serveBuilt } from './built.ts';
import {
  danger,
  dangerQuery,
  download,
  first,
  hashOf,
  iterationOf,
  openLab,
  query,
  removeFolders,
  serveWith,
  textOf,
  waitForText,
} from './labPages.ts';

const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const run = promisify(execFile);
let server: SiteServer;

beforeAll(async () => {
  server = await serveBuilt();
});
afterAll(async () => {
  await server.close();
  removeFolders();
});

const pressResume = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const buttons = [...document.querySelectorAll('button')];
    buttons.find(({ textContent }) => textContent?.startsWith('Resume from'))?.click();
  });

describe.each(browserNames.filter((name) => programOf(name) !== null))('a lab with trouble in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(() => browser?.close());

  const open = (site: SiteServer, search: string, threads?: boolean) => openLab(browser, site, search, threads);

  it('a run goes on from its checkpoint after its worker was ended, to the same hash', {
    timeout: 120_000,
  }, async () => {
    const site = await serveWith('trainWorker', "new BroadcastChannel('end').onmessage = () => self.close();");
    const { page } = await open(site, `${dangerQuery}&speed=4`);
    await click(page, 'Start');
    await waitForText(page, 'Iteration [2-9]\\d* of 12');
    await page.evaluate(() => new BroadcastChannel('end').postMessage(0));
    await waitForText(page, 'The training stopped: the browser ended the worker');
    await waitForText(page, 'Start again');
    await click(page, 'full');
    await pressResume(page);
    await waitForText(page, 'parameters [0-9a-f]{16}');
    expect(await textOf(page)).toContain(await hashOf(danger));
    expect(await textOf(page)).not.toContain('The training stopped');
    const verified = await run(process.execPath, [command, 'verify', await download(page)]);
    expect(verified.stdout).toMatch(/equal/);
    await page.close();
    await site.close();
  });

  // It waits 20 seconds for a notice that is the same in every browser.
  it.skipIf(name === 'firefox')(
    'a run whose thread was ended says so, and resumes to the same hash',
    {
      timeout: 120_000,
    },
    async () => {
      const ends = 'new BroadcastChannel("end").onmessage = () => this.terminate();';
      const site = await serveWith(
        'trainWorker',
        `const Thread = Worker; Worker = class extends Thread { constructor(...of) { super(...of); ${ends} } };`,
      );
      const { page } = await open(site, `${dangerQuery}&speed=4`);
      await click(page, 'Start');
      await waitForText(page, 'Iteration [2-9]\\d* of 12');
      expect(await textOf(page)).toMatch(/2 threads: /);
      await page.evaluate(() => new BroadcastChannel('end').postMessage(0));
      await waitForText(page, 'Nothing was reported for 20 seconds');
      await click(page, 'Stop it');
      await waitForText(page, 'The training stopped: it had reported nothing for 20 seconds');
      expect(await textOf(page)).not.toContain('Nothing was reported');
      await click(page, 'full');
      await pressResume(page);
      await waitForText(page, 'parameters [0-9a-f]{16}');
      expect(await textOf(page)).toContain(await hashOf(danger));
      await page.close();
      await site.close();
    },
  );

  it('an error of the worker is shown, and what was trained can be downloaded', { timeout: 300_000 }, async () => {
    const site = await serveWith(
      'trainWorker',
      "new BroadcastChannel('end').onmessage = () => { throw new Error('no more memory'); };",
    );
    const { page } = await open(site, `${dangerQuery}&speed=4`);
    await click(page, 'Start');
    await waitForText(page, 'Iteration [2-9]\\d* of 12');
    await page.evaluate(() => new BroadcastChannel('end').postMessage(0));
    await waitForText(page, 'The training stopped: .*no more memory');
    const kept = Number(/Resume from iteration (\d+)/.exec(await textOf(page))?.[1]);
    const folder = await download(page);
    expect(JSON.parse(readFileSync(join(folder, 'latest.json'), 'utf8')).iteration).toBe(kept);
    const resumed = await run(process.execPath, [command, 'train', '--resume', folder]);
    expect(resumed.stdout).toContain(await hashOf(danger));
    await page.close();
    await site.close();
  });

  it('the training goes on without its views, and they start again', { timeout: 300_000 }, async () => {
    const site = await serveWith('viewWorker', "new BroadcastChannel('end').onmessage = () => self.close();");
    const { page } = await open(site, `${dangerQuery}&speed=4`);
    await click(page, 'Start');
    await waitForText(page, 'The policy after iteration');
    await page.evaluate(() => new BroadcastChannel('end').postMessage(0));
    await waitForText(page, 'The views stopped: the browser ended their worker');
    await click(page, 'full');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    await click(page, 'Start the views again');
    await waitForText(page, 'The policy after iteration 12');
    expect(await textOf(page)).not.toContain('The views stopped');
    await page.close();
    await site.close();
  });

  const memories = [
    ['with a small maximum', 'shared && maximum > 8000', /2 threads: /],
    [
      'on one thread where memory cannot be shared',
      'shared',
      /One thread: this runtime cannot allocate shared memory: /,
    ],
  ] as const;
  // See `threads` of newPage.
  const retry = name === 'firefox' ? 2 : 0;
  it.each(memories)('trains %s to the same hash', { timeout: 300_000, retry }, async (_, refused, reason) => {
    const site = await serveWith('trainWorker', stubOf(refused));
    const { page } = await open(site, query, true);
    await click(page, 'Start');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    expect(await textOf(page)).toContain(await hashOf(first));
    expect(await textOf(page)).toMatch(reason);
    await page.close();
    await site.close();
  });

  it('says what to do where no memory can be had', { timeout: 300_000 }, async () => {
    const site = await serveWith('trainWorker', stubOf('true'));
    const { page } = await open(site, query);
    await click(page, 'Start');
    await waitForText(page, 'The training stopped: .*allocate memory.*Close other pages, or choose a smaller width');
    expect(await textOf(page)).toContain('There is no checkpoint yet.');
    await page.close();
    await site.close();
  });

  it('an old browser reads why it cannot train', { timeout: 300_000 }, async () => {
    const { page } = await browser.newPage();
    await page.evaluateOnNewDocument(() => {
      WebAssembly.validate = () => false;
    });
    await page.goto(`${server.url}lab/`);
    await waitForText(page, 'without vector instructions');
    expect(await page.$('button.main')).toBeNull();
    await page.close();
  });

  it('a hidden tab trains and draws nothing', { timeout: 300_000 }, async () => {
    const { page, errors } = await open(server, query);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await click(page, 'Start');
    await page.waitForFunction(() => document.title.startsWith('100%'), { polling: 100 });
    expect(await iterationOf(page)).toBe(0);
    expect(await textOf(page)).not.toContain('The policy after');
    await page.evaluate(() => {
      Reflect.deleteProperty(document, 'hidden');
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await waitForText(page, 'parameters [0-9a-f]{16}');
    await waitForText(page, 'The policy after iteration 12');
    expect(errors).toEqual([]);
    await page.close();
  });
});

/** A memory whose requests are refused where the condition holds. */
function stubOf(condition: string): string {
  return `{
  const Memory = WebAssembly.Memory;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, [{ initial, maximum = 0, shared = false }]) {
      if (${condition}) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      return new target(shared ? { initial, maximum, shared } : { initial });
    },
  });
}`;
}
