/** What a case of kernels works on: seeded inputs and noted outputs in one memory, and the sizes that cases share. */
import type { Kernels } from '../../src/engine/kernels/load.ts';
import type { RandomStream } from '../../src/random.ts';

/** Places buffers for one case and remembers what a kernel wrote. */
export interface Bench {
  readonly kernels: Kernels;
  /** `count` floats in [-scale, scale). */
  floats(count: number, scale?: number): number;
  /** Floats >= 0. */
  positives(count: number): number;
  ints(values: readonly number[]): number;
  bytes(values: readonly number[]): number;
  /** Integers in [0, below). */
  below(count: number, below: number): number[];
  /** Floats that the kernel overwrites or adds to. */
  output(count: number): number;
  /** f64 sums that the kernel adds to. */
  sums(count: number): number;
  /** A number that a kernel returned. */
  returned(value: number): void;
  scratch(bytes: number): number;
}

export interface Written {
  readonly pointer: number;
  readonly type: typeof Float32Array | typeof Float64Array;
  readonly count: number;
}

/** Around the lengths of vectors and tiles. */
export const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65];
export const widths = [1, 3, 4, 7, 8, 12, 17];
export const scratchBytes = 1 << 19;

/** Offsets of `groups` groups with least + 1, least + 2, least + 3, least, ... members. */
export function offsetsOf(groups: number, least = 0): number[] {
  const offsets = [0];
  for (let g = 1; g <= groups; g++) offsets.push(offsets[g - 1] + least + (g % 4));
  return offsets;
}

/**
 * A bench on `memory` from `base` on, by default its heap base, with inputs from `random`; `written` gets what kernels
 * wrote, `called` their names.
 */
export function openBench(
  memory: WebAssembly.Memory,
  instance: WebAssembly.Instance,
  random: RandomStream,
  written: Written[],
  called: Set<string>,
  base = 0,
): Bench {
  const exported = instance.exports as unknown as Record<string, (...given: number[]) => number>;
  const kernels: Record<string, (...given: number[]) => number> = {};
  for (const [name, kernel] of Object.entries(exported)) {
    kernels[name] = (...given) => {
      called.add(name);
      return kernel(...given);
    };
  }
  let next = Math.max(base, kernels.heapBase());
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
