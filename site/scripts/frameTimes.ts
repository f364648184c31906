/**
 * Work of a page's main thread while it trains, beside that of an empty page in the same browser.
 *
 * Times are those that the thread spent on a processor, as Chromium counts them. Time in which it waited for other
 * programs is not in them. They are given per sixtieth of a second, not per frame drawn: a loaded machine draws fewer
 * frames, and then more messages of a worker fall on each. So a load can only lower the numbers. A slow machine raises
 * them; `unitMs`, the time of a fixed loop on the empty page, tells how slow it is.
 */
import type { CDPSession, Page } from 'puppeteer-core';
import type { OpenedBrowser } from '../test/browsers.ts';

export interface FrameTimes {
  /** Frames that were drawn in the span. */
  readonly frames: number;
  readonly seconds: number;
  /** Milliseconds of script in 1/60 s. */
  readonly scriptMs: number;
  /** Milliseconds of all tasks in 1/60 s: script, style, layout and paint. */
  readonly taskMs: number;
  readonly longestTaskMs: number;
  /** Tasks over 50 ms. */
  readonly longTasks: number;
}

export interface FrameReport {
  readonly unitMs: number;
  readonly empty: FrameTimes;
  readonly pages: Readonly<Record<string, FrameTimes>>;
}

const longTask = 50;
/** The pages that are measured, with the text of the button that starts the work. */
const measured = {
  lab: ['lab/?env=household&method=classifier%2Bcloning&iterations=500', 'Start'],
  canvas: ['canvas/', 'Play'],
} as const;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Milliseconds of each task of a page's main thread. */
export function tasksOfTrace(trace: string): number[] {
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const isMain = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args?.name === 'CrRendererMain';
  const mains = new Set(traceEvents.filter(isMain).map(threadOf));
  return traceEvents
    .filter((event) => event.name === 'RunTask' && mains.has(threadOf(event)))
    .map(({ tdur = 0 }) => tdur / 1000);
}

async function durations(session: CDPSession): Promise<{ script: number; task: number; at: number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { script: value('ScriptDuration'), task: value('TaskDuration'), at: value('Timestamp') };
}

async function watch(page: Page, session: CDPSession, seconds: number): Promise<FrameTimes> {
  await page.tracing.start({ categories: ['disabled-by-default-devtools.timeline'] });
  const before = await durations(session);
  const frames = await page.evaluate(
    (ms) =>
      new Promise<number>((resolve) => {
        let count = 0;
        const start = performance.now();
        const next = (now: number): void => {
          count++;
          if (now - start < ms) requestAnimationFrame(next);
          else resolve(count);
        };
        requestAnimationFrame(next);
      }),
    seconds * 1000,
  );
  const after = await durations(session);
  const tasks = tasksOfTrace(new TextDecoder().decode(await page.tracing.stop()));
  const span = after.at - before.at;
  const perSixtieth = (time: number): number => (1000 * time) / (60 * span);
  return {
    ...{ frames, seconds: span, scriptMs: perSixtieth(after.script - before.script) },
    ...{ taskMs: perSixtieth(after.task - before.task), longestTaskMs: Math.max(0, ...tasks) },
    longTasks: tasks.filter((ms) => ms > longTask).length,
  };
}

async function openSession(page: Page): Promise<CDPSession> {
  const session = await page.createCDPSession();
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return session;
}

/** Milliseconds of a fixed loop: the median of 15. */
async function measureUnit(page: Page, session: CDPSession): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const { task } = await durations(session);
    await page.evaluate(() => {
      let sum = 0;
      for (let k = 1; k < 100_000; k++) sum += Math.sqrt(k) / (k + sum);
      return sum;
    });
    times.push(1000 * ((await durations(session)).task - task));
  }
  return times.toSorted((a, b) => a - b)[7];
}

/**
 * @param browser Chromium
 * @param url address of a built site; ends with /
 * @param seconds of each page
 */
export async function measureFrames(browser: OpenedBrowser, url: string, seconds: number): Promise<FrameReport> {
  const { page: blank } = await browser.newPage();
  // A page of the same origin and policy without any script.
  await blank.goto(`${url}icon.svg`);
  const session = await openSession(blank);
  const unitMs = await measureUnit(blank, session);
  const empty = await watch(blank, session, seconds);
  await blank.close();
  const pages: Record<string, FrameTimes> = {};
  for (const [name, [path, button]] of Object.entries(measured)) {
    const { page } = await browser.newPage();
    await page.goto(url + path);
    await page.waitForSelector('main h1');
    await page.locator(`::-p-xpath(//button[normalize-space()="${button}"])`).click();
    pages[name] = await watch(page, await openSession(page), seconds);
    await page.close();
  }
  return { unitMs, empty, pages };
}
