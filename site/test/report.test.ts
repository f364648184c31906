/** The reports that the commands write, in a browser: both themes, both widths. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from 'unbraid';
import { recordRun } from 'unbraid/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCoupling, parseMetrics, parseRunResult } from '../../src/record/schemas.ts';
import { renderCouplingPage, renderReport } from '../../src/report/compare/report.ts';
import { renderProfilePage } from '../../src/report/profile/profilePage.ts';
import { profile } from '../../test/report/profile/profileRecord.ts';
import { type SiteServer, serveSite } from '../scripts/server.ts';
import { expectAccessible } from './axe.ts';
import { type OpenedBrowser, openBrowser, programOf } from './browsers.ts';

const folder = mkdtempSync(join(tmpdir(), 'unbraid-reports-'));
const variants = [
  { name: 'GRPO', method: 'grpo', labels: 'none' },
  { name: 'classifier, a variant with a long name', method: 'classifier', labels: 'graph' },
] as const;

/** The records of a short run of a variant. */
async function runOf({ method, labels }: (typeof variants)[number]) {
  const config = {
    ...{
      env: 'bandit',
      policy: 'mlp' as const,
      hidden: 16,
      iterations: 6,
      evalEvery: 2,
      couplingEvery: 2,
      evalEpisodes: 40,
    },
    ...{ method, ...(labels === 'none' ? {} : { labels }) },
  } as const;
  const recorder = recordRun(config);
  const files = recorder.files(await train(config, recorder.hooks));
  const text = (name: string): string => new TextDecoder().decode(files.get(name));
  return {
    name: `${method}-s1`,
    metrics: parseMetrics(text('metrics.jsonl')),
    result: parseRunResult(text('result.json')),
    couplingStart: parseCoupling(text('coupling-start.json')),
    couplingEnd: parseCoupling(text('coupling-end.json')),
  };
}

let server: SiteServer;
let browser: OpenedBrowser;

beforeAll(async () => {
  const runs = [await runOf(variants[0]), await runOf(variants[1])];
  const compare = {
    ...{ command: 'compare', preset: 'quick', note: '' },
    variants: variants.map((variant, i) => ({ ...variant, upperBound: false, control: false, runs: [runs[i].name] })),
  } as Parameters<typeof renderReport>[0]['compare'];
  const pages = {
    compare: renderReport({ compare, runs, command: 'unbraid compare', versions: { unbraid: '0.1.0' } }),
    coupling: renderCouplingPage(runs[0].couplingEnd, runs[0].metrics),
    profile: renderProfilePage(profile),
  };
  for (const [name, html] of Object.entries(pages)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.html'), html);
  }
  // A report is opened from a disk, so without the site's policy, which allows no styles in the page.
  server = await serveSite(folder, 0, {});
  browser = await openBrowser('chromium');
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(programOf('chromium') === null)('a report', () => {
  const shows = ['compare', 'coupling', 'profile'].flatMap((name) =>
    ['light', 'dark'].flatMap((theme) => [1280, 390].map((width) => ({ name, theme, width }))),
  );

  it.each(shows)('$name, $theme, $width px: axe finds nothing, nothing is cut', { timeout: 60_000 }, async (show) => {
    const { name, theme, width } = show;
    const { page } = await browser.newPage();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    await page.goto(`${server.url}${name}/`);
    await expectAccessible(page, `${theme} at ${width}`);
    const seen = await page.evaluate(() => {
      const isShown = (element: Element): boolean => element.getClientRects().length > 0;
      const figures = [...document.querySelectorAll('figure svg')].filter(isShown);
      const regions = [...document.querySelectorAll<HTMLElement>('.scroll')];
      return {
        figures: document.querySelectorAll('figure').length,
        shown: figures.map((svg) => Number(svg.getAttribute('width'))),
        cut: [...document.querySelectorAll('figure text')]
          .filter(isShown)
          .filter((text) => {
            const { left, right } = text.getBoundingClientRect();
            return left < -1 || right > innerWidth + 1;
          })
          .map((text) => text.textContent),
        unreachable: regions.filter((region) => region.scrollWidth > region.clientWidth && region.tabIndex !== 0)
          .length,
        paper: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.querySelector('figure text[fill="#1a1a1a"]') as Element).fill,
      };
    });
    expect(seen.cut).toEqual([]);
    expect(seen.unreachable).toBe(0);
    expect(seen.shown).toEqual(Array.from({ length: seen.figures }, () => (width < 640 ? 360 : 760)));
    expect(seen.paper).toBe(theme === 'dark' ? 'rgb(21, 23, 26)' : 'rgb(255, 255, 255)');
    expect(seen.ink).toBe(theme === 'dark' ? 'rgb(236, 236, 234)' : 'rgb(26, 26, 26)');
    // The browser itself asks for an icon.
    expect(requests.filter((url) => !url.endsWith('favicon.ico'))).toEqual([`${server.url}${name}/`]);
    await page.close();
  });

  it('is light on paper in dark mode, and scrolls a table by keyboard', { timeout: 60_000 }, async () => {
    const { page } = await browser.newPage();
    await page.setViewport({ width: 390, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.goto(`${server.url}compare/`);
    await page.focus('.scroll.many');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => (document.querySelector('.scroll.many')?.scrollLeft ?? 0) > 0, { polling: 50 });
    await page.emulateMediaType('print');
    const paper = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--paper'));
    expect(paper.trim()).toBe('#ffffff');
    await page.close();
  });
});
