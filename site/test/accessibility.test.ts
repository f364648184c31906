/** Every page: axe in both themes, widths, keyboard, reduced motion, and the message to old browsers. */
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteServer } from '../scripts/server.ts';
import { expectAccessibleInAllLooks } from './axe.ts';
import { browserNames, type OpenedBrowser, openBrowser, programOf, waitForText } from './browsers.ts';
import { serveBuilt } from './built.ts';

const routes = ['', 'canvas/', 'lab/', 'verify/', 'bench/', 'volunteer/'] as const;
let server: SiteServer;

beforeAll(async () => {
  server = await serveBuilt();
});
afterAll(() => server.close());

/** Words for the element that has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = element?.getAttribute('aria-label') ?? element?.closest('label')?.textContent ?? element?.textContent;
    return `${element?.tagName.toLowerCase()} ${(label ?? '').trim()}`;
  });

describe.each(browserNames.filter((name) => programOf(name) !== null))('in %s', (name) => {
  let browser: OpenedBrowser;
  beforeAll(async () => {
    browser = await openBrowser(name, { serviceWorker: false });
  }, 60_000);
  afterAll(() => browser?.close());

  it.each(routes)('axe finds nothing at /%s, and it fits', { timeout: 90_000 }, async (route) => {
    const { page } = await browser.newPage();
    await page.goto(server.url + route);
    await page.waitForSelector('main h1');
    await expectAccessibleInAllLooks(page, name);
    await page.close();
  });

  it.each(routes)('Tab passes the controls of /%s in their order', { timeout: 60_000 }, async (route) => {
    const { page } = await browser.newPage();
    await page.goto(server.url + route);
    await page.waitForSelector('main h1');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('a Skip to content');
    const first: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab');
      first.push(await focused(page));
    }
    expect(first).toEqual([
      'a unbraid',
      'a Story',
      'a Canvas',
      'a Lab',
      'a Check',
      'a Benchmark',
      'a Volunteer',
      'a Docs',
    ]);
    // Every further stop follows the one before in the document, and can be seen.
    const stops: { follows: boolean; outlined: boolean; name: string }[] = [];
    await page.keyboard.press('Tab');
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (!element.closest('main')) return null;
        const state = globalThis as unknown as { lastStop?: HTMLElement };
        const order = state.lastStop?.compareDocumentPosition(element) ?? Node.DOCUMENT_POSITION_FOLLOWING;
        state.lastStop = element;
        // A hidden radio button is drawn by its label.
        const parts = [element, element.closest('label')].filter((part) => part !== null);
        return {
          follows: (order & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
          outlined: parts.some((part) => getComputedStyle(part).outlineStyle !== 'none'),
          name: element.outerHTML.slice(0, 120),
        };
      });
      if (stop === null) break;
      stops.push(stop);
    }
    expect(stops.length).toBeGreaterThan(0);
    expect(stops.filter(({ follows, outlined }) => !follows || !outlined)).toEqual([]);
    await page.close();
  });

  // Firefox cannot be told to prefer less motion through the protocol.
  it.skipIf(name === 'firefox').each(routes)(
    'nothing at /%s moves by itself where motion is reduced',
    { timeout: 60_000 },
    async (route) => {
      const { page } = await browser.newPage();
      await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
      await page.goto(server.url + route);
      await page.waitForSelector('main h1');
      const moving = await page.evaluate(() => {
        const animations = document.getAnimations().filter(({ playState }) => playState === 'running').length;
        const seconds = (text: string): number => Math.max(...text.split(',').map((part) => Number.parseFloat(part)));
        const slow = [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(element);
          return scrollBehavior === 'smooth' || seconds(transitionDuration) > 0.01 || seconds(animationDuration) > 0.01;
        });
        return { animations, slow: slow.map(({ tagName, className }) => `${tagName}.${className}`) };
      });
      expect(moving).toEqual({ animations: 0, slow: [] });
      await page.close();
    },
  );

  it('an old browser is told what the pages need', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.goto(server.url);
    await page.waitForSelector('main h1');
    expect(await page.evaluate(() => document.body.textContent)).not.toContain('This browser cannot run');
    await page.evaluateOnNewDocument(() => {
      WebAssembly.validate = () => false;
    });
    await page.goto(`${server.url}canvas/`);
    await waitForText(page, 'This browser cannot run the pages that train.*Firefox 121');
    await page.close();
  });

  // Firefox cannot be told to run no scripts through the protocol.
  it.skipIf(name === 'firefox')('without scripts a page says that it needs them', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.setJavaScriptEnabled(false);
    await page.goto(server.url);
    expect(await page.$eval('noscript', (element) => (element as HTMLElement).innerText)).toContain('needs JavaScript');
    await page.close();
  });
});
