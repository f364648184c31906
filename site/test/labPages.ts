/** What the tests of the lab share: its settings, its downloads, and a site whose workers are changed. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'puppeteer-core';
import { train } from 'unbraid';
import type { SiteServer } from '../scripts/server.ts';
import { testBase } from '../scripts/testBuild.ts';
import { configOf, type Settings } from '../src/lab/settings.ts';
import { click, type OpenedBrowser, waitForText as waitForTextWithin } from './browsers.ts';
import { dist, serveBuilt } from './built.ts';

const folders: string[] = [];

/** A new folder, until `removeFolders`. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-lab-'));
  folders.push(folder);
  return folder;
}

export const first: Settings = { env: 'bandit', method: 'grpo', labels: 'graph', hidden: 32, seed: 7, iterations: 12 };
export const query = 'env=bandit&hidden=32&seed=7&iterations=12';
export const danger: Settings = {
  env: 'look-alike',
  method: 'grpo',
  labels: 'graph',
  hidden: 32,
  seed: 3,
  iterations: 12,
};
export const dangerQuery = 'env=look-alike&hidden=32&seed=3&iterations=12';

export const hashOf = async (settings: Settings): Promise<string> =>
  `parameters ${(await train(configOf(settings))).parametersSha256.slice(0, 16)}`;

/** Serves the site with a line put before the script of one of the lab's workers. */
export async function serveWith(worker: 'trainWorker' | 'viewWorker', line: string): Promise<SiteServer> {
  const root = temporary();
  const folder = join(root, testBase);
  for (const part of ['app', 'lab']) cpSync(join(dist, part), join(folder, part), { recursive: true });
  const script = readdirSync(join(folder, 'app')).find((name) => name.startsWith(`${worker}-`)) as string;
  const path = join(folder, 'app', script);
  writeFileSync(path, `${line}\n${readFileSync(path, 'utf8')}`);
  return serveBuilt({ folder: root });
}

/** Presses the download button and writes the zip's files to a folder; returns the run's folder. */
export async function download(page: Page): Promise<string> {
  await page.evaluate(() => {
    const create = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
      void (blob as Blob).arrayBuffer().then((buffer) => {
        Object.assign(globalThis, { saved: Array.from(new Uint8Array(buffer)) });
      });
      return create(blob);
    };
  });
  await click(page, 'Download the run');
  await page.waitForFunction(() => 'saved' in globalThis, { polling: 100 });
  const zip = Uint8Array.from(await page.evaluate(() => (globalThis as unknown as { saved: number[] }).saved));
  const folder = temporary();
  for (const [path, bytes] of Object.entries(unzipSync(zip))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return join(folder, readdirSync(folder)[0]);
}

/** A page trains slowly where the tests of other pages run at the same time. */
export const patience = 120_000;

export const waitForText = (page: Page, pattern: string): Promise<void> => waitForTextWithin(page, pattern, patience);

export const textOf = (page: Page): Promise<string> => page.evaluate(() => document.body.innerText);

/** The iteration that the page states. */
export const iterationOf = async (page: Page): Promise<number> =>
  Number(/Iteration (\d+) of/.exec(await textOf(page))?.[1]);

/** Opens the lab with these settings in its address. @param threads see `newPage` */
export async function openLab(
  browser: OpenedBrowser,
  site: SiteServer,
  search: string,
  threads?: boolean,
): Promise<{ page: Page; errors: string[] }> {
  const opened = await browser.newPage({ threads });
  await opened.page.goto(`${site.url}lab/?${search}`);
  await opened.page.waitForSelector('button.main, [role=alert]');
  return opened;
}

/** Removes the folders that `temporary` made. */
export function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
