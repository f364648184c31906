/** The page that measures a browser: its link, its stored results and a measurement. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { fragmentOf, machineOfFragment } from '../src/bench/link.ts';
import type { Machine } from '../src/bench/machines.ts';
import { allTasks, runThreads } from '../src/bench/tasks.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';

const stored = JSON.parse(
  readFileSync(new URL('../src/bench/machines.json', import.meta.url), 'utf8'),
) as readonly Machine[];
const machine: Machine = {
  ...{ name: '<b>Mine</b>, 8 cores', note: '' },
  ms: { peak: 0.05, 'matmul-128-128-128': 0.0625, 'run-2': 1234.5 },
  noise: { peak: 1.02, 'matmul-128-128-128': 1.5, 'run-2': 1 },
};

describe('a link', () => {
  it('carries a result', () => {
    expect(machineOfFragment(fragmentOf(machine))).toEqual({
      ...machine,
      ms: { ...machine.ms, 'run-2': Number((1234.5).toPrecision(4)) },
    });
  });

  it.each([
    ['#content'],
    ['#result='],
    ['#result=%'],
    ['#result=name'],
    [`#result=${encodeURIComponent('a|peak=-1~1')}`],
    [`#result=${encodeURIComponent('a|peak=1e99~1')}`],
    [`#result=${encodeURIComponent('a|peak=Infinity~1')}`],
    [`#result=${encodeURIComponent('a|other=1~1')}`],
    [`#result=${encodeURIComponent('a|__proto__=1~1')}`],
    [`#result=${'a'.repeat(5000)}`],
  ])('that is none or damaged holds no result: %s', (fragment) => {
    expect(machineOfFragment(fragment)).toBeNull();
  });

  it('has a name of bounded length without hidden characters', () => {
    const name = machineOfFragment(fragmentOf({ ...machine, name: `a\u202eb|${'x'.repeat(100)}` }))?.name;
    expect(name).toBe(`a?b ${'x'.repeat(76)}`);
  });
});

describe('stored results', () => {
  it('are of Node, Chromium and Firefox at least, each with its conditions', () => {
    const names = stored.map(({ name }) => name.split(' ')[0]);
    expect(names).toEqual(expect.arrayContaining(['Node', 'Chromium', 'Firefox']));
    for (const { note } of stored) expect(note).toMatch(/^\d{4}-\d\d-\d\d/);
  });

  it('state known tasks with a time and a spread, and are no faster than their peak by more than two', () => {
    const ids = new Set(allTasks.map(({ id }) => id));
    const [peak] = allTasks;
    for (const { ms, noise } of stored) {
      for (const task of allTasks.filter(({ id }) => !id.startsWith('run-'))) {
        expect(ms[task.id], task.id).toBeGreaterThan(0);
        expect(noise[task.id]).toBeGreaterThanOrEqual(1);
        if (task.operations === null) continue;
        const share = task.operations / ms[task.id] / ((peak.operations ?? 1) / ms[peak.id]);
        expect(share, task.id).toBeLessThan(2);
      }
      expect(Object.keys(ms).filter((id) => !ids.has(id))).toEqual([]);
    }
  });
});

it('tasks have separate ids and say what they tell', () => {
  expect(new Set(allTasks.map(({ id }) => id)).size).toBe(allTasks.length);
  for (const { about } of allTasks) expect(about.length).toBeGreaterThan(40);
  expect(runThreads[0]).toBe(1);
});

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  let server: SiteServer;
  beforeAll(async () => {
    server = await serveBuilt();
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('measures nothing before a click, and then all tasks; the address carries them', {
    timeout: 240_000,
  }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}bench/`);
    await page.waitForSelector('button.main');
    expect(await page.$('progress')).toBeNull();
    expect(await page.$('li[data-own]')).toBeNull();
    await page.evaluate(() => document.querySelector<HTMLButtonElement>('button.main')?.click());
    await page.waitForSelector('progress');
    await page.waitForFunction(() => location.hash.startsWith('#result='), { polling: 300, timeout: 200_000 });
    const own = machineOfFragment(new URL(page.url()).hash);
    const threads = await page.evaluate(() => (crossOriginIsolated ? navigator.hardwareConcurrency : 1));
    const expected = allTasks.filter(({ id }) => !id.startsWith('run-') || Number(id.slice(4)) <= threads);
    expect(Object.keys(own?.ms ?? {})).toEqual(expected.map(({ id }) => id));
    expect(await page.$$eval('li[data-own]', (items) => items.length)).toBe(expected.length);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('shows the result of a link as text, with ratios and shares', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}bench/${fragmentOf(machine)}`);
    await page.waitForSelector('.benchmarks li');
    expect(await page.$('.benchmarks li b')).toBeNull();
    const [first] = await page.$$eval('.benchmarks section', (all) =>
      all
        .filter((panel) => panel.querySelector('h2')?.textContent?.includes('128 × 128'))
        .map((panel) => (panel as HTMLElement).innerText),
    );
    expect(first).toContain('<b>Mine</b>, 8 cores');
    expect(first).toContain('62.5 µs');
    // 2 x 128^3 operations in 62.5 µs are 67.1 GFLOP/s; the peak is 64 x 65,536 in 50 µs: 83.9.
    expect(first).toContain(
      '67.1 GFLOP/s · 80% of its peak · noisy: half of the repetitions took over 1.5 times as long',
    );
    expect(first).toMatch(/takes [\d.]+ times as long as <b>Mine<\/b>/);
    await page.goto(`${server.url}bench/?x#result=damaged`);
    await waitForText(page, 'The link holds no readable result');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('can be stopped', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}bench/`);
    await page.waitForSelector('button.main');
    await page.evaluate(() => document.querySelector<HTMLButtonElement>('button.main')?.click());
    await page.waitForSelector('progress');
    await click(page, 'Stop');
    await waitForText(page, 'it was stopped. Press Measure to begin anew.');
    expect(await page.evaluate(() => location.hash)).toBe('');
    await page.close();
  });

  it('axe finds nothing in both themes and widths', { timeout: 120_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(`${server.url}bench/${fragmentOf(machine)}`);
    await page.waitForSelector('.benchmarks li');
    await expectAccessibleInAllLooks(page, name);
    await page.close();
  });
});
