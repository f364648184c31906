/** Memories that several threads share. */
import { MAX_PAGES, PAGE_BYTES, pagesOf } from './arena.ts';

/** A memory that threads can share, and the number of bytes to which it can grow. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly bytes: number;
}

/**
 * Creates a memory that threads can share. Its maximum reserves address space only, so 4 GiB are requested first. If
 * the runtime rejects that, `wanted` bytes are requested, then three quarters of that, and so on down to `least`.
 *
 * @throws the last error of the runtime, if it rejects a memory of `least` bytes
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
 * Creates a memory that threads can share, with the largest maximum that the runtime accepts.
 *
 * @throws if the runtime has no shared memory
 */
export function createSharedMemory(): WebAssembly.Memory {
  try {
    return openSharedMemory(MAX_PAGES * PAGE_BYTES, 0).memory;
  } catch (cause) {
    throw new RangeError(
      `createSharedMemory: the runtime must provide shared memory of 1 MiB, got ${(cause as Error).message}; use one thread`,
      {
        cause,
      },
    );
  }
}
