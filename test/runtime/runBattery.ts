/** The battery of test/runtime/battery.ts in a runtime of this machine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import type { Installed } from '../../src/cli/runtime/installed.ts';
import type { JobOptions } from '../../src/cli/runtime/job.ts';
import { runJob } from '../../src/cli/runtime/runJob.ts';
import type { Receipt } from '../../src/record/receipt.ts';
import { numericsVersion } from '../../src/version.ts';
import type { BatteryInput, BatteryResult } from './battery.ts';

export const here = fileURLToPath(new URL('./', import.meta.url));
const root = join(here, '../..');

/** What this process has in its environment, with the runtimes that `npm ci --prefix test/runtime` installs. */
export const environment = {
  ...process.env,
  PATH: [join(here, 'node_modules/.bin'), process.env.PATH].join(delimiter),
};

/** Files beside the battery, and the cases of the kernels' self-check, which run on the module that was built. */
const importable = [
  here,
  ...[
    'engine/kernels/selfCheck/',
    'engine/kernels/address.ts',
    'engine/kernels/queryGroups.ts',
    'random.ts',
    'check/',
  ].map((path) => join(root, 'src', path)),
];

/**
 * A new folder with the battery in one file, battery.js: what it imports is inside, whatever files it is split into.
 */
async function bundle(): Promise<string> {
  const bundled = await rolldown({
    input: join(here, 'battery.ts'),
    platform: 'neutral',
    onLog: (_level, { message }) => {
      throw new Error(`runBattery: ${message}`);
    },
  });
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false });
  await bundled.close();
  const strange = output[0].moduleIds.find((id) => !importable.some((path) => id.startsWith(path)));
  if (strange !== undefined) {
    throw new Error(
      `runBattery: the battery tests what was built and imports only ${importable.join(', ')}, got ${strange}; take it from the product`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-job-'));
  writeFileSync(join(folder, 'battery.js'), output[0].code);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

/** The stored receipts of the present numerics version, by file. */
export function storedReceipts(): Record<string, Receipt> {
  const folder = join(root, 'test/receipts');
  const files = readdirSync(folder).filter((file) => file.startsWith(`numerics${numericsVersion}-`));
  return Object.fromEntries(
    files.sort().map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Receipt]),
  );
}

export async function batteryIn(installed: Installed, options: JobOptions = {}): Promise<BatteryResult> {
  const base64 = (file: string): string => readFileSync(join(root, 'wasm', file), 'base64');
  const input: BatteryInput = {
    single: base64('unbraid.wasm'),
    threads: base64('unbraid.threads.wasm'),
    receipts: storedReceipts(),
  };
  const folder = await bundle();
  try {
    const job = { module: pathToFileURL(join(folder, 'battery.js')), input };
    return (await runJob(installed, job, options)) as BatteryResult;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
