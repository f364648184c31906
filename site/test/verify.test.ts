/** The page that checks results: reading strangers' files, replays, links. */
import { readFileSync } from 'node:fs';
import { deflateSync, strToU8, zipSync } from 'fflate';
import type { Page } from 'puppeteer-core';
import { train, verify } from 'unbraid';
import { encodeReceipt, parseReceipt, type Receipt, recordRun } from 'unbraid/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleReceipts } from '../scripts/exampleReceipts.ts';
import type { SiteServer } from '../scripts/server.ts';
import { claimOf } from '../src/verify/claim.ts';
import { sortFiles } from '../src/verify/collect.ts';
import { differenceRows } from '../src/verify/differenceTable.tsx';
import { limits, subjectOfFile, subjectOfFolder } from '../src/verify/intake.ts';
import { linkOf, longestLink, receiptOfFragment } from '../src/verify/link.ts';
import { shownText } from '../src/verify/shownText.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';

const shortRun = { env: 'bandit', policy: 'mlp', hidden: 32, seed: 7, iterations: 6 } as const;
const name = '<img src=x onerror=alert(1)>.json';

let files: ReadonlyMap<string, Uint8Array>;
let receipt: Receipt;
let forgedRun: ReadonlyMap<string, Uint8Array>;

beforeAll(async () => {
  const recorder = recordRun(shortRun);
  files = recorder.files(await train(shortRun, recorder.hooks));
  const found = parseReceipt(new TextDecoder().decode(files.get('receipt.json')));
  if ('flaw' in found) throw new Error(found.flaw);
  receipt = found.receipt;
  const result = new TextDecoder().decode(files.get('result.json')).replace('"seed": 7', '"seed": 8');
  forgedRun = new Map([...files, ['result.json', strToU8(result)]]);
});

const zipOf = (run: ReadonlyMap<string, Uint8Array>): Uint8Array => zipSync(Object.fromEntries(run));
const textOf = (of: object): string => encodeReceipt({ receipt: of as Receipt, check: '', files: {} });

/** What the page says of a receipt that is consistent in itself, but for `change`. */
function saidOf(change: object): string {
  try {
    claimOf({ kind: 'receipt', text: textOf({ ...receipt, ...change }) }, 1);
    return 'nothing';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('subjectOfFile', () => {
  it('reads a receipt, and a run from its zip in any folder', () => {
    expect(subjectOfFile(files.get('receipt.json') as Uint8Array).kind).toBe('receipt');
    const inFolder = new Map([...files].map(([path, bytes]) => [`my runs/first/${path}`, bytes]));
    const subject = subjectOfFile(zipOf(inFolder));
    expect(subject.kind === 'run' && [...subject.files.keys()].sort()).toEqual([...files.keys()].sort());
  });

  const bytes = new Uint8Array(10);
  const many = (count: number): Uint8Array =>
    zipSync(Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, bytes])), { level: 0 });
  const with2 = (path: string): Uint8Array => zipSync({ 'config.json': bytes, [path]: bytes }, { level: 0 });

  /** A zip whose two entries have the same name. */
  function twice(): Uint8Array {
    const zip = with2('config.jsox');
    const text = Buffer.from(zip).toString('latin1').replaceAll('config.jsox', 'config.json');
    return Uint8Array.from(Buffer.from(text, 'latin1'));
  }

  it.each([
    ['a bomb', () => zipSync({ 'config.json': new Uint8Array(2 ** 20) }, { level: 9 }), 'more than 200 times its size'],
    ['many files', () => many(limits.files + 1), 'more than 400 files'],
    ['a deep path', () => with2(`${'a/'.repeat(9)}b`), 'longer than 300 characters or 8 folders'],
    ['a long path', () => with2('a'.repeat(301)), 'longer than 300 characters'],
    ['a path to a parent', () => with2('../../etc/passwd'), 'leaves its folder'],
    ['an absolute path', () => with2('/etc/passwd'), 'leaves its folder'],
    ['a Windows path', () => with2('..\\x'), 'leaves its folder'],
    ['a prototype as path', () => with2('__proto__/x'), 'leaves its folder'],
    ['a name that comes twice', twice, 'the same path'],
    ['two runs', () => with2('other/config.json'), 'it holds 2 runs'],
    ['no run', () => zipSync({ 'readme.txt': bytes }), 'it holds no config.json'],
    ['a zip cut off', () => zipSync({ 'config.json': bytes }).subarray(0, 40), 'it is no readable zip'],
    ['another file', () => strToU8('hello'), 'neither a receipt'],
    ['bytes that are no text', () => Uint8Array.of(0x7b, 0xff, 0xfe), 'nor text in UTF-8'],
    ['a huge text', () => new Uint8Array(limits.receipt + 1).fill(0x7b), 'larger than 8 MB'],
    ['an empty file', () => new Uint8Array(0), 'neither a receipt'],
  ])('rejects %s', (_, make, message) => {
    expect(() => subjectOfFile(make())).toThrow(message);
  });

  it('rejects a bomb that lies about its size before it takes the memory', () => {
    const zip = zipSync({ 'config.json': new Uint8Array(2 ** 26) }, { level: 9 });
    // The size in the central directory, at which readers look.
    new DataView(zip.buffer).setUint32(zip.length - 22 - 46 - 11 + 24, 100, true);
    const subject = subjectOfFile(zip);
    expect(subject.kind === 'run' && subject.files.get('config.json')?.length).toBe(100);
  });

  it('checks the sizes of a folder before it reads', async () => {
    const huge = { size: limits.unpacked + 1, arrayBuffer: () => Promise.reject(new Error('was read')) };
    await expect(subjectOfFolder([['config.json', huge as unknown as Blob]])).rejects.toThrow('more than 256 MB');
  });
});

