/**
 * Lays out the buffers of one kernel call and catches what a kernel must never do.
 *
 * Every call runs on two instances whose unused memory holds different bytes (NaN in one). After the call
 * - a byte outside the declared outputs and scratch has changed: an error that names the address;
 * - the two instances differ in an output: an error, for the kernel read bytes that are not its input.
 * All buffers start 4 bytes off a 16-byte boundary (masks and labels 1 byte off), so no aligned access hides a wrong
 * address.
 */
import type { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import type { Kernels } from '../../src/engine/kernels/load.ts';
import { randomStream } from '../../src/random.ts';

const REGION_BYTES = 6 << 20;
const GUARD_BYTES = 64;
const UNUSED = [0xff, 0x11];

export interface KernelCase {
  /** Input floats; returns their address. */
  floats(values: ArrayLike<number>): number;
  /** Input matrix [rows, width], stored with `stride` floats from row to row. */
  rows(values: ArrayLike<number>, width: number, stride: number): number;
  ints(values: ArrayLike<number>): number;
  /** Masks (0 or 1) and labels (-1, 0, 1). */
  bytes(values: ArrayLike<number>): number;
  /** Floats that the kernel may write, with what they hold before. */
  output(initial: ArrayLike<number>): number;
  /** A matrix that the kernel may write; the bytes between its rows must stay. */
  outputRows(initial: ArrayLike<number>, width: number, stride: number): number;
  outputInts(initial: ArrayLike<number>): number;
  /** f64 sums that the kernel adds to. */
  sums(initial: ArrayLike<number>): number;
  /** Bytes that the kernel may leave in any state. */
  scratch(bytes: number): number;
  run(call: (kernels: Kernels) => void): void;
  read(pointer: number, count: number): Float32Array;
  readRows(pointer: number, rows: number, width: number, stride: number): Float32Array;
  readInts(pointer: number, count: number): Int32Array;
  readSums(pointer: number, count: number): Float64Array;
}

const encoder = new TextEncoder();
const encoded = new Uint8Array(1);

interface Range {
  from: number;
  to: number;
  compared: boolean;
}

/** Opens two instances and returns a function that starts a new case on them; a new case invalidates the last one. */
export async function openWorkbench(): Promise<() => KernelCase> {
  const arenas = [await createArena(), await createArena()];
  const base = arenas.map((arena) => arena.reserve(REGION_BYTES))[0];
  return () => startCase(arenas, base);
}

function startCase(arenas: readonly Arena[], base: number): KernelCase {
  const writable: Range[] = [];
  let end = base;
  const place = (bytes: number, offset: number): number => {
    const at = Math.ceil((end + GUARD_BYTES) / 16) * 16 + offset;
    const next = at + bytes;
    if (next + GUARD_BYTES > base + REGION_BYTES) throw new RangeError(`place: no room for ${bytes} bytes`);
    arenas.forEach((arena, i) => {
      arena.u8.fill(UNUSED[i], end, next + GUARD_BYTES);
    });
    end = next;
    return at;
  };
  const allow = (from: number, bytes: number, compared = true): void => {
    if (bytes > 0) writable.push({ from, to: from + bytes, compared });
  };
  const put = (pointer: number, values: Float32Array | Float64Array | Int32Array | Int8Array): number => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (const arena of arenas) arena.u8.set(bytes, pointer);
    return pointer;
  };
  const floats = (values: ArrayLike<number>): number => put(place(values.length * 4, 4), Float32Array.from(values));
  const placeRows = (values: ArrayLike<number>, width: number, stride: number): number => {
    const count = width > 0 ? values.length / width : 0;
    const at = place(count * stride * 4, 4);
    const all = Float32Array.from(values);
    for (let r = 0; r < count; r++) put(at + r * stride * 4, all.subarray(r * width, (r + 1) * width));
    return at;
  };
  const bytesAt = (pointer: number, bytes: number): ArrayBuffer => arenas[0].u8.slice(pointer, pointer + bytes).buffer;
  const read = (pointer: number, count: number): Float32Array => new Float32Array(bytesAt(pointer, count * 4));
  return {
    floats,
    rows: placeRows,
    ints: (values) => put(place(values.length * 4, 4), Int32Array.from(values)),
    bytes: (values) => put(place(values.length, 1), Int8Array.from(values)),
    output(initial) {
      const at = floats(initial);
      allow(at, initial.length * 4);
      return at;
    },
    outputRows(initial, width, stride) {
      const at = placeRows(initial, width, stride);
      for (let r = 0; r * width < initial.length; r++) allow(at + r * stride * 4, width * 4);
      return at;
    },
    outputInts(initial) {
      const at = put(place(initial.length * 4, 4), Int32Array.from(initial));
      allow(at, initial.length * 4);
      return at;
    },
    sums(initial) {
      const at = put(place(initial.length * 8, 4), Float64Array.from(initial));
      allow(at, initial.length * 8);
      return at;
    },
    scratch(bytes) {
      const at = place(bytes, 4);
      allow(at, bytes, false);
      return at;
    },
    run(call) {
      const limit = end + GUARD_BYTES;
      for (const arena of arenas) {
        const before = arena.u8.slice(0, limit);
        call(arena.kernels);
        // V8 ends merged code without vzeroupper, and its other code is then up to 14 times as slow on some processors.
        // The encoder ends with it.
        encoder.encodeInto('a', encoded);
        checkUntouched(before, arena.u8.subarray(0, limit), writable);
      }
      checkEqual(arenas[0].u8, arenas[1].u8, writable);
    },
    read,
    readRows(pointer, rows, width, stride) {
      const out = new Float32Array(rows * width);
      for (let r = 0; r < rows; r++) out.set(read(pointer + r * stride * 4, width), r * width);
      return out;
    },
    readInts: (pointer, count) => new Int32Array(bytesAt(pointer, count * 4)),
    readSums: (pointer, count) => new Float64Array(bytesAt(pointer, count * 8)),
  };
}

function checkUntouched(before: Uint8Array, after: Uint8Array, writable: readonly Range[]): void {
  let from = 0;
  for (const range of [...writable, { from: before.length, to: before.length }]) {
    if (Buffer.compare(before.subarray(from, range.from), after.subarray(from, range.from)) !== 0) {
      while (before[from] === after[from]) from++;
      throw new Error(
        `a kernel wrote byte ${from}, which is none of its outputs (next output starts at ${range.from})`,
      );
    }
    from = range.to;
  }
}

function checkEqual(one: Uint8Array, other: Uint8Array, writable: readonly Range[]): void {
  for (const { from, to, compared } of writable) {
    if (compared && Buffer.compare(one.subarray(from, to), other.subarray(from, to)) !== 0) {
      throw new Error(`two instances differ in the output at ${from}: the kernel read bytes that are not its input`);
    }
  }
}

/** A source of uniform floats in [-1, 1): seeded by `purpose`, walking round a table so that large inputs are cheap. */
export function seededFloats(purpose: string): (count: number) => Float32Array {
  const stream = randomStream(1, purpose);
  const table = Float32Array.from({ length: 8191 }, () => 2 * stream.uniform() - 1);
  let next = 0;
  return (count) => Float32Array.from({ length: count }, () => table[next++ % table.length]);
}

/** Every length at which vector tails and unrolled loops differ. */
export const lengths: readonly number[] = Array.from({ length: 18 }, (_, i) => i);

/** Offsets of segments with these sizes. */
export function offsetsOf(sizes: readonly number[]): number[] {
  const offsets = [0];
  for (const size of sizes) offsets.push(offsets[offsets.length - 1] + size);
  return offsets;
}
