/**
 * Prints what the main thread of the lab and of the canvas does while they train, in words and as JSON (last line).
 *
 *     npm run frames:site
 *     npm run frames:site -- --seconds 20
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser } from '../test/browsers.ts';
import { type FrameTimes, measureFrames } from './frameTimes.ts';
import { buildIfMissing, site } from './prepare.ts';
import { serveSite } from './server.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds <= 600)) {
  throw new Error(`frames: --seconds must be over 0 and at most 600, got ${values.seconds}`);
}

function words(
  name: string,
  { frames, seconds: span, scriptMs, taskMs, longestTaskMs, longTasks }: FrameTimes,
): string {
  return [
    `${name.padEnd(8)}${(frames / span).toFixed(1)} frames a second`,
    `script ${scriptMs.toFixed(2)} ms and all tasks ${taskMs.toFixed(2)} ms in 1/60 s`,
    `longest task ${longestTaskMs.toFixed(1)} ms, ${longTasks} over 50 ms`,
  ].join('; ');
}

buildIfMissing();
const server = await serveSite(join(site, 'dist'));
const browser = await openBrowser('chromium');
try {
  const report = await measureFrames(browser, server.url, seconds);
  console.log('Processor time of the main thread while the page trains:');
  for (const [name, times] of Object.entries({ empty: report.empty, ...report.pages })) console.log(words(name, times));
  console.log(`A fixed loop on the empty page takes ${report.unitMs.toFixed(2)} ms here.`);
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
  await server.close();
}
