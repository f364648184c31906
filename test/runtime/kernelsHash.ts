/** The bits that the kernels of one build give in this runtime, as one hash. */
import type { Kernels } from '../../src/kernels/load.ts';
import type { RandomStream } from '../../src/random.ts';
import { type Bench, kernelCases } from './kernelCases.ts';

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Written {
  readonly pointer: number;
  readonly type: typeof Float32Array | typeof Float64Array;
  readonly count: number;
}

/** A bench on `memory` from its heap base on, with inputs from `random`; `written` gets what kernels wrote, `calls` their names. */
function openBench(
  memory: WebAssembly.Memory,
  instance: WebAssembly.Instance,
  random: RandomStream,
  written: Written[],
  called: Set<string>,
): Bench {
  const exported = instance.exports as unknown as Record<string, (...given: number[]) => number>;
  const kernels: Record<string, (...given: number[]) => number> = {};
  for (const [name, kernel] of Object.entries(exported)) {
    kernels[name] = (...given) => {
      called.add(name);
      return kernel(...given);
    };
  }
  let next = kernels.heapBase();
  const place = (bytes: number): number => {
    // 4 bytes off a boundary of 16, so that no aligned access hides a wrong address.
    const at = Math.ceil(next / 16) * 16 + 4;
    next = at + bytes + 64;
    const missing = next - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    return at;
  };
  const put = (values: Float32Array | Float64Array | Int32Array | Int8Array): number => {
    const at = place(values.byteLength);
    new Uint8Array(memory.buffer).set(new Uint8Array(values.buffer), at);
    return at;
  };
  const floats = (count: number, scale = 1): number =>
    put(Float32Array.from({ length: count }, () => scale * (2 * random.uniform() - 1)));
  const note = (pointer: number, type: Written['type'], count: number): number => {
    written.push({ pointer, type, count });
    return pointer;
  };
  return {
    kernels: kernels as unknown as Kernels,
    floats,
    positives: (count) => put(Float32Array.from({ length: count }, () => random.uniform())),
    ints: (values) => put(Int32Array.from(values)),
    bytes: (values) => put(Int8Array.from(values)),
    below: (count, below) => Array.from({ length: count }, () => random.below(below)),
    output: (count) => note(floats(count), Float32Array, count),
    sums: (count) => note(put(new Float64Array(count)), Float64Array, count),
    returned: (value) => void note(put(Float64Array.of(value)), Float64Array, 1),
    scratch: place,
  };
}

/** Hash of all outputs of all kernels, whether any is NaN (whose bits no engine promises), and kernels that no case calls. */
export async function kernelsHash(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  randomStream: (seed: number, purpose: string) => RandomStream,
): Promise<{ hash: string; nan: string[]; uncalled: string[] }> {
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const called = new Set(['memory']);
  const nan = new Set<string>();
  const hashes: string[] = [];
  for (const [name, run] of Object.entries(kernelCases)) {
    const written: Written[] = [];
    run(openBench(memory, instance, randomStream(1, `test/runtime/${name}`), written, called));
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
