import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import binaryen from 'assemblyscript/binaryen';
import { describe, expect, test } from 'vitest';
import { engineModule, instantiateKernels } from '../../src/engine/kernels/load.ts';

const read = (path: string): Promise<Buffer> => readFile(new URL(`../../${path}`, import.meta.url));
const builds = {
  'unbraid.wasm': new Uint8Array(await read('wasm/unbraid.wasm')),
  'unbraid.threads.wasm': new Uint8Array(await read('wasm/unbraid.threads.wasm')),
  'unbraid.edge.wasm': new Uint8Array(await read('wasm/unbraid.edge.wasm')),
  'unbraid.relaxed.wasm': new Uint8Array(await read('wasm/unbraid.relaxed.wasm')),
};
const { MVP, MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, SIMD128 } = binaryen.Features;
const fixedWidth = MVP | MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | BulkMemoryOpt | SIMD128;
const withAtomics = fixedWidth | binaryen.Features.Atomics;

/** Whether the module validates with these features and no other, relaxed SIMD least of all. */
function validatesWith(features: number, module: binaryen.Module): boolean {
  module.setFeatures(features);
  return module.validate() === 1;
}

/** The module's own declarations of one kind, as text. */
function declared(kind: 'import' | 'global' | 'start' | 'data' | 'table' | 'elem', module: binaryen.Module): string[] {
  return module
    .emitText()
    .split('\n')
    .filter((line) => line.startsWith(` (${kind} `));
}

/** Whether the source calls the kernel, or takes it from the instance. */
function calls(source: string, name: string): boolean {
  return new RegExp(`[^a-zA-Z]${name}\\(`).test(source);
}

test('the check for relaxed SIMD, whose results differ between processors, refuses it with atomics allowed too', () => {
  const relaxed = `(module (func (export "f") (param v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))`;
  expect(validatesWith(fixedWidth, binaryen.parseText(relaxed))).toBe(false);
  expect(validatesWith(withAtomics, binaryen.parseText(relaxed))).toBe(false);
});

test('the relaxed build needs no other feature than relaxed SIMD besides, and exports what the engine does', () => {
  const bytes = builds['unbraid.relaxed.wasm'];
  const module = binaryen.readBinary(bytes);
  expect(validatesWith(fixedWidth | binaryen.Features.RelaxedSIMD, module)).toBe(true);
  expect(module.emitText()).toContain('f32x4.relaxed_madd');
  const exported = (from: Uint8Array<ArrayBuffer>): unknown => WebAssembly.Module.exports(new WebAssembly.Module(from));
  expect(exported(bytes)).toEqual(exported(builds['unbraid.wasm']));
});

test('the check for state beside the memory finds a global, a table, its elements and a start function', () => {
  const stateful = binaryen.parseText(`(module (global (mut i32) (i32.const 0)) (table 1 funcref) (func $f (nop))
    (elem (i32.const 0) $f) (start $f))`);
  for (const kind of ['global', 'table', 'elem', 'start'] as const) expect(declared(kind, stateful)).toHaveLength(1);
});

