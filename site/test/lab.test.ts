/** Visits the lab in real browsers, and compares what it trains with Node and with the command. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { configTable, createArena, createPolicy, resolveConfig, train } from 'unbraid';
import { gramMatrix } from 'unbraid/coupling';
import { createLookAlike } from 'unbraid/env';
import { loadParameters } from 'unbraid/learn';
import type { Checkpoint } from 'unbraid/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { commandOf } from '../src/lab/command.ts';
import {
  additions,
  bases,
  composedOf,
  methodOf,
  methodWords,
  surgeries,
  takesLabels,
  withTerm,
} from '../src/lab/method.ts';
import { presets } from '../src/lab/presets.ts';
import { collectSamples } from '../src/lab/samples.ts';
import { configOf, environments, labelSources } from '../src/lab/settings.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
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
  patience,
  query,
  removeFolders,
  temporary,
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

describe('settings', () => {
  it('every term and label source of the library is offered', () => {
    const ruleOf = (key: string): string => configTable.find((row) => row.key === key)?.rule ?? '';
    const offered = [...bases, ...additions, ...surgeries].map(([name]) => name).filter((name) => name !== 'none');
    const terms = ruleOf('method').replace('one or more of ', '').split(', each once')[0].split(', ');
    expect([...offered].sort()).toEqual([...terms].sort());
    for (const [name] of labelSources) expect(ruleOf('labels')).toContain(name);
    expect(ruleOf('labels').split(/, | or /).length).toBe(labelSources.length + 1);
  });

  it('a method is the same after it was taken apart and composed', () => {
    for (const method of ['grpo', 'ppo', 'classifier+cloning', 'gigpo+contrastive+heads', 'ppo+classifier+pcgrad']) {
      expect(methodOf(composedOf(method))).toBe(method);
      expect(resolveConfig({ method }).method).toBe(method);
    }
    expect(methodOf(composedOf('nonsense+cloning'))).toBe('cloning');
    expect(withTerm('cloning', 'classifier', true)).toBe('classifier+cloning');
    expect(withTerm('cloning', 'cloning', false)).toBe('grpo');
    expect(methodWords('ppo+heads+pcgrad')).toBe('PPO + a head per action + PCGrad');
    expect(['grpo', 'decouple', 'graph-advantages', 'heads'].some(takesLabels)).toBe(false);
  });

  it('each addition and each surgery can be trained in each environment', () => {
    for (const [env] of environments) {
      for (const method of [...additions, ...surgeries.slice(1)].map(([name]) => name)) {
        const config = resolveConfig(configOf({ ...first, env, method }));
        expect(config.policy).toBe(env === 'household' || env === 'crafting' ? 'attention' : 'mlp');
      }
    }
  });

  it('blocks and demonstrations change the config', () => {
    expect(configOf({ ...first, env: 'household', blocks: 2 }).blocks).toBe(2);
    expect(configOf({ ...first, blocks: 2 }).blocks).toBeUndefined();
    expect(configOf({ ...first, env: 'household' }).coldStart).toBe(60);
    expect(configOf({ ...first, env: 'household', demonstrations: 20 }).coldStart).toBe(20);
  });

  it('the command of a page states every key that differs from its default', () => {
    const config = configOf({
      ...first,
      env: 'household',
      method: 'classifier+cloning',
      labels: 'shuffled',
      blocks: 1,
    });
    expect(commandOf(config)).toBe(
      'unbraid train --method classifier+cloning --labels shuffled --seed 7 --iterations 12 --set hidden=32 --set blocks=1 --set evalEpisodes=100 --set evalEvery=5 --set couplingPairs=30 --set checkpointEvery=5 --out runs/household-classifier-cloning-shuffled-s7',
    );
  });
});

describe.each(browserNames.filter((name) => programOf(name) !== null))('the lab in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(() => browser?.close());

  const open = (site: SiteServer, search: string, threads?: boolean) => openLab(browser, site, search, threads);

  it('a run has the hash of Node and of its command, and unbraid verify accepts its zip', {
    timeout: 120_000,
    // See `threads` of newPage.
    retry: name === 'firefox' ? 2 : 0,
  }, async () => {
    const { page, errors } = await open(server, query, true);
    await click(page, 'Start');
    await waitForText(page, '2 threads: ');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    const hash = await hashOf(first);
    expect(await textOf(page)).toContain(hash);
    const folder = await download(page);
    const verified = await run(process.execPath, [command, 'verify', folder]);
    expect(verified.stdout).toMatch(/equal/);
    const shown = await page.$eval('.files code', (code) => code.textContent ?? '');
    const words = shown.split(' ');
    expect(words.shift()).toBe('unbraid');
    const trained = await run(process.execPath, [command, ...words], { cwd: temporary() });
    expect(trained.stdout).toContain(hash);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('a run that was slow, paused and stepped ends with the same hash, and verifies', {
    timeout: 120_000,
  }, async () => {
    const { page, errors } = await open(server, `${dangerQuery}&speed=4`);
    await click(page, 'Start');
    await waitForText(page, 'Iteration [1-9]\\d* of 12');
    await click(page, 'Pause');
    await waitForText(page, ', paused');
    const paused = await iterationOf(page);
    const zip = await download(page);
    expect(JSON.parse(readFileSync(join(zip, 'latest.json'), 'utf8')).iteration).toBe(paused);
    await click(page, 'Step');
    await waitForText(page, `Iteration ${paused + 1} of 12, paused`);
    await click(page, 'full');
    await click(page, 'Play');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    expect(await textOf(page)).toContain(await hashOf(danger));
    expect(await page.evaluate(() => location.search)).not.toContain('speed');
    await page.focus('.history input');
    await page.keyboard.press('Home');
    await page.waitForFunction(() => location.search.includes('at='), { polling: 100 });
    const at = await page.evaluate(() => new URL(location.href).searchParams.get('at'));
    await waitForText(page, `The policy after iteration ${at}\\.`);
    expect(Number(at)).toBeLessThan(12);
    await page.evaluate(() => Reflect.deleteProperty(globalThis, 'saved'));
    const verified = await run(process.execPath, [command, 'verify', await download(page)]);
    expect(verified.stdout).toMatch(/equal/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('two methods side by side have the hashes of two runs', { timeout: 300_000 }, async () => {
    const { page, errors } = await open(server, `${dangerQuery}&beside=decouple`);
    await click(page, 'Start');
    await page.waitForFunction(() => document.body.innerText.match(/parameters [0-9a-f]{16}/g)?.length === 2, {
      polling: 200,
      timeout: patience,
    });
    const text = await textOf(page);
    expect(text).toContain(await hashOf(danger));
    expect(text).toContain(await hashOf({ ...danger, method: 'decouple' }));
    const labels = await page.$$eval('.charts [role=img]', (charts) =>
      charts.map((chart) => chart.getAttribute('aria-label')),
    );
    expect(labels).toHaveLength(6);
    expect(labels[2]).toMatch(/^Success out-of-domain.*Latest: GRPO: [\d.]+; GRPO \+ decoupled advantages: [\d.]+\.$/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('the pair under the keys has the inner product of Node, and stands in the address', {
    timeout: 120_000,
  }, async () => {
    const { page, errors } = await open(server, `${dangerQuery}&pair=2-33`);
    await click(page, 'Start');
    await waitForText(page, 'parameters [0-9a-f]{16}');
    await waitForText(page, 'The policy after iteration 12');
    await page.focus('.gram');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => location.search.includes('pair=3-34'), { polling: 100 });
    const words = await page.$eval('.pair', (node) => (node as HTMLElement).innerText);

    let last: Checkpoint | null = null;
    const config = resolveConfig(configOf(danger));
    await train(config, {
      onCheckpoint(saved) {
        last = saved;
      },
    });
    const environment = createLookAlike();
    const policy = createPolicy(await createArena(), environment.spec, { ...config, logitScale: 1 });
    policy.network.initialise(policy.weights, config.seed);
    policy.network.prepare(policy.weights);
    const samples = await collectSamples(policy, environment, {
      ...{
        seed: 3,
        split: 'out-of-domain',
        pairs: 30,
        graphDiscount: config.graphDiscount,
        graphMaxEdges: config.graphMaxEdges,
      },
    });
    if (!samples) throw new Error('the task has no samples');
    loadParameters(policy, (last as unknown as Checkpoint).parameters);
    const { pairs, shown, texts } = samples;
    const of = [3, 34].map((i) => shown[i]);
    const gram = gramMatrix(policy, policy.weights, {
      list: pairs.sides[1].states,
      states: of.map(({ state }) => state),
      taken: of.map(({ action }) => action),
    });
    const [square, product, , other] = Float32Array.from(gram.total);
    expect(words).toContain(
      `Inner product ${product.toPrecision(3)}, cosine ${(product / Math.sqrt(square * other)).toFixed(2)}.`,
    );
    for (const i of [3, 34]) expect(words).toContain(texts[i].words);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('household states are told in the words of the game, and the agent acts in words', {
    timeout: 120_000,
  }, async () => {
    const { page, errors } = await open(server, 'env=household&hidden=16&iterations=5&pair=0-40&split=train&game=4');
    await click(page, 'Start');
    await waitForText(page, 'The policy after iteration 5');
    await waitForText(page, 'Policy after iteration 5, with its likeliest actions');
    const words = await page.$eval('.pair', (node) => (node as HTMLElement).innerText);
    expect(words).toMatch(/Good: .+\. You are (at|in) .+Task: /);
    const step = await page.$eval('.agent', (node) => (node as HTMLElement).innerText);
    expect(step).toMatch(/Step 1 of \d+/);
    expect(step).toMatch(/You are at .+ Task: /);
    await page.$eval('.agent [aria-label="Step after"]', (button) => (button as HTMLElement).click());
    await waitForText(page, 'Step 2 of');
    await page.focus('.points');
    await page.keyboard.press('ArrowRight');
    await waitForText(page, 'Good: .+\\. You are at .+Probability \\d\\.\\d\\d');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('the address holds all settings, and unknown ones are left out', { timeout: 300_000 }, async () => {
    const search =
      'env=crafting&method=classifier%2Bcloning&labels=oracle&hidden=128&blocks=2&demonstrations=20&seed=9&iterations=33&beside=nonsense%2Bpcgrad&besideLabels=shuffled&speed=1&at=7&pair=2-3&game=4&split=train&parameter=tokens';
    const { page, errors } = await open(server, search);
    const shown = (): Promise<string[]> =>
      page.$$eval('main select, main input', (fields) =>
        fields.map((field) => {
          const input = field as HTMLInputElement;
          return input.type === 'radio' || input.type === 'checkbox' ? `${input.checked}` : input.value;
        }),
      );
    const before = await shown();
    expect(before.slice(0, 6)).toEqual(['crafting', '128', '2', '20', '9', '33']);
    await click(page, 'contrastive');
    await page.waitForFunction(() => location.search.includes('contrastive'), { polling: 100 });
    for (const kept of ['speed=1', 'at=7', 'pair=2-3', 'game=4', 'split=train', 'parameter=tokens']) {
      expect(await page.evaluate(() => location.search)).toContain(kept);
    }
    const changed = await shown();
    await page.reload();
    await page.waitForSelector('button.main');
    expect(await shown()).toEqual(changed);
    expect(changed).not.toEqual(before);
    expect(await page.$eval('.transport', (node) => (node as HTMLElement).innerText)).toMatch(
      /takes about \d+ (seconds|minutes)/,
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  it('settings that exclude each other are named beside Start', { timeout: 300_000 }, async () => {
    const { page } = await open(server, 'method=decouple');
    expect(await page.$eval('button.main', (button) => (button as HTMLButtonElement).disabled)).toBe(false);
    await click(page, 'PPO');
    await waitForText(page, 'These settings do not go together: method "decouple" replaces the advantages');
    expect(await page.$eval('button.main', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
    await page.close();
  });

  it('every preset is a link to settings that can be trained', { timeout: 300_000 }, async () => {
    const { page, errors } = await open(server, '');
    const links = await page.$$eval('.presets a', (all) => all.map((link) => (link as HTMLAnchorElement).href));
    expect(links).toEqual(presets.map(({ query: of }) => `${server.url}lab/?${of}`));
    for (const link of links) {
      await page.goto(link);
      await page.waitForSelector('button.main:not(:disabled)');
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  it('axe finds nothing in a run of two methods, in both themes and widths', { timeout: 300_000 }, async () => {
    const { page } = await open(server, `${dangerQuery}&beside=decouple&pair=1-40`);
    await click(page, 'Start');
    await page.waitForFunction(() => document.body.innerText.match(/parameters [0-9a-f]{16}/g)?.length === 2, {
      polling: 200,
      timeout: patience,
    });
    await page.waitForFunction(() => document.body.innerText.match(/with its likeliest actions/g)?.length === 2, {
      polling: 200,
      timeout: patience,
    });
    await expectAccessibleInAllLooks(page, name);
    await page.close();
  });
});
