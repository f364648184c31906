/** The browsers of the tests: those of the system, with new profiles. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

export const browserNames = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof browserNames)[number];

const candidates: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

/** The program of a browser; `UNBRAID_CHROMIUM` and `UNBRAID_FIREFOX` name others. null if there is none. */
export function programOf(name: BrowserName): string | null {
  const named = process.env[`UNBRAID_${name.toUpperCase()}`];
  return (named ? [named] : candidates[name]).find((path) => existsSync(path)) ?? null;
}

export interface OpenedBrowser {
  /**
   * A page of its own storage, whose errors are collected. In Firefox it has one thread unless `threads` is set: while
   * Firefox 153 is driven through WebDriver BiDi, `new Worker` in a worker blocks without end in 1 of 30 calls (20 of
   * 649). Without the protocol, none of 457 calls of the same page did.
   */
  newPage(options?: {
    readonly threads?: boolean | undefined;
  }): Promise<{ readonly page: Page; readonly errors: string[] }>;
  close(): Promise<void>;
}

/**
 * Opens a browser. Without the service worker, a page does not store the files of all other pages first, which takes
 * a second of processor time.
 */
export async function openBrowser(
  name: BrowserName,
  { serviceWorker = true }: { readonly serviceWorker?: boolean } = {},
): Promise<OpenedBrowser> {
  const executablePath = programOf(name);
  if (!executablePath) throw new Error(`openBrowser: ${name} is not installed`);
  const downloads = mkdtempSync(join(tmpdir(), 'unbraid-site-'));
  const isRoot = process.getuid?.() === 0;
  const browser: Browser = await puppeteer.launch({
    ...{ browser: name === 'firefox' ? 'firefox' : 'chrome', executablePath, headless: true },
    // Chromium refuses to run its sandbox as root.
    args: name === 'chromium' && isRoot ? ['--no-sandbox'] : [],
  });
  return {
    async newPage({ threads = name !== 'firefox' } = {}) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.once('close', () => void context.close().catch(() => {}));
      await page.setViewport({ width: 1280, height: 900 });
      if (!serviceWorker) {
        await page.evaluateOnNewDocument(() => {
          // The empty page has none.
          if ('serviceWorker' in navigator) navigator.serviceWorker.register = () => new Promise(() => {});
        });
      }
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      if (!threads) {
        await page.evaluateOnNewDocument(() => {
          Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 1 });
        });
      }
      return { page, errors };
    },
    async close() {
      await browser.close();
      rmSync(downloads, { recursive: true, force: true });
    },
  };
}

/** Clicks the button or label with exactly this text. */
export async function click(page: Page, text: string): Promise<void> {
  const clicked = await page.evaluate((wanted) => {
    const all = [...document.querySelectorAll<HTMLElement>('button, label, a')];
    const found = all.find((element) => element.textContent?.trim() === wanted);
    found?.click();
    return found !== undefined;
  }, text);
  if (!clicked) throw new Error(`click: no button, label or link has the text ${wanted(text)}`);
}

const wanted = (text: string): string => JSON.stringify(text);

/** Waits until the page's text has a part that matches. */
export async function waitForText(page: Page, pattern: string, timeout = 60_000): Promise<void> {
  await page.waitForFunction(
    (source) => new RegExp(source).test(document.body.innerText),
    { timeout, polling: 200 },
    pattern,
  );
}
