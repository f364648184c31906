/** All memory of one engine: kernels allocate nothing, so every buffer is placed here, once, before the first update. */
import { engineModule, instantiateKernels, type Kernels } from './load.ts';

const PAGE_BYTES = 65_536;

/** Byte addresses are multiples of this: no vector load straddles a cache line for its alignment. */
const ALIGN_BYTES = 64;

const alignUp = (address: number): number => Math.ceil(address / ALIGN_BYTES) * ALIGN_BYTES;

/** On shared memory a thread takes at least this much at a time. */
const SEGMENT_BYTES = 16 * PAGE_BYTES;

/** Address space that a shared memory reserves at most, in pages; hosts that refuse 4 GiB get less. */
const SHARED_MAXIMA = [65_536, 16_384, 4_096] as const;

/** A piece of memory that belongs to one arena; `base` is how much the pieces before it hold. */
interface Segment {
  readonly start: number;
  end: number;
  /** What lies beyond was never placed and is zero, as every new memory. */
  used: number;
  readonly base: number;
}

/**
 * A WebAssembly memory, its kernels, and the views through which TypeScript reads and writes it.
 * The views are replaced when the memory grows; read them from the arena at each use, never keep one.
 *
 * On a memory that threads share, each thread has an arena of its own; an address that one of them placed is good in all.
 */
export class Arena {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  i8!: Int8Array;
  readonly #segments: Segment[] = [];
  #segment = 0;
  #next: number;
  /** Address of the number of pages that threads have taken. */
  readonly #taken: number;

  /** @param kernels a module's on this memory, or what does the same and watches */
  constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    this.memory = memory;
    this.shared = !(memory.buffer instanceof ArrayBuffer);
    this.kernels = kernels;
    this.#taken = alignUp(this.kernels.heapBase());
    this.refresh();
    const start = this.#taken + ALIGN_BYTES;
    this.#segments.push({ start, end: this.shared ? start : memory.buffer.byteLength, used: start, base: 0 });
    this.#next = start;
  }

  /** Renews the views; another thread may have made the memory grow. */
  refresh(): void {
    const { buffer } = this.memory;
    if (this.u8?.buffer === buffer) return;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
  }

  /** Makes room for `bytes` more: the last segment grows where nobody has taken what follows it, else there is a new one. */
  #take(bytes: number): void {
    const last = this.#segments[this.#segments.length - 1];
    let start = last.end;
    let end = start + Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    if (this.shared) {
      const pages = Math.ceil(Math.max(bytes, SEGMENT_BYTES) / PAGE_BYTES);
      // The first page holds the constants and the count.
      start = (1 + Atomics.add(this.i32, this.#taken >> 2, pages)) * PAGE_BYTES;
      end = start + pages * PAGE_BYTES;
    }
    const have = this.memory.buffer.byteLength;
    if (end > have) {
      // Growing a memory that is not shared copies it on some hosts: grow by at least half.
      const least = this.shared ? end - have : Math.max(end - have, have / 2);
      try {
        this.memory.grow(Math.ceil(least / PAGE_BYTES));
      } catch (error) {
        if (this.shared) this.#giveBack(start, end);
        throw error;
      }
      if (!this.shared) end = this.memory.buffer.byteLength;
    }
    this.refresh();
    if (start === last.end) last.end = end;
    else this.#segments.push({ start, end, used: start, base: last.base + last.end - last.start });
  }

  /** After a failed growth: what was asked for is free again, unless another thread has taken what follows it. */
  #giveBack(start: number, end: number): void {
    const after = end / PAGE_BYTES - 1;
    Atomics.compareExchange(this.i32, this.#taken >> 2, after, start / PAGE_BYTES - 1);
  }

  /** Places `bytes` zeroed bytes and returns their address. They stay placed as long as the arena lives. */
  reserve(bytes: number): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new RangeError(`Arena.reserve: bytes must be >= 0, got ${bytes}`);
    // 64 bytes of slack: the last block of a packed panel may spill over its end.
    const need = bytes + 2 * ALIGN_BYTES;
    while (this.#next + need > this.#segments[this.#segment].end) {
      if (this.#segment + 1 === this.#segments.length) {
        try {
          this.#take(need);
        } catch {
          throw new RangeError(
            `Arena.reserve: no room for ${bytes} bytes after ${this.mark()}; use a smaller batch, fewer samples or a smaller vocabulary`,
          );
        }
        if (this.#segment + 1 === this.#segments.length) continue;
      }
      this.#next = this.#segments[++this.#segment].start;
    }
    const at = alignUp(this.#next);
    this.#next = at + bytes + ALIGN_BYTES;
    const segment = this.#segments[this.#segment];
    // Zeroing what is zero would make the host give real memory to buffers of which little is ever used.
    this.zero(at, Math.max(0, Math.min(this.#next, segment.used) - at));
    segment.used = Math.max(segment.used, this.#next);
    return at;
  }

  /** Room for `count` floats (or 32-bit integers). */
  floats(count: number): number {
    return this.reserve(count * 4);
  }

  /** How many bytes are in use; `release` gives back all that was placed after it. */
  mark(): number {
    const { start, base } = this.#segments[this.#segment];
    return base + this.#next - start;
  }

  release(mark: number): void {
    while (this.#segments[this.#segment].base > mark) this.#segment--;
    const { start, base } = this.#segments[this.#segment];
    this.#next = start + mark - base;
  }

  /** A copy of `count` floats at `pointer`. */
  read(pointer: number, count: number): Float32Array {
    return this.f32.slice(pointer >> 2, (pointer >> 2) + count);
  }

  write(pointer: number, values: ArrayLike<number>): void {
    this.f32.set(values, pointer >> 2);
  }

  /** Copies bytes within the memory. */
  copy(to: number, from: number, bytes: number): void {
    this.kernels.copyBytes(to, from, bytes);
  }

  zero(pointer: number, bytes: number): void {
    // Filling a view of shared memory goes byte by byte on some hosts.
    const words = bytes >> 2;
    this.kernels.fill(pointer, words, 0);
    for (let i = pointer + words * 4; i < pointer + bytes; i++) this.u8[i] = 0;
  }
}

/** Scratch bytes of a product with inner size k and n columns; see assembly/matmul.ts. */
export function matmulScratchBytes(k: number, n: number): number {
  return 16_704 + 4 * Math.min(k, 256) * (Math.ceil(n / 8) * 8) + 128;
}

/** A new arena with the engine's kernels, on its own memory unless one is given. */
export async function createArena(
  module?: WebAssembly.Module,
  memory = new WebAssembly.Memory({ initial: 16 }),
): Promise<Arena> {
  return new Arena(memory, instantiateKernels(module ?? (await engineModule()), memory));
}

/**
 * A memory that threads can share.
 *
 * @throws if the host has none
 */
export function createSharedMemory(): WebAssembly.Memory {
  for (const maximum of SHARED_MAXIMA) {
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared: true });
    } catch {
      // The next one asks for less.
    }
  }
  throw new RangeError(
    `createSharedMemory: the host gives no shared memory of ${SHARED_MAXIMA[SHARED_MAXIMA.length - 1] / 16} MiB`,
  );
}
