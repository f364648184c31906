/**
 * Addresses in a WebAssembly memory are unsigned 32-bit numbers. A kernel returns one above 2 GiB as a negative number, and `address >> 2`
 * makes a negative index of it, which a typed array ignores without an error. Every index of an address is taken here.
 */

/** Index of the 32-bit word at `address` in an Int32Array or Float32Array over the whole memory. */
export function index32(address: number): number {
  return address >>> 2;
}

/** Index of the 64-bit word at `address` in a Float64Array over the whole memory. */
export function index64(address: number): number {
  return address >>> 3;
}

/** The address that a kernel returned, or that is kept in an i32 of the memory. */
export function unsigned(address: number): number {
  return address >>> 0;
}