describe.each(Object.entries(builds))('%s', (name, bytes) => {
  test('holds relaxed-SIMD instructions only if it is the relaxed build', () => {
    const features = name === 'unbraid.threads.wasm' ? withAtomics : fixedWidth;
    expect(validatesWith(features, binaryen.readBinary(bytes))).toBe(name !== 'unbraid.relaxed.wasm');
  });

  test('has at most 40 kB, gzipped', () => {
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(40_000);
  });

  test('imports its memory and nothing else', () => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
    expect(imports).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  test('keeps nothing beside its memory: no global, no table, no start function, one constant table', () => {
    for (const kind of ['global', 'table', 'elem', 'start'] as const)
      expect(declared(kind, binaryen.readBinary(bytes))).toEqual([]);
    expect(declared('data', binaryen.readBinary(bytes)).map((line) => line.replace(/ ".*/, ''))).toEqual([
      ' (data $0 (i32.const 1024)',
    ]);
  });
});

test('the build for threads declares the shared memory of asconfig.json, the other one its own', async () => {
  const { options, targets } = JSON.parse((await read('asconfig.json')).toString());
  const { initialMemory: pages } = options;
  const { maximumMemory } = targets.threads;
  const memory = '(import "env" "memory" (memory $mimport$0';
  expect(declared('import', binaryen.readBinary(builds['unbraid.wasm']))).toEqual([` ${memory} ${pages}))`]);
  expect(declared('import', binaryen.readBinary(builds['unbraid.threads.wasm']))).toEqual([
    ` ${memory} ${pages} ${maximumMemory} shared))`,
  ]);
});

test('the builds for one thread and for several differ in the memory they import and in nothing else: exports, constants and code are the same', () => {
  const [plain, threads] = Object.values(builds).map((bytes) => {
    const lines = binaryen.readBinary(bytes).emitText().split('\n');
    return lines.filter((line) => !line.startsWith(' (import "env" "memory" '));
  });
  expect(threads).toEqual(plain);
  const [exports, threadExports] = Object.values(builds).map((b) =>
    WebAssembly.Module.exports(new WebAssembly.Module(b)),
  );
  expect(threadExports).toEqual(exports);
});

test('the module for the edge exports kernels of the engine and none of its own', () => {
  const names = (bytes: Uint8Array<ArrayBuffer>): string[] =>
    WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((item) => item.name);
  const engine = names(builds['unbraid.wasm']);
  const edge = names(builds['unbraid.edge.wasm']);
  expect(engine).toEqual(expect.arrayContaining(edge));
  expect(edge.length).toBeLessThan(engine.length);
});

test('a second instance on one shared memory leaves constants and results as they were, and computes the same bits', () => {
  const module = new WebAssembly.Module(builds['unbraid.threads.wasm']);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65_536, shared: true });
  const bytesTo = (end: number): Uint8Array => new Uint8Array(memory.buffer).slice(0, end);
  const first = instantiateKernels(module, memory);
  const base = Math.ceil(first.heapBase() / 64) * 64;
  const constants = bytesTo(base);
  expect(constants.some((x) => x !== 0)).toBe(true);
  const n = 100;
  const end = base + 8 * n;
  const f32 = new Float32Array(memory.buffer);
  const compute = ({ activationForward }: typeof first, out: number): Float32Array => {
    f32.subarray(out >> 2, (out >> 2) + n).set(Float32Array.from({ length: n }, (_, i) => (i - 50) / 7));
    activationForward(1, out, out, n);
    return f32.slice(out >> 2, (out >> 2) + n);
  };
  const result = compute(first, base);
  expect(new Set(result).size).toBeGreaterThan(n / 2);
  expect(bytesTo(base)).toEqual(constants);
  const before = bytesTo(end);
  const second = instantiateKernels(module, memory);
  expect(bytesTo(end)).toEqual(before);
  expect(compute(second, base + 4 * n)).toEqual(result);
  expect(compute(first, base)).toEqual(result);
  expect(bytesTo(base)).toEqual(constants);
});

test('kernels are called without a function of JavaScript between', () => {
  const module = new WebAssembly.Module(builds['unbraid.wasm']);
  const kernels = instantiateKernels(module, new WebAssembly.Memory({ initial: 1 }));
  const names = Object.values(kernels).flatMap((value) => (typeof value === 'function' ? [value.name] : []));
  expect(names.length).toBeGreaterThan(40);
  // An export of a module is named after its place among the module's functions.
  expect(names.filter((name) => !/^\d+$/.test(name))).toEqual([]);
});

test('every exported kernel is called by a test in this folder', async () => {
  const folder = new URL('./', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.test.ts') && file !== 'module.test.ts');
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const kernels = WebAssembly.Module.exports(await engineModule()).filter(({ kind }) => kind === 'function');
  const untested = kernels.map(({ name }) => name).filter((name) => !sources.some((source) => calls(source, name)));
  expect(untested).toEqual([]);
});
