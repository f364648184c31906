/** The canvas: drawing, training, spillover, and the module that the command trains on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { drawingOf, moduleOf } from '../src/canvas/export/drawing.ts';
import { keptApart, placeNear } from '../src/canvas/places.ts';
import { correlation, roundBelow, successOf } from '../src/canvas/readings.ts';
import { actionCount, leastDistance, presets, type Scene } from '../src/plane/scene.ts';
import { statesToText } from '../src/plane/sceneText.ts';
import { startTraining } from '../src/plane/training.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';

const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

const presetScene = (name: string, change: Partial<Scene> = {}): Scene => {
  const preset = presets.find((p) => p.name === name);
  if (!preset) throw new Error(`no preset is named ${name}`);
  return { ...preset.scene, ...change };
};

const queryOf = ({ states, network, sharing, seed, eta }: Scene): string =>
  `?${new URLSearchParams({ states: statesToText(states), network, sharing, seed: `${seed}`, eta: `${eta}` })}`;

async function trained(scene: Scene, updates: number) {
  const training = await startTraining(scene, 2);
  for (let u = 0; u < updates; u++) training.step();
  return training;
}

const success = async (scene: Scene, updates: number, ofTrained = true): Promise<number> =>
  successOf(scene.states, (await trained(scene, updates)).probabilities(), ofTrained);

describe('the scenes show what their sentences say', () => {
  it('two look-alikes: the rare state learns the wrong action by update 10 and recovers after 100', async () => {
    const wrong = async (updates: number): Promise<number> =>
      (await trained(presetScene('Two look-alikes'), updates)).probabilities()[actionCount];
    expect(await wrong(10)).toBeGreaterThan(0.9);
    expect(await wrong(100)).toBeGreaterThan(0.5);
    expect(await wrong(160)).toBeLessThan(0.1);
  });

  it.each(['Locked in', 'Rare between common'])('%s: state 2 keeps the wrong action to the end', async (name) => {
    expect((await trained(presetScene(name), 600)).probabilities()[actionCount]).toBeGreaterThan(0.99);
  });

  it('rare friend: right within 10 updates, alone after more than 100', async () => {
    const right = async (sharing: Scene['sharing'], updates: number): Promise<number> =>
      (await trained(presetScene('Rare friend', { sharing }), updates)).probabilities()[actionCount + 1];
    expect(await right('coupled', 10)).toBeGreaterThan(0.9);
    expect(await right('own', 100)).toBeLessThan(0.9);
  });

  it('sampled actions give the look-alikes the course of exact gradients', async () => {
    const scene = presetScene('Two look-alikes', { sampled: true });
    const wrong = async (updates: number): Promise<number> =>
      (await trained(scene, updates)).probabilities()[actionCount];
    expect(await wrong(20)).toBeGreaterThan(0.8);
    expect(await wrong(600)).toBeLessThan(0.2);
    expect(await wrong(20)).not.toBe((await trained(presetScene('Two look-alikes'), 20)).probabilities()[actionCount]);
  });

  it('held out: four of five by transfer, which decoupling of the trained states leaves', async () => {
    for (const [sharing, of] of [
      ['coupled', 0.8],
      ['decoupled', 0.79],
      ['own', 0.25],
    ] as const) {
      expect(await success(presetScene('Held out', { sharing }), 40, false), sharing).toBeCloseTo(of, 1);
    }
  });
});

describe('the next step', () => {
  const scene = presetScene('Ring, alternating', { eta: 0.001 });

  it.each([
    ['coupled', false],
    ['coupled', true],
    ['decoupled', false],
    ['own', false],
  ] as const)('%s, sampled %s: the actual change is that of the step', async (sharing, sampled) => {
    const training = await trained({ ...scene, eta: 2, sharing, sampled }, 5);
    const { actual } = training.lookAhead();
    const before = training.probabilities();
    training.step();
    const after = training.probabilities();
    for (const [i, change] of actual.entries()) expect(Math.log(after[i] / before[i])).toBeCloseTo(change, 5);
  });

  it('the prediction is the derivative of the step: at a small step size they differ by less than 2%', async () => {
    const { predicted, actual, predictedSpillover, actualSpillover } = (await trained(scene, 0)).lookAhead();
    for (const [p, a] of [
      [predicted, actual],
      [predictedSpillover, actualSpillover],
    ] as const) {
      const most = Math.max(...p.map(Math.abs));
      for (const [i, change] of a.entries()) expect(Math.abs(change - p[i])).toBeLessThan(0.02 * most);
      expect(correlation(p, a)).toBeGreaterThan(0.999);
    }
  });

  it('spillover is the change beyond that of a network of its own, and none with networks of their own', async () => {
    const { actual, actualSpillover } = (await trained({ ...scene, eta: 2 }, 0)).lookAhead();
    const own = (await trained({ ...scene, eta: 2, sharing: 'own' }, 0)).lookAhead();
    for (const [i, change] of actualSpillover.entries()) expect(change).toBeCloseTo(actual[i] - own.actual[i], 5);
    expect(own.actualSpillover.every((x) => x === 0)).toBe(true);
    const size = (of: Float64Array): number => Math.max(...of.map(Math.abs));
    const decoupled = (await trained({ ...scene, eta: 2, sharing: 'decoupled' }, 0)).lookAhead();
    expect(size(decoupled.predictedSpillover)).toBeLessThan(0.3 * size(actualSpillover));
  });
});

describe('places', () => {
  const states = presetScene('Two look-alikes').states;

  it('keeps states apart: a place on another state moves beside it', () => {
    expect(placeNear(states, 0.5, 0.5, null)).toEqual({ x: 0.5, y: 0.5, beside: null });
    for (const [x, y] of [
      [0.165, 0],
      [0.17, 0.01],
      [0.165, -0.02],
    ]) {
      const place = placeNear(states, x, y, 0);
      expect(place?.beside).toBe(1);
      expect(Math.hypot((place?.x ?? 0) - 0.165, place?.y ?? 0)).toBeGreaterThanOrEqual(leastDistance);
    }
    expect(placeNear(states, 7, -7, null)).toMatchObject({ x: 0.98, y: -0.98 });
  });

  it('leaves out states of a link that lie on another', () => {
    expect(keptApart([states[0], { ...states[0], x: states[0].x + 0.01 }, states[1]])).toEqual(states);
  });

  it('rounds scales down to 1, 2 or 5', () => {
    expect([0.00034, 0.07, 1, 2.5, 49].map(roundBelow)).toEqual([0.0002, 0.05, 1, 2, 20]);
  });
});

it('the exported module passes the checks of bridges', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-canvas-'));
  try {
    writeFileSync(join(folder, 'drawing.mjs'), moduleOf(await drawingOf(presetScene('Held out'))));
    const { stdout, status } = spawnSync(process.execPath, [command, 'bridge', 'check', 'node drawing.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toContain('stepMany');
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const canvasAddress = (server: SiteServer, scene: Scene): string => `${server.url}canvas/${queryOf(scene)}`;

/** Waits until the page shows the states after a number of updates. */
const reach = (page: Page, updates: number): Promise<void> =>
  waitForText(page, `\\b${updates} ${updates === 1 ? 'update' : 'updates'}`);

