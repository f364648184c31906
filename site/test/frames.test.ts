/** What the main thread does while a page trains, bounded by a fixed loop and by an empty page of the same browser. */
import { describe, expect, it } from 'vitest';
import { type FrameReport, measureFrames, tasksOfTrace } from '../scripts/frameTimes.ts';
import { openBrowser, programOf } from './browsers.ts';
import { serveBuilt } from './built.ts';

const seconds = 3;
/**
 * A unit is a loop of 100,000 steps, 1 ms on the machine on which the bounds were chosen. A frame has 16.7 ms, of which
 * script may take 6. Pages that train on the main thread take all of it.
 */
const scriptUnits = 6;
const taskUnits = 50;

describe.skipIf(programOf('chromium') === null)('while they train', () => {
  it('lab and canvas leave most of each frame free, and have no long task', { timeout: 120_000 }, async () => {
    const server = await serveBuilt();
    const browser = await openBrowser('chromium');
    let report: FrameReport;
    try {
      report = await measureFrames(browser, server.url, seconds);
    } finally {
      await browser.close();
      await server.close();
    }
    console.log(JSON.stringify(report));
    const { unitMs, empty, pages } = report;
    expect(unitMs).toBeGreaterThan(0);
    for (const [name, times] of Object.entries(pages)) {
      expect(times.scriptMs, `${name}: some script ran`).toBeGreaterThan(empty.scriptMs);
      expect(times.scriptMs - empty.scriptMs, `${name}: script in 1/60 s`).toBeLessThan(scriptUnits * unitMs);
      expect(times.longestTaskMs, `${name}: longest task`).toBeLessThan(taskUnits * unitMs);
    }
  });
});

it('reads the tasks of main threads from a trace', () => {
  const main = { name: 'thread_name', pid: 1, tid: 2, args: { name: 'CrRendererMain' } };
  const task = { name: 'RunTask', pid: 1, tid: 2, tdur: 1500 };
  const traceEvents = [task, main, { ...task, tid: 3 }, { ...task, name: 'FunctionCall' }, { ...task, tdur: 60_000 }];
  expect(tasksOfTrace(JSON.stringify({ traceEvents }))).toEqual([1.5, 60]);
});
