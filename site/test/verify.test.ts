/** The check without a browser: reading strangers' files, what a receipt claims, links. */
import { readFileSync } from 'node:fs';
import { deflateSync, strToU8, zipSync } from 'fflate';
import { verify } from 'unbraid';
import { encodeReceipt, type Receipt } from 'unbraid/record';
import { beforeAll, describe, expect, it } from 'vitest';
import { exampleReceipts } from '../scripts/exampleReceipts.ts';
import { claimOf } from '../src/verify/claim.ts';
import { sortFiles } from '../src/verify/collect.ts';
import { differenceRows } from '../src/verify/differenceTable.tsx';
import { limits, subjectOfFile, subjectOfFolder } from '../src/verify/intake.ts';
import { linkOf, longestLink, receiptOfFragment } from '../src/verify/link.ts';
import { shownText } from '../src/verify/shownText.ts';
import { type CheckedRuns, makeRuns, zipOf } from './verifyRuns.ts';

const name = '<img src=x onerror=alert(1)>.json';

let files: CheckedRuns['files'];
let receipt: Receipt;

beforeAll(async () => {
  ({ files, receipt } = await makeRuns());
});

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
