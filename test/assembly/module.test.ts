import { readdir, readFile } from 'node:fs/promises';
import binaryen from 'assemblyscript/binaryen';
import { expect, test } from 'vitest';
import { engineModule } from '../../src/kernels/load.ts';

const bytes = new Uint8Array(await readFile(new URL('../../wasm/unbraid.wasm', import.meta.url)));

/** Whether the module validates with fixed-width SIMD and the features before it, but without relaxed SIMD, threads or any other. */
function validatesWithoutRelaxedSimd(module: binaryen.Module): boolean {
  const { MVP, MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, SIMD128 } = binaryen.Features;
  module.setFeatures(MVP | MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | BulkMemoryOpt | SIMD128);
  return module.validate() === 1;
}

/** Whether the source calls the kernel, or takes it from the instance. */
function calls(source: string, name: string): boolean {
  return new RegExp(`[^a-zA-Z]${name}\\(`).test(source);
}

test('the module holds no relaxed-SIMD instruction, whose results differ between processors', () => {
  expect(validatesWithoutRelaxedSimd(binaryen.readBinary(bytes))).toBe(true);
  const relaxed = binaryen.parseText(`(module (func (export "f") (param v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))`);
  expect(validatesWithoutRelaxedSimd(relaxed)).toBe(false);
});

test('the module imports its memory and nothing else', async () => {
  const module = await engineModule();
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});

test('every exported kernel is called by a test in this folder', async () => {
  const folder = new URL('./', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.test.ts') && file !== 'module.test.ts');
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const kernels = WebAssembly.Module.exports(await engineModule()).filter(({ kind }) => kind === 'function');
  const untested = kernels.map(({ name }) => name).filter((name) => !sources.some((source) => calls(source, name)));
  expect(untested).toEqual([]);
});
