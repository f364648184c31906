/** The tests of each runtime: the battery there, against the golden file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRuntime, type Installed, type RuntimeName } from '../../src/cli/runtime/installed.ts';
import { batteryIn, environment, here, storedReceipts } from './runBattery.ts';

/** Hashes that all runtimes must give; `node test/runtime/makeGolden.ts` writes them. */
interface Golden {
  readonly kernels: string;
  readonly attention: string;
  readonly mlp: string;
}

/** What the battery gives where memory is `shared` between threads, or where it is not. */
function expected(shared: boolean): unknown {
  const { kernels, attention, mlp } = JSON.parse(readFileSync(join(here, 'golden.json'), 'utf8')) as Golden;
  const build = { hash: kernels, nan: [], uncalled: [] };
  const modes = shared
    ? ['1 own', '2 shared', '3 shared', '3 shared, resumed', '2 copied']
    : ['1 own', '2 copied', '3 copied', '3 copied, resumed'];
  const policy = (hash: string): Record<string, string> => Object.fromEntries(modes.map((mode) => [mode, hash]));
  return {
    kernels: { single: build, threads: shared ? build : null, high: build },
    attention: policy(attention),
    mlp: policy(mlp),
    receipts: Object.fromEntries(Object.entries(storedReceipts()).map(([file, { hash }]) => [file, hash])),
  };
}

/**
 * Whether a runtime is there in this version, and if not the reason, which goes to the closing lines of the test run.
 */
export function present(
  label: string,
  name: RuntimeName,
  env: NodeJS.ProcessEnv = environment,
  version = /./,
): Installed | string {
  try {
    const installed = findRuntime(name, env);
    if (version.test(installed.version)) return installed;
    throw new Error(`${installed.command.join(' ')} is version ${installed.version}, not ${version.source}`);
  } catch (error) {
    const { message } = error as Error;
    console.log(`skipped: ${label}; ${message}`);
    return message;
  }
}

/**
 * The tests of one runtime: the battery there, held against the golden file.
 *
 * @param label name in the closing lines of the test run
 * @param version what its version must match
 */
export function testBattery(
  label: string,
  name: RuntimeName,
  { env, version }: { env?: NodeJS.ProcessEnv; version?: RegExp } = {},
): void {
  const installed = present(label, name, env, version);
  // Loaded machines take several times what an idle one does.
  test.skipIf(typeof installed === 'string')(`${label} computes the golden bits`, { timeout: 300_000 }, async () => {
    expect(await batteryIn(installed as Installed)).toEqual(expected(true));
  });
}
