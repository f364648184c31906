/** All memory of one engine: kernels allocate nothing, so every buffer is placed here, once, before the first update. */
import { engineModule, instantiateKernels, type Kernels } from './load.ts';

const PAGE_BYTES = 65_536;

/** Byte addresses are multiples of this: no vector load straddles a cache line for its alignment. */
const ALIGN_BYTES = 64;

/**
 * One WebAssembly memory, its kernels, and the views through which TypeScript reads and writes it.
 * The views are replaced when the memory grows; read them from the arena at each use, never keep one.
 */
export class Arena {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  i8!: Int8Array;
  #end: number;

  constructor(module: WebAssembly.Module) {
    this.memory = new WebAssembly.Memory({ initial: 16 });
    this.kernels = instantiateKernels(module, this.memory);
    this.#end = this.kernels.heapBase();
    this.#refresh();
  }

  #refresh(): void {
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
  }

  /** Places `bytes` zeroed bytes and returns their address. They stay placed as long as the arena lives. */
  reserve(bytes: number): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new RangeError(`Arena.reserve: bytes must be >= 0, got ${bytes}`);
    const at = Math.ceil(this.#end / ALIGN_BYTES) * ALIGN_BYTES;
    // 64 bytes of slack: the last block of a packed panel may spill over its end.
    const end = at + bytes + ALIGN_BYTES;
    const have = this.memory.buffer.byteLength;
    if (end > have) {
      // Growing copies on some hosts: grow by at least half.
      const pages = Math.ceil(Math.max(end - have, have / 2) / PAGE_BYTES);
      try {
        this.memory.grow(pages);
      } catch {
        throw new RangeError(
          `Arena.reserve: no room for ${bytes} bytes after ${at}; use a smaller batch, fewer samples or a smaller vocabulary`,
        );
      }
      this.#refresh();
    }
    this.u8.fill(0, at, end);
    this.#end = end;
    return at;
  }

  /** Room for `count` floats (or 32-bit integers). */
  floats(count: number): number {
    return this.reserve(count * 4);
  }

  /** The address up to which memory is in use; `release` gives back all that was placed after it. */
  mark(): number {
    return this.#end;
  }

  release(mark: number): void {
    this.#end = mark;
  }

  /** A copy of `count` floats at `pointer`. */
  read(pointer: number, count: number): Float32Array {
    return this.f32.slice(pointer >> 2, (pointer >> 2) + count);
  }

  write(pointer: number, values: ArrayLike<number>): void {
    this.f32.set(values, pointer >> 2);
  }

  zero(pointer: number, bytes: number): void {
    this.u8.fill(0, pointer, pointer + bytes);
  }
}

/** Scratch bytes of a product with inner size k and n columns; see assembly/matmul.ts. */
export function matmulScratchBytes(k: number, n: number): number {
  return 4_480 + 4 * Math.min(k, 256) * (Math.ceil(n / 8) * 8) + 128;
}

/** A new arena with the engine's kernels on its own memory. */
export async function createArena(module?: WebAssembly.Module): Promise<Arena> {
  return new Arena(module ?? (await engineModule()));
}
