/**
 * The memory of one engine. Kernels allocate nothing, so every buffer is allocated here, once, before the first update.
 */
import { index32, unsigned } from './address.ts';
import { type BuildChoice, notWide } from './buildChoice.ts';
import type { Kernels } from './load.ts';

export const PAGE_BYTES = 65_536;

/** Byte addresses are multiples of this, so that the start of a buffer is the start of a cache line. */
export const ALIGN_BYTES = 64;

export const alignUp = (address: number): number => Math.ceil(address / ALIGN_BYTES) * ALIGN_BYTES;

/** On shared memory, a thread reserves at least this many bytes at a time. */
const SEGMENT_BYTES = 16 * PAGE_BYTES;

/** The address space of 32-bit addresses: 4 GiB. */
export const MAX_PAGES = 65_536;

export const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);

/** A section of memory that belongs to one arena. `base` is the total size of the earlier sections. */
interface Segment {
  readonly start: number;
  end: number;
  /** Memory beyond this address was never allocated and is zero, as new memory is. */
  used: number;
  readonly base: number;
}

/**
 * A WebAssembly memory, its kernels, and the views through which TypeScript reads and writes it. The views are replaced
 * when the memory grows: read them from the arena at each use and do not store them.
 *
 * On a memory that threads share, each thread has its own arena. An address that one of them allocated is valid in all.
 */
export class Arena {
  /**
   * The exported functions of the compiled module; assembly/ documents each. `useKernels` replaces the functions, so
   * read them from this object at each call.
   */
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  i8!: Int8Array;
  #choice: BuildChoice;
  readonly #segments: Segment[] = [];
  #segment = 0;
  #next: number;
  /** Address of the number of pages that the threads have reserved. */
  readonly #reservedPages: number;

  /**
   * @param kernels the kernels of a module on this memory, or a wrapper that observes their calls
   * @param choice the build of the module, and the reason
   */
  constructor(memory: WebAssembly.Memory, kernels: Kernels, choice: BuildChoice = notWide) {
    this.memory = memory;
    this.#choice = choice;
    this.shared = !(memory.buffer instanceof ArrayBuffer);
    this.kernels = kernels;
    this.#reservedPages = alignUp(unsigned(this.kernels.heapBase()));
    this.refresh();
    const start = this.#reservedPages + ALIGN_BYTES;
    this.#segments.push({ start, end: this.shared ? start : memory.buffer.byteLength, used: start, base: 0 });
    this.#next = start;
  }

  /** The build of the kernels. The results are bitwise identical for both. */
  get build(): BuildChoice['build'] {
    return this.#choice.build;
  }

  /** The reason for `build`, as text. */
  get buildReason(): string {
    return this.#choice.buildReason;
  }

  /**
   * Computes with other kernels from now on, which must compute the same bits.
   *
   * @param kernels of another build, instantiated on this memory
   * @internal
   */
  useKernels(kernels: Kernels, choice: BuildChoice = this.#choice): void {
    Object.assign(this.kernels, kernels);
    this.#choice = choice;
  }

  /** Renews the views, because another thread can have grown the memory. */
  refresh(): void {
    const { buffer } = this.memory;
    if (this.u8?.buffer === buffer) return;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
  }

  /**
   * Adds at least `bytes` bytes: the last segment grows if the memory after it is free, otherwise there is a new
   * segment.
   */
  #extend(bytes: number): void {
    const last = this.#segments[this.#segments.length - 1];
    let start = last.end;
    let end = start + pagesOf(bytes) * PAGE_BYTES;
    if (this.shared) [start, end] = this.#reserveShared(bytes);
    else {
      this.#growOwn(end);
      end = this.memory.buffer.byteLength;
    }
    this.refresh();
    if (start === last.end) last.end = end;
    else this.#segments.push({ start, end, used: start, base: last.base + last.end - last.start });
  }

  /**
   * Grows a memory that is not shared by at least half, because some runtimes copy it on growth. If the runtime rejects
   * that, grows it by the bytes needed.
   */
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

  /** Reserves pages that no other thread has: a whole segment, or only the pages needed if a segment no longer fits. */
  #reserveShared(bytes: number): [start: number, end: number] {
    const need = pagesOf(bytes);
    for (let pages = Math.max(need, SEGMENT_BYTES / PAGE_BYTES); ; pages = need) {
      // The first page holds the constants and the page count.
      const start = (1 + Atomics.add(this.i32, index32(this.#reservedPages), pages)) * PAGE_BYTES;
      const end = start + pages * PAGE_BYTES;
      try {
        this.#growShared(end);
        return [start, end];
      } catch (error) {
        this.#freePages(start, end);
        if (pages === need) throw error;
      }
    }
  }

  /**
   * Returns the current length of a shared memory. A thread sees growth by another thread only after an interrupt;
   * until then `buffer.byteLength` is the old length. `grow(0)` returns the current length and renews the buffer.
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
        // Another thread can have grown the memory in between, so that fewer pages are missing now.
        if (this.#sharedLength() === have) throw error;
      }
    }
  }

  /** After failed growth: frees the reserved pages, unless another thread has reserved the pages after them. */
  #freePages(start: number, end: number): void {
    const after = end / PAGE_BYTES - 1;
    Atomics.compareExchange(this.i32, index32(this.#reservedPages), after, start / PAGE_BYTES - 1);
  }

  /**
   * Allocates `bytes` zeroed bytes and returns their address. They stay allocated as long as the arena exists, unless
   * `release` frees them.
   *
   * @param zeroed false: the caller writes every byte before it reads one
   */
  reserve(bytes: number, zeroed = true): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new RangeError(`Arena.reserve: bytes must be >= 0, got ${bytes}`);
    // 64 bytes of slack: the last block of a packed panel can extend past its end.
    const need = bytes + 2 * ALIGN_BYTES;
    while (this.#next + need > this.#segments[this.#segment].end) {
      if (this.#segment + 1 === this.#segments.length) {
        try {
          this.#extend(need);
        } catch {
          throw new RangeError(
            `Arena.reserve: cannot allocate ${bytes} bytes after ${this.mark()}; use ${this.shared ? 'fewer threads, ' : ''}narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
          );
        }
        if (this.#segment + 1 === this.#segments.length) continue;
      }
      this.#next = this.#segments[++this.#segment].start;
    }
    const at = alignUp(this.#next);
    this.#next = at + bytes + ALIGN_BYTES;
    const segment = this.#segments[this.#segment];
    // New pages are already zero. Writing to them would commit physical memory for buffers that stay mostly unused.
    if (zeroed) this.zero(at, Math.max(0, Math.min(this.#next, segment.used) - at));
    segment.used = Math.max(segment.used, this.#next);
    return at;
  }

  /** Allocates `count` floats (or 32-bit integers). */
  floats(count: number): number {
    return this.reserve(count * 4);
  }

  /** Returns the number of bytes in use. `release` frees everything that was allocated after the mark. */
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

  /** Returns a copy of `count` floats at `pointer`. */
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
    // Some runtimes fill a view of shared memory byte by byte, so the kernel does it.
    const words = Math.floor(bytes / 4);
    this.kernels.fill(pointer, words, 0);
    for (let i = pointer + words * 4; i < pointer + bytes; i++) this.u8[i] = 0;
  }
}

/** Scratch bytes of a matrix product with inner size k and n columns; see assembly/matmul.ts. */
export function matmulScratchBytes(k: number, n: number): number {
  return 16_704 + 4 * Math.min(k, 256) * (Math.ceil(n / 8) * 8) + 128;
}
