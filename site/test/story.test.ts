/** The story in real browsers: its numbers are those of Node and of docs/results. */
import { readFileSync } from 'node:fs';
import type { Page } from 'puppeteer-core';
import { resolveConfig } from 'unbraid';
import { runDanger } from 'unbraid/coupling';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { composedOf, methodOf } from '../src/lab/method.ts';
import { configOf, environments, type LabelName, labelSources } from '../src/lab/settings.ts';
import { sharings } from '../src/plane/scene.ts';
import { startTraining } from '../src/plane/training.ts';
import { fewSeeds } from '../src/story/fewSeeds.ts';
import { allRows, labLink, type MethodRow } from '../src/story/methodRows.ts';
import { pairScene, readingsOf } from '../src/story/pair.ts';
import { comparisons, updates } from '../src/story/transferScenes.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';

const docs = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
let server: SiteServer;

beforeAll(async () => {
  server = await serveBuilt();
});
afterAll(() => server.close());

/** Tables of docs/results with the numbers that the section on methods shows, and their column of differences. */
const published: readonly {
  words: string;
  file: string;
  tables: readonly string[];
  nameOf: (row: MethodRow) => string | undefined;
  column: number;
}[] = [
  {
    ...{ words: 'Household', file: 'results/generalisation.md', tables: ['household', 'household-others'], column: 3 },
    nameOf: (row) => row.games,
  },
  {
    ...{ words: 'Crafting', file: 'results/generalisation.md', tables: ['crafting', 'crafting-others'], column: 3 },
    nameOf: (row) => row.games,
  },
  {
    ...{ words: 'Danger zone', file: 'results/danger-zone.md', tables: ['methods-rho-0.8'], column: 7 },
    nameOf: (row) => row.states,
  },
];

/** Computed once for all browsers. */
function once<T>(compute: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= compute();
    return result;
  };
}

/** What the danger zone says of similarity 0.9, start 0.6 and two seeds, in the order of the page. */
const dangerOfNode = once(async () => {
  const options = { rho: 0.9, starts: [0.6], method: 'decouple' };
  const { rows } = await runDanger({ ...options, seeds: 2 });
  const above = rows.map(() => 0);
  for (let firstSeed = 1; firstSeed <= 2; firstSeed++) {
    const one = await runDanger({ ...options, seeds: 1, firstSeed });
    for (const [a, { end }] of one.rows.entries()) if (end > 0.5) above[a]++;
  }
  const words = rows.map(({ end, return: mean }, a) => {
    return `Ends at ${end.toFixed(2)}; ${above[a]} of 2 seeds above 0.5. Return ${mean?.toFixed(2)}.`;
  });
  return [words[0], words[2], words[1]];
});

/** What the drawings of transfer say after training. */
const transferOfNode = once(async () => {
  const said: string[] = [];
  for (const { scene, measure, result } of comparisons.flatMap(({ drawings }) => drawings)) {
    const results: string[] = [];
    for (const sharing of sharings) {
      const training = await startTraining({ ...scene, sharing }, 2);
      const curve = [measure(training.probabilities())];
      for (let u = 0; u < updates; u++) {
        training.step();
        curve.push(measure(training.probabilities()));
      }
      results.push(result(curve));
    }
    said.push(`coupled ${results[0]}, decoupled ${results[1]}, own networks ${results[2]}`);
  }
  return said;
});

/** Sections whose figures are loaded when they come near, and what is there then. */
const parts = [
  ['danger-zone', '.outcome'],
  ['methods', '.method'],
  ['transfer', '.drawing'],
] as const;

/** Brings a section's figures into the page. */
async function show(page: Page, id: string, selector: string): Promise<void> {
  await page.waitForSelector(`#${id}`);
  await page.$eval(`#${id}`, (heading) => heading.scrollIntoView({ behavior: 'instant' }));
  await page.waitForSelector(selector);
}

/** Text of the section with a heading, lines joined by a space. */
function textOf(page: Page, id: string): Promise<string> {
  return page.$eval(`section:has(#${id})`, (section) => (section as HTMLElement).innerText.replaceAll('\n', ' '));
}

