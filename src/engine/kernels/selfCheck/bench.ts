/**
 * Lays out the buffers of one case after another in the memory of a module, calls kernels on them, and passes on what
 * each kernel wrote.
 */
import { type RandomStream, randomStream } from '../../../random.ts';
import { index32 } from '../address.ts';
import type { Kernels } from '../load.ts';

/** Buffers of a case, with seeded values, and the kernels that are called on them. */
export interface Bench {
  readonly kernels: Kernels;
  /** `count` floats in [-scale, scale). */
  floats(count: number, scale?: number): number;
  /** Floats >= 0. */
  positives(count: number): number;
  values(values: readonly number[]): number;
  ints(values: readonly number[]): number;
  bytes(values: readonly number[]): number;
  /** Integers in [0, below). */
  below(count: number, below: number): number[];
  /** Floats in [-scale, scale) that kernels overwrite or add to. */
  output(count: number, scale?: number): number;
  /** Integers that kernels overwrite. */
  intOutput(count: number): number;
  /** Floats >= 0 that kernels overwrite or add to. */
  positiveOutput(count: number): number;
  /** f64 sums that kernels add to; they start at 0. */
  sums(count: number): number;
  /** f64 values that kernels overwrite. */
  doubles(values: readonly number[]): number;
  scratch(bytes: number): number;
}

/** The calls of one group of kernels. A `yield` ends a case: its buffers become free. */
export type Cases = (bench: Bench) => Generator<undefined, void>;

/**
 * Receives what a kernel wrote or returned: the words of one output and of the guard after it, which the kernel must
 * not change, or those of the number, as f64.
 */
export type Took = (kernel: string, words: Int32Array, type: Type) => void;

type Type = 'f32' | 'f64' | 'i32';

/** Bytes of every scratch buffer: more than any of the cases needs. */
export const scratchBytes = 1 << 19;
const GUARD_BYTES = 64;
const PAGE_BYTES = 65_536;
/** A prime number of different floats, so that a matrix never repeats in step with its rows. */
const FLOATS = 8191;

/** Offsets of `groups` groups with least + 1, least + 2, least + 3, least, ... members. */
export function offsetsOf(groups: number, least = 0): number[] {
  const offsets = [0];
  for (let g = 1; g <= groups; g++) offsets.push(offsets[g - 1] + least + (g % 4));
  return offsets;
}

interface Output {
  readonly words: number;
  readonly type: Type;
}

/** Returns the same floats again and again: the check would spend most of its time on the generation of new ones. */
function floatsFrom(random: RandomStream): () => number {
  const floats = Float32Array.from({ length: FLOATS }, () => 2 * random.uniform() - 1);
  let next = 0;
  return () => {
    if (next === FLOATS) next = 0;
    return floats[next++];
  };
}

/**
 * Runs `cases` on an instance of the module, and yields after each case.
 *
 * @param base address from which buffers are placed; 0: the second page of the memory
 */
export function* runCases(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  cases: readonly Cases[],
  took: Took,
  base = 0,
): Generator<undefined, void> {
  const exported = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  const random = randomStream(1, 'engine/kernels/selfCheck');
  const nextFloat = floatsFrom(random);
  // The heap base differs between builds, and the addresses of the buffers must not.
  const start = Math.max(base, PAGE_BYTES, exported.heapBase());
  const outputs = new Map<number, Output>();
  let next = start;
  let i32 = new Int32Array(memory.buffer);
  let f32 = new Float32Array(memory.buffer);
  const returned = new Float64Array(1);

  const place = (bytes: number): number => {
    // 4 bytes off a boundary of 16, so that no aligned access hides a wrong address.
    const at = Math.ceil(next / 16) * 16 + 4;
    next = at + bytes + GUARD_BYTES;
    const missing = next - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      i32 = new Int32Array(memory.buffer);
      f32 = new Float32Array(memory.buffer);
    }
    return at;
  };
  const fill = (count: number, value: () => number): number => {
    const at = place(count * 4);
    const first = index32(at);
    for (let i = first; i < first + count; i++) f32[i] = value();
    return at;
  };
  const put = (values: Float32Array | Float64Array | Int32Array | Int8Array): number => {
    const at = place(values.byteLength);
    new Uint8Array(memory.buffer).set(new Uint8Array(values.buffer), at);
    return at;
  };
  const note = (at: number, bytes: number, type: Type): number => {
    i32.fill(0, index32(at + bytes), index32(at + bytes + GUARD_BYTES));
    outputs.set(at, { words: (bytes + GUARD_BYTES) / 4, type });
    return at;
  };
  const noted = (name: string, kernel: (...given: number[]) => number | undefined) => {
    return (...given: number[]): number | undefined => {
      const result = kernel(...given);
      for (const value of given) {
        const output = value >= start ? outputs.get(value) : undefined;
        if (output) took(name, i32.subarray(index32(value), index32(value) + output.words), output.type);
      }
      if (result !== undefined) {
        returned[0] = result;
        took(name, new Int32Array(returned.buffer), 'f64');
      }
      return result;
    };
  };
  const kernels: Record<string, unknown> = {};
  for (const [name, kernel] of Object.entries(exported)) {
    if (typeof kernel === 'function') kernels[name] = noted(name, kernel as (...given: number[]) => number | undefined);
  }
  const floats = (count: number, scale = 1): number => fill(count, () => scale * nextFloat());
  const positives = (count: number): number => fill(count, () => Math.abs(nextFloat()));
  const bench: Bench = {
    kernels: kernels as unknown as Kernels,
    floats,
    positives,
    values: (values) => put(Float32Array.from(values)),
    ints: (values) => put(Int32Array.from(values)),
    bytes: (values) => put(Int8Array.from(values)),
    below: (count, below) => Array.from({ length: count }, () => random.below(below)),
    output: (count, scale) => note(floats(count, scale), count * 4, 'f32'),
    intOutput: (count) => note(floats(count), count * 4, 'i32'),
    positiveOutput: (count) => note(positives(count), count * 4, 'f32'),
    sums: (count) =>
      note(
        fill(count * 2, () => 0),
        count * 8,
        'f64',
      ),
    doubles: (values) => note(put(Float64Array.from(values)), values.length * 8, 'f64'),
    scratch: place,
  };
  for (const group of cases) {
    for (const _ of group(bench)) {
      yield;
      outputs.clear();
      next = start;
    }
  }
}
