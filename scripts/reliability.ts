/**
 * Tests the reliability of runs: damages and forges files, kills processes, fills the disk, sends signals, and starts
 * competing writers, then counts the failures. Run after `npm run build`: npm run reliability -- [--only
 * kills,disk,writers,signals,corruptions,forgeries] [--count N] [--json]
 *
 * If all parts run with their default counts, the result is written to docs/results/reliability.md; with --only or
 * --count, no file is written. Progress is printed to stderr. Exit code 1 if anything failed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { unbraidVersion } from '../src/version.ts';
import { makeBases } from '../test/reliability/bases.ts';
import { openCommands } from '../test/reliability/commands.ts';
import { corruptions } from '../test/reliability/corruptions.ts';
import { disk } from '../test/reliability/disk.ts';
import { forgeries } from '../test/reliability/forgeries.ts';
import { type Bench, kills } from '../test/reliability/kills.ts';
import { reliabilityPage } from '../test/reliability/report.ts';
import { signals } from '../test/reliability/signals.ts';
import type { Tally } from '../test/reliability/tally.ts';
import { writers } from '../test/reliability/writers.ts';

interface Part {
  readonly run: (bench: Bench) => Promise<Tally>;
  readonly count: number;
}

const parts: Readonly<Record<string, Part>> = {
  corruptions: { run: corruptions, count: 900 },
  forgeries: { run: forgeries, count: Number.POSITIVE_INFINITY },
  kills: { run: kills, count: 280 },
  disk: { run: disk, count: 100 },
  writers: { run: writers, count: 24 },
  signals: { run: signals, count: 72 },
};

const { values } = parseArgs({
  options: { only: { type: 'string' }, count: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const names = values.only === undefined ? Object.keys(parts) : values.only.split(',');
const unknown = names.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  throw new Error(`reliability: --only must name some of ${Object.keys(parts).join(', ')}, got ${unknown}`);
}
const count = values.count === undefined ? null : Number(values.count);
if (count !== null && !(Number.isSafeInteger(count) && count > 0)) {
  throw new Error(`reliability: --count must be an integer > 0, got ${values.count}`);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const root = mkdtempSync(join(tmpdir(), 'unbraid-reliability-'));
const commands = openCommands();
const tallies: Tally[] = [];
const startMs = performance.now();
try {
  const bases = await makeBases(join(root, 'bases'));
  for (const name of names) {
    const folder = join(root, name);
    mkdirSync(folder);
    const part = parts[name];
    const partMs = performance.now();
    const bench = {
      root: folder,
      bases,
      commands,
      product: 'dist/src/cli/main.js',
      count: count ?? part.count,
      say,
    } as const;
    const tally = await part.run(bench);
    tallies.push(tally);
    for (const { kind, text } of tally.failures) say(`  ${kind}: ${text}`);
    const seconds = ((performance.now() - partMs) / 1000).toFixed(0);
    say(`${name}: ${tally.attempts} attempts, ${tally.failures.length} failures, ${seconds} s`);
  }
} finally {
  commands.close();
  rmSync(root, { recursive: true, force: true });
}
if (values.only === undefined && count === null) {
  const page = reliabilityPage(tallies, {
    command: 'npm run reliability',
    machine: `${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    versions: `unbraid ${unbraidVersion}, Node ${process.versions.node}`,
    seconds: (performance.now() - startMs) / 1000,
  });
  writeFileSync(new URL('../docs/results/reliability.md', import.meta.url), page);
}
if (values.json) console.log(JSON.stringify(tallies));
if (tallies.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
