/** Visits the built site in real browsers. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { strToU8, zipSync } from 'fflate';
import type { Page } from 'puppeteer-core';
import { train, verify } from 'unbraid';
import { recordRun } from 'unbraid/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SiteServer, serveSite } from '../scripts/server.ts';
import { configOf } from '../src/lab/settings.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const routes = ['', 'canvas/', 'lab/', 'verify/', 'bench/'] as const;
let server: SiteServer;

beforeAll(async () => {
  server = await serveSite(dist);
});
afterAll(() => server.close());

const shortRun = configOf({ env: 'bandit', method: 'grpo', labels: 'graph', hidden: 32, seed: 7, iterations: 6 });

/** The files of a short run. */
async function runFiles(): Promise<Map<string, Uint8Array>> {
  const recorder = recordRun(shortRun);
  return recorder.files(await train(shortRun, recorder.hooks));
}

/** Gives files to the only file input of a page. */
async function drop(page: Page, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const contents = Object.entries(files).map(([name, bytes]) => ({ name, text: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((given) => {
    const transfer = new DataTransfer();
    for (const { name, text } of given) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    const input = document.querySelector<HTMLInputElement>('input[type=file]');
    if (!input) throw new Error('the page has no file input');
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, contents);
}

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  }, 60_000);
  afterAll(() => browser?.close());

  it('a drawing survives a reload, and keys edit it', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}canvas/?states=-200,0,0,500;300,100,2,500h`);
    await page.waitForSelector('.state');
    await page.focus('.state');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('4');
    await click(page, 'Add a state');
    await page.waitForFunction(() => location.search.split(/;|%3B/).length === 3, { polling: 100 });
    const address = page.url();
    expect(decodeURIComponent(address)).toContain('states=-200,20,3,500;300,100,2,500h;0,0,3,500');
    await page.goto(address);
    await page.waitForFunction(() => document.querySelectorAll('.state').length === 3, { polling: 100 });
    const labels = await page.$$eval('.state', (states) => states.map((state) => state.getAttribute('aria-label')));
    expect(labels[0]).toMatch(/^State 1: right action D, .* at -0.2, 0.02$/);
    expect(labels[1]).toMatch(/^State 2, held out: right action C/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('a run of the lab has the hash of Node, and its zip verifies there', { timeout: 120_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}lab/?env=bandit&hidden=32&seed=7&iterations=6`);
    await click(page, 'Start');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    const { parametersSha256 } = await train(shortRun);
    expect(await page.evaluate(() => document.body.innerText)).toContain(`parameters ${parametersSha256.slice(0, 16)}`);
    await page.evaluate(() => {
      const create = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        void (blob as Blob).arrayBuffer().then((buffer) => {
          Object.assign(globalThis, { saved: Array.from(new Uint8Array(buffer)) });
        });
        return create(blob);
      };
    });
    await click(page, 'Download the run');
    await page.waitForFunction(() => 'saved' in globalThis, { polling: 100 });
    const zip = Uint8Array.from(await page.evaluate(() => (globalThis as unknown as { saved: number[] }).saved));
    const { unzipSync } = await import('fflate');
    const verdict = await verify(new Map(Object.entries(unzipSync(zip))));
    expect(verdict.first).toBeNull();
    expect(verdict.checked).toContain('result.json');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('tells an honest run from a forged one', { timeout: 120_000 }, async () => {
    const { page, errors } = await browser.newPage();
    const files = await runFiles();
    const forged = new Map(files);
    const result = new TextDecoder().decode(files.get('result.json')).replace('"seed": 7', '"seed": 8');
    forged.set('result.json', strToU8(result));
    await page.goto(`${server.url}verify/`);
    await page.waitForSelector('input[type=file]');
    await drop(page, {
      'receipt.json': files.get('receipt.json') as Uint8Array,
      'honest.zip': zipSync(Object.fromEntries(files)),
      'forged.zip': zipSync(Object.fromEntries(forged)),
      'bomb.zip': zipSync({ 'config.json': new Uint8Array(2 ** 20) }, { level: 9 }),
      'other.txt': strToU8('hello'),
    });
    await page.waitForFunction(() => document.querySelectorAll('.items > li').length === 5, { polling: 100 });
    await waitForText(page, 'bomb.zip: .*times its size');
    await waitForText(page, 'other.txt: it is neither');
    await page.waitForFunction(
      () => {
        for (const button of document.querySelectorAll('button')) {
          if (button.textContent?.startsWith('Replay')) button.click();
        }
        return document.querySelectorAll('.verdict').length === 3;
      },
      { polling: 300, timeout: 60_000 },
    );
    const verdicts = await page.$$eval('.items > li', (items) => items.map((item) => item.textContent ?? ''));
    expect(verdicts[0]).toContain('Equal.');
    expect(verdicts[1]).toContain('Equal.');
    expect(verdicts[2]).toContain('Different. result.json does not match its hash');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('works without a network after the first load', { timeout: 60_000 }, async () => {
    const own = await serveSite(dist);
    const { page } = await browser.newPage();
    await page.goto(own.url);
    await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated', {
      polling: 200,
    });
    await own.close();
    await page.goto(`${own.url}canvas/`);
    await page.waitForSelector('.state');
    await click(page, 'Step');
    await waitForText(page, '1 update');
    await page.close();
  });

  it('gets shared memory from the service worker where the server sends no headers', { timeout: 60_000 }, async () => {
    const plain = await serveSite(dist, 0, {});
    const { page } = await browser.newPage();
    await page.goto(`${plain.url}lab/`);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await waitForText(page, 'did not send the two headers');
    await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated', {
      polling: 200,
    });
    await page.reload();
    await page.waitForSelector('button.main');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.close();
    await plain.close();
  });

  it.each(routes)('axe finds nothing at /%s in both themes and at 390 px', { timeout: 120_000 }, async (route) => {
    const { page } = await browser.newPage();
    for (const theme of ['light', 'dark'] as const) {
      for (const width of [1280, 390]) {
        await page.setViewport({ width, height: 900 });
        await page.goto(server.url + route);
        await page.waitForSelector('main h1');
        await page.evaluate((chosen) => localStorage.setItem('unbraid-theme', chosen), theme);
        await page.reload();
        await page.waitForSelector('main h1');
        await page.evaluate(axe.source);
        const violations = await page.evaluate(async () => {
          const found = await (globalThis as unknown as { axe: typeof axe }).axe.run();
          return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
        });
        expect(violations, `${theme} at ${width}`).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `width of /${route} at ${width}`).toBeLessThanOrEqual(0);
      }
    }
    await page.close();
  });
});

it('needs no network for its styles and scripts', () => {
  for (const route of routes) {
    const html = readFileSync(`${dist}/${route}index.html`, 'utf8');
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toMatch(/<script(?![^>]*src=)|style=/);
  }
});
