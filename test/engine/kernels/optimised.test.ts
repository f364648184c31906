import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { instantiateKernels, narrowUrl } from '../../../src/engine/kernels/load.ts';
import { readBytes } from '../../../src/engine/kernels/moduleFrom.ts';
import {
  compileOptimised,
  mergingFlag,
  mergingObstacle,
  untriedVersion,
} from '../../../src/engine/kernels/optimised.ts';
import { emptyMemory } from '../../../src/engine/kernels/wide.ts';

const linux = { arch: 'x64', platform: 'linux' };

test('only Node 24 and newer on x64 merge vector operations; the reason names what is missing', () => {
  const node24 = { node: '24.21.0', v8: '13.6.233' };
  expect(mergingObstacle({ ...linux, versions: node24 })).toBeNull();
  expect(mergingObstacle({ ...linux, platform: 'win32', versions: { node: '26.0.0' } })).toBeNull();
  expect(mergingObstacle({ ...linux, versions: { node: '22.20.0' } })).toBe(
    'Node 24 and newer merge vector operations, and this is Node 22.20.0',
  );
  const other = 'only Node merges vector operations, and this is another runtime';
  expect(mergingObstacle({ ...linux, versions: { ...node24, bun: '1.3.0' } })).toBe(other);
  expect(mergingObstacle({ ...linux, versions: { ...node24, deno: '2.5.0' } })).toBe(other);
  expect(mergingObstacle({ versions: {}, arch: '', platform: '' })).toBe(other);
  expect(mergingObstacle({ ...linux, arch: 'arm64', versions: node24 })).toBe(
    'V8 merges vector operations on x64 only, and this processor is arm64',
  );
  expect(mergingObstacle({ ...linux, platform: 'darwin', versions: node24 })).toBe(
    'Node for macOS is built without the merging of vector operations',
  );
});

test('a version of Node after the last tried one needs a request', () => {
  expect(untriedVersion({ ...linux, versions: { node: '26.10.0' } })).toBeNull();
  expect(untriedVersion({ ...linux, versions: { node: '27.0.0' } })).toBe(
    'the wide build was tried in Node 24 to 26, and this is Node 27.0.0; --wide on requests it',
  );
});

test('the flag has another name from V8 15 on', () => {
  expect(mergingFlag('13.6.233')).toBe('--experimental-wasm-revectorize');
  expect(mergingFlag('14.2.1')).toBe('--experimental-wasm-revectorize');
  expect(mergingFlag('15.6.1')).toBe('--wasm-revectorize');
});

describe.skipIf(mergingObstacle() !== null)('in this runtime', () => {
  /** A letter for each kernel: T optimised, L compiled by the first compiler, - not compiled. */
  function tiersOf(module: WebAssembly.Module): string {
    setFlagsFromString('--allow-natives-syntax');
    const tier = new Function('f', 'return %IsTurboFanFunction(f) ? "T" : %IsLiftoffFunction(f) ? "L" : "-"');
    const kernels = Object.values(instantiateKernels(module, emptyMemory('single')));
    return kernels.flatMap((kernel) => (typeof kernel === 'function' ? [tier(kernel)] : [])).join('');
  }

  test('every kernel is optimised before its first call, and only in modules compiled here', async () => {
    const bytes = await readBytes(narrowUrl('single'));
    expect(tiersOf(compileOptimised(bytes, true))).toMatch(/^T{40,}$/);
    expect(tiersOf(compileOptimised(bytes, false))).toMatch(/^T{40,}$/);
    const named = new Uint8Array([...bytes, 0, 2, 1, 0x6e]);
    expect(tiersOf(new WebAssembly.Module(named))).toMatch(/^-{40,}$/);
  });

  test('bytes that are no module reject, and leave the flags as they were', async () => {
    expect(() => compileOptimised(new Uint8Array(8), true)).toThrow(WebAssembly.CompileError);
    const bytes = await readBytes(narrowUrl('single'));
    expect(tiersOf(new WebAssembly.Module(new Uint8Array([...bytes, 0, 2, 1, 0x6f])))).toMatch(/^-{40,}$/);
  });
});
