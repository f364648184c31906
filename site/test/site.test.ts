/** Visits the built site in real browsers. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SiteServer, serveSite } from '../scripts/server.ts';
import { lookAlikes } from '../src/plane/scene.ts';
import { startTraining } from '../src/plane/training.ts';
import { browserNames, click, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
let server: SiteServer;

beforeAll(async () => {
  server = await serveSite(dist);
});
afterAll(() => server.close());

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  }, 60_000);
  afterAll(() => browser?.close());

  it('a step of the story shows the probabilities that Node computes', { timeout: 60_000 }, async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.url}?similarity=0.8`);
    await waitForText(page, '0 updates');
    await click(page, 'Step');
    await waitForText(page, '1 update');
    const shown = await page.$$eval('.bars .value', (cells) => cells.map((cell) => cell.textContent));
    const distance = Math.round(1000 * 0.4 * Math.sqrt(-2 * Math.log(0.8))) / 1000;
    const scene = { states: lookAlikes(distance), network: 'fourier', sharing: 'coupled', seed: 1, eta: 2 } as const;
    const training = await startTraining(scene, 2);
    training.step();
    expect(shown).toEqual(Array.from(training.probabilities(), (p) => p.toFixed(2)));
    expect(errors).toEqual([]);
    await page.close();
  });
});
