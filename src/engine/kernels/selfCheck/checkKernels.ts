/**
 * Checks that a build of the module computes the bits that all builds must compute: every kernel runs on seeded inputs,
 * with all tails of its loops, and a hash of what it wrote is compared with a stored hash. The check finds faults of
 * the compiler, and does not protect from forgery.
 */
import { attention } from './attentionCases.ts';
import { type Cases, runCases, type Took } from './bench.ts';
import { factorisations } from './choleskyCases.ts';
import { elementwise } from './elementwiseCases.ts';
import { grams, perSample } from './gramCases.ts';
import { classifierLosses, losses, policyDivergence } from './lossCases.ts';
import { largeProducts, smallProducts } from './productCases.ts';
import { batches, pairs, states } from './stateCases.ts';
import { storedHashes } from './storedHashes.ts';
import { rowsAndTables, touchedRows } from './tableCases.ts';

/** All cases. The order decides which kernel an error names if several differ: first those that others call. */
export const allCases: readonly Cases[] = [
  elementwise,
  smallProducts,
  largeProducts,
  rowsAndTables,
  touchedRows,
  pairs,
  batches,
  states,
  attention,
  grams,
  perSample,
  losses,
  classifierLosses,
  factorisations,
  policyDivergence,
];

/** The hash of each kernel by its name, in the order of the first calls. */
export type KernelHashes = Readonly<Record<string, string>>;

/** Two independent hashes of 32 bits of the same words. */
interface Hash {
  low: number;
  high: number;
}

function mix(hash: Hash, words: Int32Array): void {
  let { low, high } = hash;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul((high << 13) | (high >>> 19), 5) + Math.imul(word, 0x85ebca6b);
    high ^= high >>> 16;
  }
  hash.low = low;
  hash.high = high;
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/**
 * Computes the hashes of all kernels. Yields after each case, which takes less than a millisecond in optimised code.
 *
 * @param memory a memory that the module can import, with nothing in it that must stay
 * @param base address from which buffers are placed; 0: the second page of the memory
 */
export function* hashKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  base = 0,
): Generator<undefined, KernelHashes> {
  const hashes = new Map<string, Hash>();
  const took: Took = (kernel, words) => {
    let hash = hashes.get(kernel);
    if (!hash) {
      hash = { low: 1, high: 2 };
      hashes.set(kernel, hash);
    }
    mix(hash, words);
  };
  yield* runCases(module, memory, allCases, took, base);
  return Object.fromEntries([...hashes].map(([kernel, { low, high }]) => [kernel, hex(low) + hex(high)]));
}

/**
 * Compares the kernels of the module with `expected`, by default the stored hashes, and yields as `hashKernels` does.
 * Returns null, or a text that names the first kernel that differs.
 */
export function* checkKernelsInSteps(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  expected: KernelHashes = storedHashes,
): Generator<undefined, string | null> {
  let found: KernelHashes;
  try {
    found = yield* hashKernels(module, memory);
  } catch (error) {
    return `kernels: all must return, got ${error instanceof Error ? error.message : String(error)}`;
  }
  for (const [kernel, hash] of Object.entries(expected)) {
    if (found[kernel] !== hash) {
      return `kernel ${kernel}: the hash of its results must be ${hash}, got ${found[kernel] ?? 'none'}`;
    }
  }
  return null;
}

/** `checkKernelsInSteps` without a pause. */
export function checkKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  expected?: KernelHashes,
): string | null {
  const steps = checkKernelsInSteps(module, memory, expected);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