describe.each(browserNames.filter((name) => programOf(name) !== null))('the story in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(() => browser?.close());

  it.each([
    ['coupled', ''],
    ['removed', '&sharing=removed'],
  ] as const)(
    'a step shows the probabilities that Node computes: %s',
    { timeout: 60_000 },
    async (condition, query) => {
      const { page, errors } = await browser.newPage();
      await page.goto(`${server.url}?similarity=0.8&seed=3${query}`);
      await waitForText(page, '0 updates');
      await click(page, 'Step');
      await waitForText(page, '1 update');
      await click(page, 'Step');
      await waitForText(page, '2 updates');
      const shown = await page.$$eval('.bars .value', (cells) => cells.map((cell) => cell.textContent));
      const training = await startTraining(pairScene(0.8, condition, 3), 2);
      const history = [training.probabilities()];
      for (let i = 0; i < 2; i++) {
        training.step();
        history.push(training.probabilities());
      }
      expect(shown).toEqual(Array.from(history[2], (p) => p.toFixed(2)));
      const { highest, now, success } = readingsOf(history);
      const row = await page.$eval('.play tbody tr', (cells) => (cells as HTMLElement).innerText.split(/\s*\t\s*/));
      expect(row.slice(1)).toEqual(['2', ...[highest, now, success].map((x) => x.toFixed(2))]);
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  it('the danger zone ends where Node ends, and its settings survive a reload', { timeout: 180_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}?start=0.6&rho=0.9#danger-zone`);
    await show(page, 'danger-zone', '.outcome');
    await click(page, '2');
    await click(page, 'Train 2 seeds, three ways each');
    await page.waitForFunction(() => document.querySelectorAll('progress').length === 1, { polling: 100 });
    await page.waitForFunction(() => document.querySelector('progress') === null, { polling: 200, timeout: 120_000 });
    const shown = await page.$$eval('.outcome', (lines) => lines.map((line) => line.textContent));
    expect(shown).toEqual(await dangerOfNode());
    await page.waitForFunction(() => location.search.includes('seeds=2'), { polling: 100 });
    await page.reload();
    await show(page, 'danger-zone', '.outcome');
    expect(await textOf(page, 'danger-zone')).toMatch(/start: 0\.60.*cosine\): 0\.90.*Train 2 seeds/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('numbers of methods are those of docs/results', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}?task=crafting`);
    await show(page, 'methods', '.method');
    for (const { words, file, tables, nameOf, column } of published) {
      await click(page, words);
      await waitForText(
        page,
        words === 'Danger zone' ? 'Return in the danger zone' : `Success on .* that training never used`,
      );
      const shown = await page.$$eval('.method', (rows) =>
        rows.map((row) => [row.querySelector('.title')?.textContent, row.querySelector('.estimate')?.textContent]),
      );
      const parts = docs(file).split(/<!-- (\S+):start -->/);
      const lines = parts.flatMap((part, i) =>
        tables.includes(part) ? parts[i + 1].split('<!--')[0].split('\n') : [],
      );
      const rows = new Map(lines.map((line) => line.split('|').map((cell) => cell.trim())).map((c) => [c[1], c]));
      const expected = allRows.map((row) => [row.title, rows.get(nameOf(row) ?? '')?.[column]]);
      expect(shown.map(([title, text]) => [title, text ?? undefined])).toEqual(expected);
      expect(expected.filter(([, text]) => text !== undefined).length).toBeGreaterThan(7);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  it('a row of methods opens by a key, stands in the address and links to the lab', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(server.url);
    await show(page, 'methods', '.method');
    await page.focus('.method:nth-of-type(2) summary');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.search.includes('method=classifier'), { polling: 100 });
    await page.reload();
    await show(page, 'methods', '.method[open] .inside a');
    const link = await page.$eval('.method[open] .inside a', (a) => (a as HTMLAnchorElement).href);
    await page.goto(link);
    await page.waitForSelector('main input[type=checkbox]:checked');
    // The terms of the run, and none in the run beside it.
    const terms = await page.$$eval('main input[type=checkbox]:checked', (boxes) =>
      boxes.map((box) => box.closest('label')?.textContent?.trim()),
    );
    expect(terms.slice(0, 1)).toEqual(['classifier']);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('transfer states the numbers that Node computes', { timeout: 180_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(server.url);
    await show(page, 'transfer', '.drawing');
    for (const [c, { words }] of comparisons.entries()) {
      await click(page, `Train ${words}, three ways each`);
      await page.waitForFunction(
        (count) => document.querySelectorAll('.drawing figcaption b').length === count,
        { polling: 200, timeout: 90_000 },
        2 * (c + 1),
      );
    }
    const shown = await page.$$eval('.drawing figcaption b', (all) => all.map((b) => b.textContent));
    expect(shown).toEqual(await transferOfNode());
    expect(errors).toEqual([]);
    await page.close();
  });

  it('axe finds nothing in any section, and all fit a phone', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.setViewport({ width: 390, height: 900 });
    await page.goto(`${server.url}?method=classifier`);
    for (const [id, selector] of parts) await show(page, id, selector);
    await expectAccessibleInAllLooks(page, name);
    await page.close();
  });

  it('tells where a part could not be loaded, and loads it again', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.setRequestInterception(true);
    let isAway = true;
    page.on('request', (request) => {
      void (isAway && /dangerZone-/.test(request.url()) ? request.abort() : request.continue());
    });
    await page.goto(server.url);
    await page.$eval('#danger-zone', (heading) => heading.scrollIntoView({ behavior: 'instant' }));
    await waitForText(page, 'This figure could not be loaded');
    isAway = false;
    await click(page, 'Reload the page');
    await page.waitForFunction(() => document.querySelector('.outcome') !== null, { polling: 200 });
    await page.close();
  });
});

it('with the other state removed, the rare state learns as a network of its own does', async () => {
  const [removed, own] = await Promise.all(
    (['removed', 'own'] as const).map((condition) => startTraining(pairScene(0.8, condition, 1), 2)),
  );
  for (let i = 0; i < 20; i++) {
    removed.step();
    own.step();
  }
  const rare = removed.probabilities().subarray(4);
  for (const [a, p] of own.probabilities().subarray(4).entries()) expect(rare[a]).toBeCloseTo(p, 5);
  expect(rare[1]).toBeGreaterThan(0.5);
});

it('values of methods with few seeds are those of their pages', () => {
  for (const { page, values } of fewSeeds) {
    const rows = docs(`algorithms/${page}.md`)
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()));
    for (const [, row, cells] of values) {
      const found = rows.filter(([, name]) => name === row).some((c) => cells.every((cell, i) => c[2 + i] === cell));
      expect(found, `${page}: ${row} ${cells}`).toBe(true);
    }
  }
});

it('links to the lab have settings that the lab offers', () => {
  const labels = labelSources.map(([name]) => name as string);
  const rows = [
    ...allRows.map(({ key, lab, games, states }) => ({
      ...{ key, lab },
      tasks: [...(games ? ['household', 'crafting'] : []), ...(states ? ['look-alike'] : [])],
    })),
    ...fewSeeds.map(({ page, lab }) => ({ key: page, lab, tasks: ['household'] })),
  ];
  for (const { lab, key, tasks } of rows) {
    if (lab === undefined) continue;
    for (const [env] of environments.filter(([name]) => tasks.includes(name))) {
      const query = new URL(labLink(lab, env), 'http://x/').searchParams;
      const method = query.get('method') ?? '';
      expect(methodOf(composedOf(method)), key).toBe(method);
      if (query.has('labels')) expect(labels, key).toContain(query.get('labels'));
      const chosen = { env, method, labels: (query.get('labels') ?? 'graph') as LabelName };
      expect(() => resolveConfig(configOf({ ...chosen, hidden: 64, seed: 1, iterations: 60 })), key).not.toThrow();
    }
  }
});
