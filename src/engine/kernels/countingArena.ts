/** An arena without memory: it counts what a network would take before there is any. */
import { ALIGN_BYTES, Arena, alignUp } from './arena.ts';
import type { Kernels } from './load.ts';

/** Kernels that do nothing; all of them return a number or nothing. */
const noKernels = new Proxy({}, { get: () => () => 0 }) as Kernels;

/** Gives addresses and counts them. What is written there is lost, and kernels do nothing. */
export class CountingArena extends Arena {
  #next = ALIGN_BYTES;

  constructor() {
    super(new WebAssembly.Memory({ initial: 1 }), noKernels);
  }

  override reserve(bytes: number): number {
    const at = alignUp(this.#next);
    this.#next = at + bytes + ALIGN_BYTES;
    return at;
  }

  override mark(): number {
    return this.#next;
  }
}
