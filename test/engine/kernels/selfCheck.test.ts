import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  checkKernels,
  checkKernelsInSteps,
  hashKernels,
  type KernelHashes,
} from '../../../src/engine/kernels/selfCheck/checkKernels.ts';
import { storedHashes } from '../../../src/engine/kernels/selfCheck/storedHashes.ts';

const bytesOf = (build: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../../wasm/${build}.wasm`, import.meta.url)));
const moduleOf = (build: string): WebAssembly.Module => new WebAssembly.Module(bytesOf(build));
const memory = (shared = false): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: 32, ...(shared && { maximum: 65_536, shared }) });

function hashesOf(module: WebAssembly.Module): KernelHashes {
  const steps = hashKernels(module, memory());
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

const exact = bytesOf('unbraid');
const add = [0xfd, 0xe4, 0x01];
const sub = [0xfd, 0xe5, 0x01];

/** Places of the instruction f32x4.add. */
const additions = [...exact.keys()].filter((at) => add.every((byte, i) => exact[at + i] === byte));

/** The module with a subtraction in place of one addition. */
function withSubtraction(at: number): WebAssembly.Module {
  const bytes = exact.slice();
  bytes.set(sub, at);
  return new WebAssembly.Module(bytes);
}

test.each(['unbraid', 'unbraid.threads', 'unbraid.wide', 'unbraid.threads.wide'])(
  'the kernels of %s have the stored hashes',
  (build) => {
    expect(checkKernels(moduleOf(build), memory(build.includes('threads')))).toBeNull();
  },
);

test('every kernel has a stored hash', () => {
  const exported = WebAssembly.Module.exports(moduleOf('unbraid')).map(({ name }) => name);
  expect(Object.keys(storedHashes).sort()).toEqual(
    exported.filter((name) => name !== 'memory' && name !== 'heapBase').sort(),
  );
});

test('a module with one subtraction in place of an addition is found, for every 37th addition', () => {
  expect(additions.length).toBeGreaterThan(700);
  const unchanged = additions
    .filter((_, i) => i % 37 === 0)
    .filter((at) => checkKernels(withSubtraction(at), memory()) === null);
  expect(unchanged).toEqual([]);
});

test('the text names the kernel that differs and both hashes', () => {
  const expected = { ...storedHashes, matmulTN: '0123456789abcdef' };
  expect(checkKernels(moduleOf('unbraid'), memory(), expected)).toBe(
    `kernel matmulTN: the hash of its results must be 0123456789abcdef, got ${storedHashes.matmulTN}`,
  );
});

test('a module without a kernel is refused', () => {
  expect(checkKernels(moduleOf('unbraid.edge'), memory())).toMatch(/^kernels: all must return, got /);
});

test('a step is one case of the kernels', () => {
  const steps = checkKernelsInSteps(moduleOf('unbraid'), memory());
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count++;
  expect(step.value).toBeNull();
  expect(count).toBeGreaterThan(500);
});

test('the relaxed builds compute the same bits on one machine, in products those of its processor', () => {
  const expected = hashesOf(moduleOf('unbraid.relaxed'));
  expect(checkKernels(moduleOf('unbraid.relaxed.wide'), memory(), expected)).toBeNull();
  const differing = Object.keys(storedHashes).filter((kernel) => expected[kernel] !== storedHashes[kernel]);
  // All of them multiply matrices.
  for (const kernel of ['adamw', 'layerNormForward', 'logSoftmax', 'embeddingBag', 'policyLoss'])
    expect(differing).not.toContain(kernel);
});
