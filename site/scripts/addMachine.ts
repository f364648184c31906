/**
 * Adds a result to those that the benchmark page shows for comparison.
 *
 *     node site/scripts/addMachine.ts node
 *     node site/scripts/addMachine.ts chromium
 *     node site/scripts/addMachine.ts FILE.json --machine "Pixel 9" --note "28 November 2026, on battery"
 *
 * `node` measures here; `chromium` and `firefox` measure in that browser with the built site; a file is one that
 * the page saved. Of a result that is there already, the faster time of each task is kept: it had more repetitions then.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fragmentOf, machineOfFragment } from '../src/bench/link.ts';
import type { Machine } from '../src/bench/machines.ts';
import { type Measured, measureAll } from '../src/bench/measure.ts';
import { runThreads } from '../src/bench/tasks.ts';
import { type BrowserName, openBrowser } from '../test/browsers.ts';
import { serveSite } from './server.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const stored = path('../src/bench/machines.json');

async function inNode(): Promise<Machine> {
  const ms: Record<string, number> = {};
  const noise: Record<string, number> = {};
  const threads = runThreads.filter((count) => count <= availableParallelism());
  const tell = (task: Measured): void => {
    ms[task.id] = task.ms;
    noise[task.id] = task.noise;
  };
  await measureAll(readFileSync(path('../../wasm/peak.wasm')), threads, tell);
  return { name: `Node ${process.versions.node.split('.')[0]}`, note: '', ms, noise };
}

async function inBrowser(name: BrowserName): Promise<Machine> {
  const server = await serveSite(path('../dist'));
  const browser = await openBrowser(name);
  try {
    const { page } = await browser.newPage({ threads: true });
    await page.goto(`${server.url}bench/`);
    await page.waitForSelector('button.main');
    await page.evaluate(() => document.querySelector<HTMLButtonElement>('button.main')?.click());
    await page.waitForFunction(() => location.hash.startsWith('#result='), { polling: 500, timeout: 180_000 });
    const machine = machineOfFragment(new URL(page.url()).hash);
    if (!machine) throw new Error(`addMachine: ${name} gave no result; build the site and run the command again`);
    return { ...machine, name: machine.name.split(',')[0] };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** A saved result; its form is checked as that of a link. */
function fromFile(file: string): Machine {
  const machine = machineOfFragment(fragmentOf(JSON.parse(readFileSync(file, 'utf8')) as Machine));
  if (!machine) throw new Error(`addMachine: ${file} must be a result that the page saved; save it again`);
  return machine;
}

const { values, positionals } = parseArgs({
  options: { machine: { type: 'string' }, note: { type: 'string' } },
  allowPositionals: true,
});
const [source] = positionals;
if (positionals.length !== 1) {
  throw new Error('addMachine: give one of node, chromium, firefox or the path of a saved result');
}
const [load] = loadavg();
const isHere = source === 'node' || source === 'chromium' || source === 'firefox';
const result = source === 'node' ? await inNode() : isHere ? await inBrowser(source as BrowserName) : fromFile(source);
const here = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} virtual cores`;
const day = new Date().toISOString().slice(0, 10);
const conditions = `${day}; load average at the start ${load.toFixed(1)}${load > 0.5 ? ', so other programs were running' : ''}`;
const machine: Machine = {
  ...result,
  name: `${result.name}, ${values.machine ?? (isHere ? here : 'unknown machine')}`,
  note: values.note ?? (isHere ? conditions : ''),
};
const results = JSON.parse(readFileSync(stored, 'utf8')) as Machine[];
const before = results.find(({ name }) => name === machine.name);
const faster = Object.keys(machine.ms).filter((id) => !before?.ms[id] || machine.ms[id] < before.ms[id]);
/** The stored numbers, with those of the tasks that were faster now, in few digits. */
const merged = (key: 'ms' | 'noise'): Record<string, number> => ({
  ...before?.[key],
  ...Object.fromEntries(faster.map((id) => [id, Number(machine[key][id].toPrecision(4))])),
});
const kept = { ...machine, ms: merged('ms'), noise: merged('noise') };
const all = [...results.filter((of) => of !== before), kept];
writeFileSync(stored, `${JSON.stringify(all, null, 2)}\n`);
process.stdout.write(`${machine.name}: ${machine.note}\n`);
