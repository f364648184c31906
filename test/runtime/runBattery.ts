/** The battery of test/runtime/battery.ts in a runtime of this machine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
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

/** JavaScript of `sources`, which lie in one folder, in a new folder. */
function transpile(sources: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-job-'));
  for (const source of sources) {
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(join(folder, basename(source).replace(/ts$/, 'js')), outputText);
  }
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

export function batteryIn(installed: Installed, options: JobOptions = {}): Promise<BatteryResult> {
  const base64 = (file: string): string => readFileSync(join(root, 'wasm', file), 'base64');
  const input: BatteryInput = {
    single: base64('unbraid.wasm'),
    threads: base64('unbraid.threads.wasm'),
    receipts: storedReceipts(),
  };
  const folder = transpile(['battery.ts', 'kernelsHash.ts', 'kernelCases.ts'].map((name) => join(here, name)));
  const job = { module: pathToFileURL(join(folder, 'battery.js')), input };
  const result = runJob(installed, job, options) as Promise<BatteryResult>;
  return result.finally(() => rmSync(folder, { recursive: true }));
}
