/** What a browser must be able to do for a run, tested by doing it. */

/** A module with one function that uses a 128-bit vector: (func (drop (v128.const i32x4 0 0 0 0))). */
const vectorModule = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x0a,
  0x17, 0x01, 0x15, 0x00, 0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 0x0b,
] as const;

/** Why this browser cannot train, with what to do; null where it can. */
export function obstacle(): string | null {
  if (typeof WebAssembly === 'undefined') {
    return 'This browser has no WebAssembly, or it is switched off (Lockdown Mode does that). Training needs it. Use another browser, or allow this site.';
  }
  if (!WebAssembly.validate(new Uint8Array(vectorModule))) {
    return 'This browser has WebAssembly without vector instructions (SIMD), and the kernels need them. Use Chrome or Edge 91, Firefox 89, Safari 16.4, or a later version.';
  }
  return null;
}
