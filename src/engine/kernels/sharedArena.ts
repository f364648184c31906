/** The arena of one thread on a memory that several threads share. */
import { index32 } from './address.ts';
import { Arena, PAGE_BYTES, pagesOf } from './arena.ts';
import type { Kernels } from './load.ts';

/** A thread reserves at least this many bytes at a time. */
const SEGMENT_BYTES = 16 * PAGE_BYTES;

/** A section of memory that belongs to one arena. `base` is the total size of the earlier sections. */
interface Segment {
  readonly start: number;
  end: number;
  /** See `Arena.used`; up to date in all segments but the current one. */
  used: number;
  readonly base: number;
}

/**
 * On a memory that threads share, each thread has its own arena. An address that one of them allocated is valid in all.
 * The first word of the memory holds the number of pages that the threads have reserved.
 */
export class SharedArena extends Arena {
  readonly #segments: Segment[];
  #current = 0;

  constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    super(memory, kernels);
    // The first page holds the constants and the page count.
    this.end = this.next;
    this.#segments = [{ start: this.next, end: this.next, used: this.next, base: 0 }];
  }

  /** Continues in the next segment. If there is none, the last one grows where the memory after it is free. */
  protected override extend(bytes: number): void {
    while (this.next + bytes > this.end) {
      if (this.#current + 1 === this.#segments.length) {
        const last = this.#segments[this.#current];
        const [start, end] = this.#reservePages(bytes);
        this.refresh();
        if (start === last.end) {
          last.end = this.end = end;
          continue;
        }
        this.#segments.push({ start, end, used: start, base: last.base + last.end - last.start });
      }
      this.#enter(this.#current + 1);
      this.next = this.#segments[this.#current].start;
    }
  }

  override mark(): number {
    const { start, base } = this.#segments[this.#current];
    return base + this.next - start;
  }

  override release(mark: number): void {
    let segment = this.#current;
    while (this.#segments[segment].base > mark) segment--;
    this.#enter(segment);
    const { start, base } = this.#segments[segment];
    this.next = start + mark - base;
  }

  /** Makes this segment the current one. */
  #enter(segment: number): void {
    this.#segments[this.#current].used = this.used;
    this.#current = segment;
    this.end = this.#segments[segment].end;
    this.used = this.#segments[segment].used;
  }

  /** Reserves pages that no other thread has: a whole segment, or only the pages needed if a segment no longer fits. */
  #reservePages(bytes: number): [start: number, end: number] {
    const need = pagesOf(bytes);
    for (let pages = Math.max(need, SEGMENT_BYTES / PAGE_BYTES); ; pages = need) {
      const start = (1 + Atomics.add(this.i32, index32(this.firstWord), pages)) * PAGE_BYTES;
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
   * Returns the current length of the memory. A thread sees growth by another thread only after an interrupt; until
   * then `buffer.byteLength` is the old length. `grow(0)` returns the current length and renews the buffer.
   */
  #length(): number {
    return this.memory.grow(0) * PAGE_BYTES;
  }

  #growShared(end: number): void {
    for (;;) {
      const have = this.#length();
      if (end <= have) return;
      try {
        this.memory.grow(pagesOf(end - have));
      } catch (error) {
        // Another thread can have grown the memory in between, so that fewer pages are missing now.
        if (this.#length() === have) throw error;
      }
    }
  }

  /** After failed growth: frees the reserved pages, unless another thread has reserved the pages after them. */
  #freePages(start: number, end: number): void {
    const after = end / PAGE_BYTES - 1;
    Atomics.compareExchange(this.i32, index32(this.firstWord), after, start / PAGE_BYTES - 1);
  }
}
