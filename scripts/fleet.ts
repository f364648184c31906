/**
 * Tests studies on a job queue with many faults, and measures the queue. Needs redis-server: npm run fleet -- [--only
 * 'FAULT;FAULT'] [--numbers]
 *
 * Without options, the result is written to docs/results/fleet.md; with --only (names of faults) or --numbers (no
 * faults), no file is written. Progress is printed to stderr. Exit code 1 if anything failed.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { unbraidVersion } from '../src/version.ts';
import { fleetPage } from '../test/fleet/fleetPage.ts';
import { type FaultRow, faultPlans, localFiles, runWithFaults } from '../test/fleet/longFaults.ts';
import { measureQueue } from '../test/fleet/longNumbers.ts';
import { missingRedis, redisVersion } from '../test/fleet/redis.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, numbers: { type: 'boolean', default: false } } });
const missing = missingRedis();
if (missing !== null) throw new Error(`fleet: redis-server must be installed, got: ${missing}`);
const names = values.only?.split(';');
const unknown = names?.find((name) => faultPlans.every((plan) => plan.name !== name));
if (unknown !== undefined) {
  throw new Error(`fleet: --only must name some of ${faultPlans.map(({ name }) => name).join('; ')}, got ${unknown}`);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const loadOf = (): number => loadavg()[0];
const startLoad = loadOf();
const startMs = performance.now();
const rows: FaultRow[] = [];
const plans = values.numbers ? [] : faultPlans.filter(({ name }) => names === undefined || names.includes(name));
if (plans.length > 0) {
  const expected = await localFiles();
  for (const plan of plans) {
    rows.push(await runWithFaults(plan, expected));
    say(JSON.stringify(rows.at(-1)));
  }
}
if (names === undefined) {
  const numbers = await measureQueue(say);
  const page = fleetPage(rows, numbers, {
    command: 'npm run fleet',
    machine: `${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    versions: `unbraid ${unbraidVersion}, Node ${process.versions.node}, Redis ${redisVersion()}`,
    date: new Date().toISOString().slice(0, 10),
    load: [startLoad, loadOf()],
    seconds: (performance.now() - startMs) / 1000,
  });
  if (!values.numbers) writeFileSync(new URL('../docs/results/fleet.md', import.meta.url), page);
}
if (rows.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
