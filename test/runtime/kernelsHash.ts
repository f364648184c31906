/** The bits that the kernels of one build give in this runtime, as one hash. */
import type { RandomStream } from '../../src/random.ts';
import { losses, perSample } from './gradientCases.ts';
import { type Bench, openBench, type Written } from './kernelBench.ts';
import { batches, pairs, states } from './stateCases.ts';
import { attention, elementwise, products, rowsAndTables, touchedRows } from './tensorCases.ts';

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Families of kernels in the order of their hashes; each is run on an empty bench. */
const families: Readonly<Record<string, (bench: Bench) => void>> = {
  elementwise,
  products,
  attention,
  rowsAndTables,
  touchedRows,
  pairs,
  batches,
  states,
  perSample,
  losses,
};

/**
 * Hash of all outputs of all kernels, whether any is NaN (whose bits no engine promises), and kernels that no case
 * calls.
 *
 * @param base address from which buffers are placed; 0: the module's heap base
 */
export async function kernelsHash(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  randomStream: (seed: number, purpose: string) => RandomStream,
  base = 0,
): Promise<{ hash: string; nan: string[]; uncalled: string[] }> {
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const called = new Set(['memory']);
  const nan = new Set<string>();
  const hashes: string[] = [];
  for (const [name, run] of Object.entries(families)) {
    const written: Written[] = [];
    run(openBench(memory, instance, randomStream(1, `test/runtime/${name}`), written, called, base));
    const outputs = new Uint8Array(written.reduce((sum, { type, count }) => sum + count * type.BYTES_PER_ELEMENT, 0));
    let at = 0;
    for (const { pointer, type, count } of written) {
      const bytes = new Uint8Array(memory.buffer, pointer, count * type.BYTES_PER_ELEMENT).slice();
      if (new type(bytes.buffer).some(Number.isNaN)) nan.add(name);
      outputs.set(bytes, at);
      at += bytes.length;
    }
    hashes.push(await sha256(outputs));
  }
  const uncalled = Object.keys(instance.exports).filter((name) => !called.has(name));
  return { hash: await sha256(new TextEncoder().encode(hashes.join())), nan: [...nan], uncalled };
}