describe('claimOf', () => {
  it('states settings, size and success', () => {
    const claim = claimOf({ kind: 'run', files }, 2);
    expect(Object.fromEntries(claim.settings)).toMatchObject({ env: 'bandit', hidden: '32', seed: '7' });
    expect(claim).toMatchObject({ kind: 'run', iterations: 6, checkpoints: 2, hash: receipt.hash });
    expect(claim.success?.map(([split]) => split)).toEqual(['train', 'inDomain', 'outOfDomain']);
  });

  it('names what to do where a page cannot replay it', () => {
    expect(saidOf({})).toBe('nothing');
    expect(saidOf({ format: 2 })).toContain('format must be 1, got 2');
    expect(saidOf({ hash: '0'.repeat(64) })).toContain('contradicts itself');
    const without = new Map([...files].filter(([path]) => path !== 'receipt.json'));
    expect(() => claimOf({ kind: 'run', files: without }, 1)).toThrow('resume it with unbraid train --resume');
    expect(() => claimOf({ kind: 'receipt', text: '{"a":1}' }, 1)).toThrow('does not match its own hash');
    expect(() => claimOf({ kind: 'receipt', text: '{'.repeat(100_000) }, 1)).toThrow('is not JSON');
  });
});

describe('what a receipt starts from', () => {
  /** A receipt of a run of no iterations with another head, whose hashes follow from it. */
  async function headed(change: object): Promise<string> {
    const { createHash } = await import('node:crypto');
    const sha = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');
    const of = { ...receipt, links: [], outcome: null, ...change } as Receipt;
    const configSha256 = sha(of.config);
    const { numerics, environment, packages, vocabularySha256, arithmetic, custom } = of;
    const head = { numerics, configSha256, environment, packages, vocabularySha256, arithmetic, custom };
    const root = sha(Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined)));
    return textOf({ ...of, configSha256, root, hash: root });
  }
  const said = async (change: object): Promise<string> => {
    const text = await headed(change);
    try {
      claimOf({ kind: 'receipt', text }, 1);
      return 'nothing';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('decides whether a page can replay it, with what to do instead', async () => {
    expect(await said({})).toBe('nothing');
    const env = (of: string) => ({ config: { ...receipt.config, env: of } });
    expect(await said(env('exec:rm -rf /'))).toContain('environment exec:rm -rf / is another program');
    expect(await said(env('gym:CartPole-v1'))).toContain('unbraid verify FOLDER');
    expect(await said({ numerics: 1, unbraid: '0.0.9' })).toContain('unbraid 0.0.9, which made it');
    expect(await said({ arithmetic: 'relaxed' })).toContain('no replay can check it');
    const custom = { note: 'replay needs these parts', environment: 'a'.repeat(64) };
    expect(await said({ ...env('custom'), custom })).toContain('code of its author');
    expect(await said({ config: { ...receipt.config, toString: 1 } })).toContain('toString');
  });
});

