/**
 * Runs all benchmarks: npm run bench -- [options]
 *
 *     --json               print one JSON object with the rows of the goals as the last line of stdout
 *     --save BASE          write BASE.json, and from it BASE.md, BASE-bars.svg, BASE-roofline.svg, README's table
 *     --report BASE        only write tables and figures again from BASE.json
 *     --samples N          undisturbed samples of each task, default 15; at most four times as many are tried
 *     --milliseconds N     length of a sample, default 10
 *     --only WORDS         tasks whose names contain one of these words, separated by commas
 *     --peers KEYS         peers to run, separated by commas; default: all that are installed
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { sizes, startUpMs } from './costs.ts';
import { writeReport } from './document.ts';
import { goalRows } from './goals.ts';
import { measureAll } from './measure.ts';
import type { BenchResult, IterationCost, Outcome } from './result.ts';
import { scaling } from './scaling.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    save: { type: 'string' },
    report: { type: 'string' },
    samples: { type: 'string', default: '15' },
    milliseconds: { type: 'string', default: '10' },
    only: { type: 'string' },
    peers: { type: 'string' },
  },
});

function positive(name: 'samples' | 'milliseconds'): number {
  const value = Number(options[name]);
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new Error(`bench: --${name} must be an integer >= 1, got ${options[name]}`);
  }
  return value;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function outcome<T>(what: string, wanted: boolean, measure: () => Promise<T>): Promise<Outcome<T>> {
  if (!wanted) return { reason: 'left out by --only' };
  try {
    const value = await measure();
    log(`${what}: ${JSON.stringify(value)}`);
    return { value };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

async function iterationCost(): Promise<IterationCost> {
  const script = fileURLToPath(new URL('./iteration.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script]);
  return JSON.parse(stdout) as IterationCost;
}

async function measure(): Promise<BenchResult> {
  const words = options.only?.split(',');
  const keys = options.peers?.split(',');
  const wants = (task: string): boolean => !words || words.some((word) => task.includes(word));
  const samples = positive('samples');
  const measured = await measureAll({
    samples,
    rounds: 4 * samples,
    milliseconds: positive('milliseconds'),
    wants,
    peers: (key) => !keys || keys.includes(key),
    log,
  });
  const [processor] = cpus();
  const result = {
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(' '),
    machine: {
      processor: processor?.model ?? arch(),
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${arch()}`,
    },
    ...measured,
    scaling: await outcome('scaling', wants('threads'), scaling),
    iteration: await outcome('household', wants('iteration'), iterationCost),
    sizes: await outcome('sizes', wants('sizes'), sizes),
    startUpMs: await outcome('start-up', wants('startUp'), startUpMs),
  };
  return { ...result, rows: goalRows(result) };
}

function read(base: string): BenchResult {
  return JSON.parse(readFileSync(`${base}.json`, 'utf8')) as BenchResult;
}

const base = options.report ?? options.save;
const result = options.report === undefined ? await measure() : read(options.report);
if (options.save !== undefined) writeFileSync(`${options.save}.json`, `${JSON.stringify(result, null, 1)}\n`);
if (base !== undefined) for (const path of writeReport(result, base)) log(path);
for (const { name, value, goal, sense, unit, holds, predicted, reason } of result.rows) {
  const shown = value === null ? `none: ${reason}` : `${Number(value.toPrecision(3))} ${unit}`;
  const aim = goal === null ? '' : ` (${sense} ${goal}${predicted ? ', predicted' : ''})`;
  log(`${goal === null ? 'states' : holds ? 'holds ' : 'misses'}  ${name}: ${shown}${aim}`);
}
if (options.json) console.log(JSON.stringify({ rows: result.rows }));
