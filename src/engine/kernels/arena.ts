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

/** The address space of 32-bit addresses: 4 GiB. */
export const MAX_PAGES = 65_536;

export const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);

/**
 * A WebAssembly memory, its kernels, and the views through which TypeScript reads and writes it. The views are replaced
 * when the memory grows: read them from the arena at each use and do not store them.
 *
 * A memory that threads share needs a `SharedArena`.
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
  /** The build of the kernels, and the reason. The results are bitwise identical for both builds. */
  readonly build: BuildChoice['build'] = notWide.build;
  readonly buildReason: string = notWide.buildReason;
  /** Address of a free word at the start of the memory. */
  protected readonly firstWord: number;
  /** Address of the next buffer, and the end of the memory for buffers. */
  protected next: number;
  protected end: number;
  /** Memory beyond this address was never allocated and is zero, as new memory is. */
  protected used: number;

  /** @param kernels the kernels of a module on this memory, or a wrapper that observes their calls */
  constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    this.memory = memory;
    this.shared = !(memory.buffer instanceof ArrayBuffer);
    this.kernels = kernels;
    this.firstWord = alignUp(unsigned(this.kernels.heapBase()));
    this.refresh();
    this.next = this.used = this.firstWord + ALIGN_BYTES;
    this.end = memory.buffer.byteLength;
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
   * Makes room for `bytes` bytes from `next` on. The memory grows by at least half, because some runtimes copy it on
   * growth. If the runtime rejects that, it grows by the bytes needed.
   */
  protected extend(bytes: number): void {
    const have = pagesOf(this.end);
    const need = pagesOf(this.next + bytes) - have;
    const wanted = Math.max(need, Math.min(have / 2, MAX_PAGES - have));
    try {
      this.memory.grow(Math.ceil(wanted));
    } catch (error) {
      if (wanted === need) throw error;
      this.memory.grow(need);
    }
    this.refresh();
    this.end = this.memory.buffer.byteLength;
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
    if (this.next + need > this.end) {
      try {
        this.extend(need);
      } catch {
        throw new RangeError(
          `Arena.reserve: cannot allocate ${bytes} bytes after ${this.mark()}; use ${this.shared ? 'fewer threads, ' : ''}narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
        );
      }
    }
    const at = alignUp(this.next);
    this.next = at + bytes + ALIGN_BYTES;
    // New pages are already zero. Writing to them would commit physical memory for buffers that stay mostly unused.
    if (zeroed) this.zero(at, Math.max(0, Math.min(this.next, this.used) - at));
    this.used = Math.max(this.used, this.next);
    return at;
  }

  /** Allocates `count` floats (or 32-bit integers). */
  floats(count: number): number {
    return this.reserve(count * 4);
  }

  /** Returns a mark of the memory in use. `release` frees everything that was allocated after the mark. */
  mark(): number {
    return this.next;
  }

  /** Gives back all that was placed after `mark`. */
  release(mark: number): void {
    this.next = mark;
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
