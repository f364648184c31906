/**
 * Addresses in a WebAssembly memory are unsigned 32-bit numbers. A kernel returns an address above 2 GiB as a negative
 * number. `address >> 2` is then a negative index, which a typed array ignores without an error. Therefore every
 * conversion from an address to an index uses the functions of this file.
 */

/** Index of the 32-bit word at `address` in an Int32Array or Float32Array over the whole memory. */
export function index32(address: number): number {
  return address >>> 2;
}

/** Index of the 64-bit word at `address` in a Float64Array over the whole memory. */
export function index64(address: number): number {
  return address >>> 3;
}

/** Converts an address that a kernel returned, or that is stored as i32 in the memory. */
export function unsigned(address: number): number {
  return address >>> 0;
}
