/** All memory of one engine: kernels allocate nothing, so every buffer is placed here, once, before the first update. */
import { index32, unsigned } from './address.ts';
import { engineModule, instantiateKernels, type Kernels } from './load.ts';
import { type ModuleSource, moduleFrom } from './moduleFrom.ts';

const PAGE_BYTES = 65_536;

/** Byte addresses are multiples of this: no vector load straddles a cache line for its alignment. */
export const ALIGN_BYTES = 64;

export const alignUp = (address: number): number => Math.ceil(address / ALIGN_BYTES) * ALIGN_BYTES;

/** On shared memory a thread takes at least this much at a time. */
const SEGMENT_BYTES = 16 * PAGE_BYTES;

/** What a 32-bit address can reach: 4 GiB. */
const MAX_PAGES = 65_536;

const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);

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
  /** The exported functions of the compiled module; assembly/ documents each. */
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
    this.#taken = alignUp(unsigned(this.kernels.heapBase()));
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
    let end = start + pagesOf(bytes) * PAGE_BYTES;
    if (this.shared) [start, end] = this.#takeShared(bytes);
    else {
      this.#growOwn(end);
      end = this.memory.buffer.byteLength;
    }
    this.refresh();
    if (start === last.end) last.end = end;
    else this.#segments.push({ start, end, used: start, base: last.base + last.end - last.start });
  }

  /** Growing a memory that is not shared copies it on some hosts: it grows by at least half, or by what is needed if the host refuses that. */
  #growOwn(end: number): void {
    const have = pagesOf(this.memory.buffer.byteLength);
    const need = pagesOf(end) - have;
    const wanted = Math.max(need, Math.min(have / 2, MAX_PAGES - have));
    try {
      this.memory.grow(Math.ceil(wanted));
    } catch (error) {
      if (wanted === need) throw error;
      this.memory.grow(need);
    }
  }

  /** Takes pages that no other thread has: a whole segment or, where that does not fit any more, what is needed. */
  #takeShared(bytes: number): [start: number, end: number] {
    const need = pagesOf(bytes);
    for (let pages = Math.max(need, SEGMENT_BYTES / PAGE_BYTES); ; pages = need) {
      // The first page holds the constants and the count.
      const start = (1 + Atomics.add(this.i32, index32(this.#taken), pages)) * PAGE_BYTES;
      const end = start + pages * PAGE_BYTES;
      try {
        this.#growShared(end);
        return [start, end];
      } catch (error) {
        this.#giveBack(start, end);
        if (pages === need) throw error;
      }
    }
  }

  /**
   * The present length of a shared memory. A thread sees the growth of another one only after an interrupt: until then `buffer.byteLength` is
   * the old length. `grow(0)` returns the real one and renews the buffer.
   */
  #sharedLength(): number {
    return this.memory.grow(0) * PAGE_BYTES;
  }

  #growShared(end: number): void {
    for (;;) {
      const have = this.#sharedLength();
      if (end <= have) return;
      try {
        this.memory.grow(pagesOf(end - have));
      } catch (error) {
        // Another thread may have made it grow in between, so that less is missing now.
        if (this.#sharedLength() === have) throw error;
      }
    }
  }

  /** After a failed growth: what was asked for is free again, unless another thread has taken what follows it. */
  #giveBack(start: number, end: number): void {
    const after = end / PAGE_BYTES - 1;
    Atomics.compareExchange(this.i32, index32(this.#taken), after, start / PAGE_BYTES - 1);
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
            `Arena.reserve: no room for ${bytes} bytes after ${this.mark()}; use ${this.shared ? 'fewer threads, ' : ''}narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
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

  /** Gives back all that was placed after `mark`. */
  release(mark: number): void {
    while (this.#segments[this.#segment].base > mark) this.#segment--;
    const { start, base } = this.#segments[this.#segment];
    this.#next = start + mark - base;
  }

  /** A copy of `count` floats at `pointer`. */
  read(pointer: number, count: number): Float32Array {
    return this.f32.slice(index32(pointer), index32(pointer) + count);
  }

  /** Writes floats at the address `pointer`. */
  write(pointer: number, values: ArrayLike<number>): void {
    this.f32.set(values, index32(pointer));
  }

  /** Copies bytes within the memory. */
  copy(to: number, from: number, bytes: number): void {
    this.kernels.copyBytes(to, from, bytes);
  }

  /** Sets `bytes` bytes at the address `pointer` to 0. */
  zero(pointer: number, bytes: number): void {
    // Filling a view of shared memory goes byte by byte on some hosts.
    const words = Math.floor(bytes / 4);
    this.kernels.fill(pointer, words, 0);
    for (let i = pointer + words * 4; i < pointer + bytes; i++) this.u8[i] = 0;
  }
}

/** Scratch bytes of a product with inner size k and n columns; see assembly/matmul.ts. */
export function matmulScratchBytes(k: number, n: number): number {
  return 16_704 + 4 * Math.min(k, 256) * (Math.ceil(n / 8) * 8) + 128;
}

/**
 * A new arena with the engine's kernels, on its own memory unless one is given.
 *
 * @param module the engine's module, compiled, or its URL; by default the one that lies beside this file
 * @throws if the module cannot be loaded, or the host has no memory to give
 */
export async function createArena(module?: ModuleSource, memory = createMemory()): Promise<Arena> {
  return new Arena(memory, instantiateKernels(await (module ? moduleFrom(module) : engineModule()), memory));
}

/** A memory of one thread; it grows as far as the host lets it. */
function createMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 16 });
  } catch (cause) {
    throw new RangeError(
      `createArena: the host must give a memory of 1 MiB, got ${(cause as Error).message}; close other programs or pages`,
      { cause },
    );
  }
}

/** A memory that threads can share, and how many bytes it can grow to. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly bytes: number;
}

/**
 * Opens a memory that threads can share. Its maximum is address space, which hosts with much of it give away: 4 GiB are asked for first. Where
 * the host refuses, `wanted` bytes are asked for, then three quarters of that, and so on down to `least`.
 *
 * @throws what the host threw at last, if it has no memory that holds `least` bytes
 */
export function openSharedMemory(wanted: number, least: number): SharedMemory {
  const fewest = Math.min(Math.max(pagesOf(least), 16), MAX_PAGES);
  for (let maximum = MAX_PAGES; ; ) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 16, maximum, shared: true }), bytes: maximum * PAGE_BYTES };
    } catch (error) {
      if (maximum <= fewest) throw error;
    }
    const next = maximum === MAX_PAGES ? Math.min(pagesOf(wanted), MAX_PAGES / 2) : Math.floor((maximum * 3) / 4);
    maximum = Math.max(fewest, next);
  }
}

/**
 * A memory that threads can share, as large as the host lets it grow.
 *
 * @throws if the host has none
 */
export function createSharedMemory(): WebAssembly.Memory {
  try {
    return openSharedMemory(MAX_PAGES * PAGE_BYTES, 0).memory;
  } catch (cause) {
    throw new RangeError(
      `createSharedMemory: the host must give shared memory of 1 MiB, got ${(cause as Error).message}; use one thread`,
      {
        cause,
      },
    );
  }
}
