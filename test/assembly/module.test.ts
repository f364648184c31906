import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import binaryen from 'assemblyscript/binaryen';
import { describe, expect, test } from 'vitest';
import { engineModule, instantiateKernels } from '../../src/engine/kernels/load.ts';

const read = (path: string): Promise<Buffer> => readFile(new URL(`../../${path}`, import.meta.url));
const load = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await read(`wasm/${name}`));
const builds = {
  'unbraid.wasm': await load('unbraid.wasm'),
  'unbraid.threads.wasm': await load('unbraid.threads.wasm'),
  'unbraid.edge.wasm': await load('unbraid.edge.wasm'),
  'unbraid.relaxed.wasm': await load('unbraid.relaxed.wasm'),
  'unbraid.wide.wasm': await load('unbraid.wide.wasm'),
  'unbraid.threads.wide.wasm': await load('unbraid.threads.wide.wasm'),
  'unbraid.relaxed.wide.wasm': await load('unbraid.relaxed.wide.wasm'),
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

function exported(bytes: Uint8Array<ArrayBuffer>): WebAssembly.ModuleExportDescriptor[] {
  return WebAssembly.Module.exports(new WebAssembly.Module(bytes));
}

test.each(Object.entries(builds).filter(([name]) => name.includes('wide')))(
  'no function of %s has a parameter with a vector, which V8 14.6 cannot merge without ending the process',
  (_name, bytes) => {
    const functions =
      binaryen
        .readBinary(bytes)
        .emitText()
        .match(/^ \(func .*/gm) ?? [];
    expect(functions.length).toBeGreaterThan(50);
    for (const head of functions) expect(head).not.toMatch(/\(param[^()]* v128/);
  },
);

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
  for (const bytes of [builds['unbraid.relaxed.wasm'], builds['unbraid.relaxed.wide.wasm']]) {
    const module = binaryen.readBinary(bytes);
    expect(validatesWith(fixedWidth | binaryen.Features.RelaxedSIMD, module)).toBe(true);
    expect(module.emitText()).toContain('f32x4.relaxed_madd');
    expect(exported(bytes)).toEqual(exported(builds['unbraid.wasm']));
  }
});

test.each([
  ['unbraid.wasm', 'unbraid.wide.wasm'],
  ['unbraid.threads.wasm', 'unbraid.threads.wide.wasm'],
  ['unbraid.relaxed.wasm', 'unbraid.relaxed.wide.wasm'],
] as const)(
  '%s and %s can follow each other on one memory: they differ in their code and in nothing else',
  (narrow, wide) => {
    const [parts, wideParts] = [narrow, wide].map((name) => {
      const module = binaryen.readBinary(builds[name]);
      const memory = new WebAssembly.Memory(
        name.includes('threads') ? { initial: 1, maximum: 65_536, shared: true } : { initial: 1 },
      );
      return {
        exports: exported(builds[name]),
        imports: declared('import', module),
        data: declared('data', module),
        heapBase: instantiateKernels(new WebAssembly.Module(builds[name]), memory).heapBase(),
      };
    });
    expect(wideParts).toEqual(parts);
    expect(builds[wide]).not.toEqual(builds[narrow]);
  },
);

test('the check for state beside the memory finds a global, a table, its elements and a start function', () => {
  const stateful = binaryen.parseText(`(module (global (mut i32) (i32.const 0)) (table 1 funcref) (func $f (nop))
    (elem (i32.const 0) $f) (start $f))`);
  for (const kind of ['global', 'table', 'elem', 'start'] as const) expect(declared(kind, stateful)).toHaveLength(1);
});

describe.each(Object.entries(builds))('%s', (name, bytes) => {
  test('holds relaxed-SIMD instructions only if it is a relaxed build', () => {
    const features = name.includes('threads') ? withAtomics : fixedWidth;
    expect(validatesWith(features, binaryen.readBinary(bytes))).toBe(!name.includes('relaxed'));
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

test.each([
  ['unbraid.wasm', 'unbraid.threads.wasm'],
  ['unbraid.wide.wasm', 'unbraid.threads.wide.wasm'],
] as const)(
  '%s and %s differ in the memory they import and in nothing else: exports, constants and code are the same',
  (one, several) => {
    const [plain, threads] = [one, several].map((name) => {
      const lines = binaryen.readBinary(builds[name]).emitText().split('\n');
      return lines.filter((line) => !line.startsWith(' (import "env" "memory" '));
    });
    expect(threads).toEqual(plain);
    expect(exported(builds[several])).toEqual(exported(builds[one]));
  },
);

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
