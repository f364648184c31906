/**
 * Writes the hashes with which every build of the module is compared, from wasm/unbraid.wasm. Run after `npm run
 * build:wasm` where the bits of a kernel or the cases of src/engine/kernels/selfCheck have changed: node
 * scripts/storeKernelHashes.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { hashKernels, type KernelHashes } from '../src/engine/kernels/selfCheck/checkKernels.ts';

const module = new WebAssembly.Module(readFileSync('wasm/unbraid.wasm'));
const steps = hashKernels(module, new WebAssembly.Memory({ initial: 32 }));
let hashes: KernelHashes | undefined;
while (!hashes) {
  const { done, value } = steps.next();
  if (done) hashes = value;
}
const lines = [
  '/** Hashes of the results of all kernels. `node scripts/storeKernelHashes.ts` writes this file. */',
  'export const storedHashes: Readonly<Record<string, string>> = {',
  ...Object.entries(hashes).map(([kernel, hash]) => `  ${kernel}: '${hash}',`),
  '};',
  '',
];
writeFileSync('src/engine/kernels/selfCheck/storedHashes.ts', lines.join('\n'));
