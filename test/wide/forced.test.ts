import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { engineModule, instantiateKernels } from '../../src/engine/kernels/load.ts';
import { checkKernels } from '../../src/engine/kernels/selfCheck/checkKernels.ts';
import { wideObstacle } from './forced.ts';

const forced = process.execArgv.some((argument) => argument.endsWith('/test/wide/preload.mjs'));

test('a processor without AVX2 is the reason to skip the tests', () => {
  if (process.platform === 'linux' && process.arch === 'x64')
    expect(wideObstacle('/dev/null')).toBe('the processor has no AVX2');
});

test.runIf(forced)('this process reads the wide builds in place of the narrow ones', async () => {
  for (const build of ['unbraid', 'unbraid.threads', 'unbraid.relaxed']) {
    const file = (name: string): URL => new URL(`../../wasm/${name}.wasm`, import.meta.url);
    expect((await readFile(file(build))).equals(readFileSync(file(`${build}.wide`)))).toBe(true);
  }
});

test.runIf(forced)('a function of a kernel is optimised at its first call, with the stored hashes', async () => {
  setFlagsFromString('--allow-natives-syntax');
  const optimised = new Function('f', 'return %IsTurboFanFunction(f)') as (f: unknown) => boolean;
  const memory = new WebAssembly.Memory({ initial: 32 });
  const module = await engineModule();
  expect(checkKernels(module, memory)).toBeNull();
  const kernels = Object.values(instantiateKernels(module, memory)).filter((value) => typeof value === 'function');
  // All but `heapBase` are called by the check, which calls that, too.
  expect(kernels.filter((kernel) => !optimised(kernel))).toEqual([]);
  expect(optimised((await createArena()).kernels.matmulNN)).toBe(true);
});

test.runIf(forced)('worker threads have the same files and flags', async () => {
  const worker = new Worker(new URL('./workerProbe.mjs', import.meta.url));
  const probe = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  const wide = readFileSync(new URL('../../wasm/unbraid.threads.wide.wasm', import.meta.url));
  expect(probe).toEqual({ flag: true, bytes: wide.length });
});