/** JSON with sorted keys, over which receipts are hashed. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, of]) => `${JSON.stringify(key)}:${canonical(of)}`).join(',')}}`;
}

describe('sortFiles', () => {
  const given = (...paths: string[]) => paths.map((path) => ({ path, file: new File([], 'x') }));

  it('makes an item of each run of a tree, of each receipt and each zip', () => {
    const { sources, ignored } = sortFiles(
      given(
        'c/report.html',
        'c/a/config.json',
        'c/a/checkpoints/000000/state.json',
        'c/b/config.json',
        'c/b/receipt.json',
        'c/r/receipt.json',
        'c/z.zip',
      ),
    );
    expect(sources.map((source) => source.name)).toEqual(['c/r/receipt.json', 'c/z.zip', 'c/a/', 'c/b/']);
    expect(sources[2].files.map(([path]) => path)).toEqual(['config.json', 'checkpoints/000000/state.json']);
    expect(ignored).toEqual(['c/report.html']);
  });

  it('reads single files whatever their name, but those that need their run', () => {
    const { sources, ignored } = sortFiles(given('receipt.json', 'mine.json', name, 'metrics.jsonl', '__proto__'));
    expect(sources.map((source) => source.name)).toEqual(['receipt.json', 'mine.json', name, '__proto__']);
    expect(ignored).toEqual(['metrics.jsonl']);
  });

  it('bounds their number', () => {
    expect(sortFiles(given(...Array.from({ length: 5001 }, (_, i) => `a/${i}`))).problem).toContain('5000 files');
    const many = sortFiles(given(...Array.from({ length: 60 }, (_, i) => `${i}.json`)));
    expect(many.sources).toHaveLength(50);
    expect(many.problem).toContain('first 50 of 60');
  });
});

describe('links', () => {
  const page = 'http://127.0.0.1/verify/?x=1#old';
  const fragment = (bytes: Uint8Array) => new URL(linkOf(page, bytes) ?? '').hash;

  it('carry a receipt in the fragment', () => {
    const bytes = files.get('receipt.json') as Uint8Array;
    expect(linkOf(page, bytes)).toMatch(/^http:\/\/127\.0\.0\.1\/verify\/\?x=1#receipt=[\w-]+$/);
    expect(receiptOfFragment(fragment(bytes))).toEqual(new Uint8Array(bytes));
    expect(receiptOfFragment('#content')).toBeNull();
  });

  it('are bounded in both directions', () => {
    expect(linkOf(page, crypto.getRandomValues(new Uint8Array(30_000)))).toBeNull();
    expect(linkOf(page, new Uint8Array(500_000))).toBeNull();
    expect(() => receiptOfFragment(`#receipt=${'A'.repeat(longestLink)}`)).toThrow('longer than 24000');
    const bomb = Buffer.from(deflateSync(new Uint8Array(10_000_000), { level: 9 })).toString('base64url');
    expect(bomb.length).toBeLessThan(longestLink);
    expect(() => receiptOfFragment(`#receipt=${bomb}`)).toThrow('larger than 400000 bytes');
  });

  it('that were changed or cut are refused with what to do', () => {
    const whole = fragment(files.get('receipt.json') as Uint8Array);
    for (const text of ['#receipt=%%%', '#receipt=AAAA', whole.slice(0, 900), '#receipt=']) {
      expect(() => receiptOfFragment(text), text).toThrow('ask for receipt.json itself');
    }
  });
});

it('text of files shows without characters that hide or reverse it, and short', () => {
  expect(shownText('a\u202eb\u0000c\u200bd')).toBe('a?b?c?d');
  expect(shownText('x'.repeat(100))).toBe(`${'x'.repeat(60)}…`);
});

describe('differenceRows', () => {
  it('has a row for each value that differs, and none for the others', () => {
    const differs = [
      { what: 'success', receipt: { train: 1, test: 0.5, toString: 1 }, replay: { train: 1, test: 0.25 } },
      { what: 'parameters', receipt: 'a', replay: 'b' },
    ];
    expect(differenceRows({ at: 'outcome', differs })).toEqual([
      { what: 'success, test', receipt: '0.5', replay: '0.25' },
      { what: 'success, toString', receipt: '1', replay: 'not stated' },
      { what: 'parameters', receipt: 'a', replay: 'b' },
    ]);
  });
});

it('the examples are those of this version: one is equal, one is forged', { timeout: 60_000 }, async () => {
  const committed = (of: string) => readFileSync(new URL(`../src/verify/examples/${of}.json`, import.meta.url), 'utf8');
  const made = await exampleReceipts();
  expect(committed('honest')).toBe(made.honest);
  expect(committed('forged')).toBe(made.forged);
  expect((await verify(made.honest)).first).toBeNull();
  expect((await verify(made.forged)).first).toMatchObject({ at: 'outcome', differs: [{ what: 'success' }] });
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
  page.waitForFunction(
    (n) => {
      const states = [...document.querySelectorAll<HTMLElement>('.items > li')].map(
        ({ dataset }) => dataset.state ?? '',
      );
      return states.length === n && states.every((state) => !['reading', 'waiting', 'running'].includes(state));
    },
    { polling: 100, timeout: 60_000 },
    count,
  );
const itemTexts = (page: Page) =>
  page.$$eval('.items > li', (all) => all.map((item) => (item as HTMLElement).innerText));

describe.each(browserNames.filter((of) => programOf(of) !== null))('in %s', (browserName) => {
  let browser: OpenedBrowser;
  let server: SiteServer;
  beforeAll(async () => {
    server = await serveBuilt();
    browser = await openBrowser(browserName);
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
