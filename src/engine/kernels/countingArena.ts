/** An arena without memory: it counts the bytes that a network would need before any memory is allocated. */
import { ALIGN_BYTES, Arena, alignUp } from './arena.ts';
import type { Kernels } from './load.ts';

/** Kernels without effect. Each kernel returns a number or nothing, so 0 is valid for all. */
const noKernels = new Proxy({}, { get: () => () => 0 }) as Kernels;

/** Returns addresses and counts their bytes. Writes are lost, and kernels have no effect. */
export class CountingArena extends Arena {
  constructor() {
    super(new WebAssembly.Memory({ initial: 1 }), noKernels);
  }

  override reserve(bytes: number): number {
    const at = alignUp(this.next);
    this.next = at + bytes + ALIGN_BYTES;
    return at;
  }
}
