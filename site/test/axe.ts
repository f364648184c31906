/** What axe and the width say about a page. */
import axe from 'axe-core';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import type { BrowserName } from './browsers.ts';

/** Themes and widths. Rules of axe do not depend on the browser, so the slower one looks at half of them. */
export const looks = {
  chromium: [
    ['light', 1440],
    ['light', 390],
    ['dark', 1440],
    ['dark', 390],
  ],
  firefox: [
    ['light', 390],
    ['dark', 1440],
  ],
} as const;

/** Expects that axe finds nothing, and that the page is not wider than the window. */
export async function expectAccessible(page: Page, look: string): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const findings = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  });
  expect(findings, look).toEqual([]);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `width, ${look}`).toBeLessThanOrEqual(0);
}

/** Expects it in the themes and widths of a browser, without loading the page again. */
export async function expectAccessibleInAllLooks(page: Page, name: BrowserName): Promise<void> {
  for (const [theme, width] of looks[name]) {
    await page.setViewport({ width, height: 900 });
    await page.evaluate((chosen) => {
      document.documentElement.dataset.theme = chosen;
    }, theme);
    await expectAccessible(page, `${theme} at ${width}`);
  }
}