/** The point of the screen at a place of the plane. */
const pointOf = (page: Page, x: number, y: number): Promise<[number, number]> =>
  page.$eval(
    '.plane',
    (plane, [right, up]) => {
      plane.scrollIntoView({ behavior: 'instant' });
      const { left, top, width, height } = plane.getBoundingClientRect();
      return [left + ((1 + right) * width) / 2, top + ((1 - up) * height) / 2] as [number, number];
    },
    [x, y] as const,
  );

/** Where the states are, as their labels say. */
const placesOf = (page: Page): Promise<(readonly [number, number])[]> =>
  page.$$eval('.state', (states) =>
    states.map((state) => {
      const found = /at (-?[\d.]+), (-?[\d.]+)$/.exec(state.getAttribute('aria-label') ?? '');
      return [Number(found?.[1]), Number(found?.[2])] as const;
    }),
  );

/** The rows of the table of states, without the first cell. */
const tableOf = (page: Page): Promise<string[][]> =>
  page.$$eval('table.states tbody tr', (rows) =>
    rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
  );

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

  it('a drawing survives a reload; keys edit it, and undo takes edits back', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}canvas/?states=-200,0,0,500;300,100,2,500h`);
    await page.waitForSelector('.state');
    await page.focus('.state');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('4');
    await click(page, 'Add a state');
    await page.waitForFunction(() => location.search.split(/;|%3B/).length === 3, { polling: 100 });
    const address = page.url();
    expect(decodeURIComponent(address)).toContain('states=-200,20,3,500;300,100,2,500h;0,0,0,500');
    await page.goto(address);
    await page.waitForFunction(() => document.querySelectorAll('.state').length === 3, { polling: 100 });
    const labels = (): Promise<(string | null)[]> =>
      page.$$eval('.state', (states) => states.map((state) => state.getAttribute('aria-label')));
    expect((await labels())[0]).toMatch(/^State 1: right action D, .* at -0.2, 0.02$/);
    expect((await labels())[1]).toMatch(/^State 2, held out: right action C/);
    await page.focus('.state:nth-of-type(2)');
    for (const key of ['h', '-', 'Delete'] as const) await page.keyboard.press(key);
    expect(await labels()).toHaveLength(2);
    await page.keyboard.down('Control');
    await page.keyboard.press('z');
    expect((await labels())[1]).toMatch(/^State 2: right action C, .*frequency 0.4/);
    await page.keyboard.press('z');
    await page.keyboard.press('z');
    await page.keyboard.up('Control');
    expect((await labels())[1]).toMatch(/^State 2, held out: .*frequency 0.5/);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('the mouse adds and drags states, and no state comes to lie on another', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}canvas/?states=-500,0,0,500;500,0,1,500`);
    await page.waitForSelector('.state');
    await page.mouse.click(...(await pointOf(page, 0, 0.5)));
    await page.mouse.move(...(await pointOf(page, -0.5, 0)));
    await page.mouse.down();
    await page.mouse.move(...(await pointOf(page, 0, 0)), { steps: 4 });
    await page.mouse.move(...(await pointOf(page, 0.495, 0)), { steps: 4 });
    await page.mouse.up();
    await waitForText(page, 'State 1 stays 0.03 away from state 2');
    const [moved, , added] = await placesOf(page);
    expect(Math.hypot(moved[0] - 0.5, moved[1])).toBeGreaterThanOrEqual(leastDistance);
    expect(Math.hypot(moved[0] - 0.5, moved[1])).toBeLessThan(0.045);
    expect(Math.abs(added[0]) + Math.abs(added[1] - 0.5)).toBeLessThan(0.02);
    await click(page, 'Undo');
    await page.waitForFunction(() => decodeURIComponent(location.search).includes('states=-500,0,0,500;'), {
      polling: 100,
    });
    expect(errors).toEqual([]);
    await page.close();
  });

  it('a finger adds and drags states on a phone, and the page stays where it is', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.setViewport({ width: 390, height: 800, hasTouch: name === 'chromium' });
    await page.goto(`${server.url}canvas/?states=-500,0,0,500;500,0,1,500`);
    await page.waitForSelector('.state');
    await page.touchscreen.tap(...(await pointOf(page, 0, 0.5)));
    await page.waitForFunction(() => document.querySelectorAll('.state').length === 3, { polling: 100 });
    const scrolled = await page.evaluate(() => scrollY);
    const [x, y] = await pointOf(page, -0.5, 0);
    await page.touchscreen.touchStart(x, y);
    for (let step = 1; step <= 5; step++) await page.touchscreen.touchMove(x, y - 10 * step);
    await page.touchscreen.touchEnd();
    const [[left, up]] = await placesOf(page);
    expect(left).toBeCloseTo(-0.5, 1);
    expect(up).toBeGreaterThan(0.2);
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.each([
    ['fourier', 'coupled'],
    ['mlp', 'decoupled'],
    ['fourier', 'own'],
  ] as const)('%s, %s: probabilities and arrows are those of Node', { timeout: 60_000 }, async (network, sharing) => {
    const { page, errors } = await browser.newPage();
    const scene = presetScene('Held out', { network, sharing, seed: 3, sampled: network === 'mlp' });
    await page.goto(`${canvasAddress(server, scene)}${scene.sampled ? '&gradients=sampled' : ''}`);
    await reach(page, 0);
    for (let u = 1; u <= 3; u++) {
      await click(page, 'Step');
      await reach(page, u);
    }
    const training = await trained(scene, 3);
    const p = training.probabilities();
    const { predictedSpillover, actualSpillover } = training.lookAhead();
    const shown = await tableOf(page);
    const number = (text: string): number => Number(text.replace('−', '-'));
    for (const [s, { right }] of scene.states.entries()) {
      const cells = shown[s];
      const at = s * actionCount;
      expect(cells.slice(2, 6)).toEqual(Array.from(p.subarray(at, at + actionCount), (x) => x.toFixed(3)));
      expect(number(cells[6])).toBe(Number(predictedSpillover[at + right].toFixed(4)));
      expect(number(cells[7])).toBe(Number(actualSpillover[at + right].toFixed(4)));
    }
    const found = correlation(predictedSpillover, actualSpillover);
    await waitForText(
      page,
      found === null ? 'no state affects another' : `all states and actions: ${found.toFixed(3)}\\.`,
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  it('one ring, two colourings: coupling harms the one and helps the other', { timeout: 120_000 }, async () => {
    const { page, errors } = await browser.newPage();
    const shown: Record<string, number> = {};
    for (const drawing of ['Ring, alternating', 'Ring, in halves']) {
      await page.goto(`${server.url}canvas/`);
      await click(page, drawing);
      for (const [sharing, words] of [
        ['own', 'Own networks'],
        ['coupled', 'Coupled'],
      ] as const) {
        await click(page, words);
        await reach(page, 0);
        for (let u = 1; u <= 20; u++) await click(page, 'Step');
        await reach(page, 20);
        const value = await success(presetScene(drawing, { sharing }), 20);
        await waitForText(page, `after 20 updates: .*${value.toFixed(2)} ${words.toLowerCase()}`);
        shown[`${drawing} ${sharing}`] = value;
      }
    }
    expect(shown['Ring, alternating coupled']).toBeLessThan(shown['Ring, alternating own'] - 0.3);
    expect(shown['Ring, in halves coupled']).toBeGreaterThan(shown['Ring, in halves own'] + 0.05);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('the command trains the saved module to the hash of the page', { timeout: 120_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${canvasAddress(server, presetScene('Held out', { seed: 5 }))}&iterations=4`);
    await page.waitForSelector('.state');
    await page.evaluate(() => {
      URL.createObjectURL = (blob) => {
        void (blob as Blob).text().then((text) => Object.assign(globalThis, { saved: text }));
        return '#';
      };
    });
    await click(page, 'Save drawing.mjs');
    await page.waitForFunction(() => 'saved' in globalThis, { polling: 100 });
    const saved = await page.evaluate(() => (globalThis as unknown as { saved: string }).saved);
    const shown = await page.$eval('.command code', (code) => code.textContent ?? '');
    await click(page, 'Train it with the full trainer');
    await waitForText(page, 'parameters\\s+[0-9a-f]{64}');
    const hash = await page.$eval('.hash code', (code) => code.textContent ?? '');
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-canvas-'));
    try {
      writeFileSync(join(folder, 'drawing.mjs'), saved);
      const line = `"${process.execPath}" "${command}" ${shown.replace(/^unbraid /, '')} --workers 1`;
      const printed = execFileSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
      expect(printed).toContain(`parameters ${hash}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  it('axe finds nothing while a state is selected, in both themes and widths', { timeout: 120_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(canvasAddress(server, presetScene('Held out')));
    await page.waitForSelector('.state');
    await page.focus('.state');
    await expectAccessibleInAllLooks(page, name);
    await page.close();
  });
});
