/** Visits the page that checks results in real browsers: replays, differences, links, workers that end. */
import { strToU8 } from 'fflate';
import type { Page } from 'puppeteer-core';
import type { Receipt } from 'unbraid/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { linkOf } from '../src/verify/link.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';
import { type CheckedRuns, makeRuns, zipOf } from './verifyRuns.ts';

const name = '<img src=x onerror=alert(1)>.json';

let files: CheckedRuns['files'];
let receipt: Receipt;
let forgedRun: CheckedRuns['forged'];

beforeAll(async () => {
  ({ files, receipt, forged: forgedRun } = await makeRuns());
});

/** Gives files to the file input of a page. */
async function choose(page: Page, chosen: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const contents = Object.entries(chosen).map(([of, bytes]) => ({ of, text: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((given) => {
    const transfer = new DataTransfer();
    for (const { of, text } of given) {
      transfer.items.add(new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], of));
    }
    const input = document.querySelector<HTMLInputElement>('input[type=file]');
    if (!input) throw new Error('the page has no file input');
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, contents);
}

/** Waits until no item is being read, waits or is replayed. */
const settled = (page: Page, count: number) =>
  page
    .waitForFunction(
      (n) => {
        const states = [...document.querySelectorAll<HTMLElement>('.items > li')].map(
          ({ dataset }) => dataset.state ?? '',
        );
        return states.length === n && states.every((state) => !['reading', 'waiting', 'running'].includes(state));
      },
      { polling: 100, timeout: 60_000 },
      count,
    )
    .catch(async (cause) => {
      throw new Error(`items: ${JSON.stringify(await itemTexts(page))}`, { cause });
    });
const itemTexts = (page: Page) =>
  page.$$eval('.items > li', (all) => all.map((item) => (item as HTMLElement).innerText));

describe.each(browserNames.filter((of) => programOf(of) !== null))('in %s', (browserName) => {
  let browser: OpenedBrowser;
  let server: SiteServer;
  beforeAll(async () => {
    server = await serveBuilt();
    browser = await openBrowser(browserName, { serviceWorker: false });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  const open = async (fragment = '') => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}verify/${fragment}`);
    await page.waitForSelector('input[type=file]');
    return { page, errors };
  };

  it('tells honest runs from forged ones, several at once', { timeout: 120_000 }, async () => {
    const { page, errors } = await open();
    await choose(page, {
      [name]: files.get('receipt.json') as Uint8Array,
      'honest.zip': zipOf(files),
      'forged.zip': zipOf(forgedRun),
      'other.txt': strToU8('hello'),
    });
    await settled(page, 4);
    expect(await page.$('img')).toBeNull();
    const before = await itemTexts(page);
    expect(before[0]).toContain(`${name}`);
    expect(before[0]).toMatch(/Replay it \(about \d+ seconds?\)|Replay it \(about a second\)/);
    expect(before[3]).toContain('other.txt: it is neither a receipt');
    await page.evaluate(() => {
      for (const button of document.querySelectorAll('button'))
        if (button.textContent?.startsWith('Replay all 3')) button.click();
    });
    await settled(page, 4);
    const after = await itemTexts(page);
    expect(after[0]).toContain('✓ Equal');
    expect(after[1]).toContain('✓ Equal');
    expect(after[1]).toContain('Compared: config.json, metrics.jsonl');
    expect(after[2]).toContain('✗ Different');
    expect(after[2]).toContain('result.json does not match its hash');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('replays the examples, and says where the forged one differs', { timeout: 60_000 }, async () => {
    const { page, errors } = await open();
    await click(page, 'a forged one');
    await settled(page, 1);
    await page.evaluate(() => document.querySelector<HTMLButtonElement>('.items button.main')?.click());
    await settled(page, 1);
    const [text] = await itemTexts(page);
    expect(text).toContain('The first difference is in the outcome.');
    expect(text).toMatch(/success, outOfDomain\s+0\.98\s+0\.86\s/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('takes a receipt from a link, and survives a damaged one', { timeout: 60_000 }, async () => {
    const link = linkOf(`${server.url}verify/`, files.get('receipt.json') as Uint8Array) ?? '';
    const { page, errors } = await open(new URL(link).hash);
    await settled(page, 1);
    expect((await itemTexts(page))[0]).toContain(receipt.hash);
    const shared = await page.$eval('.items a[href*="#receipt="]', (a) => (a as HTMLAnchorElement).href);
    expect(shared).toBe(link);
    await page.evaluate(() => {
      location.hash = '#receipt=damaged';
    });
    await waitForText(page, 'Receipt of the link: the link is .*ask for receipt.json itself');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('can be stopped and replayed again, also after its worker was lost', { timeout: 120_000 }, async () => {
    const { page } = await browser.newPage();
    await page.evaluateOnNewDocument(() => {
      const made: Worker[] = [];
      const Original = Worker;
      Object.assign(globalThis, {
        made,
        Worker: class extends Original {
          constructor(...given: ConstructorParameters<typeof Original>) {
            super(...given);
            made.push(this);
          }
        },
      });
    });
    await page.goto(`${server.url}verify/`);
    await page.waitForSelector('input[type=file]');
    await click(page, 'an honest receipt');
    await settled(page, 1);
    const press = (start: string) =>
      page.evaluate((text) => {
        [...document.querySelectorAll<HTMLButtonElement>('.items button')]
          .find((b) => b.textContent?.startsWith(text))
          ?.click();
      }, start);
    await press('Replay it');
    await page.waitForSelector('progress');
    await press('Stop');
    await settled(page, 1);
    expect(await page.$('progress')).toBeNull();
    await press('Replay it again');
    await page.waitForSelector('progress');
    await page.evaluate(() => {
      const last = (globalThis as unknown as { made: Worker[] }).made.at(-1);
      last?.terminate();
      last?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
    });
    await waitForText(page, 'its worker ended \\(out of memory\\); replay it again');
    await press('Replay it again');
    await settled(page, 1);
    expect((await itemTexts(page))[0]).toContain('✓ Equal');
    await page.close();
  });

  it('axe finds nothing with items of each kind, in both themes and widths', { timeout: 120_000 }, async () => {
    const { page } = await open();
    await choose(page, { 'a.json': files.get('receipt.json') as Uint8Array, 'b.txt': strToU8('x') });
    await click(page, 'a forged one');
    await settled(page, 3);
    await page.evaluate(() => {
      for (const button of document.querySelectorAll<HTMLButtonElement>('.items button.main')) button.click();
    });
    await settled(page, 3);
    await expectAccessibleInAllLooks(page, browserName);
    await page.close();
  });
});
