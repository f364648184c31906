/** Converts the float types of a bank to 32-bit floats. */

/** Bytes of a value of each float type that a bank can have. */
export const floatBytes = { F16: 2, BF16: 2, F32: 4, F64: 8 } as const;

export type FloatType = keyof typeof floatBytes;

/** Value of the last bit of a half float near 0. */
const LEAST_HALF = 1 / 16_777_216;

/**
 * The values of all 65,536 half floats (IEEE 754 binary16), which are exact in 32 bits. A lookup takes less time than
 * the conversion.
 */
function halfValues(): Float32Array {
  const bits = new Uint32Array(65_536);
  const values = new Float32Array(bits.buffer);
  for (let half = 0; half < bits.length; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    // The exponents of both types differ by 112 for the same power of two; the largest one is infinity or NaN.
    if (exponent > 0) bits[half] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
    else values[half] = (sign ? -1 : 1) * fraction * LEAST_HALF;
  }
  return values;
}

let halves: Float32Array | undefined;

/**
 * Writes the values of `bytes`, times `scale`, to `target`.
 *
 * @param bytes values of the type, little endian, in memory that starts at a multiple of 8
 * @param scale a power of two
 * @returns the index of the first value that is not finite as a 32-bit float, or -1
 */
export function decodeFloats(type: FloatType, bytes: Uint8Array, scale: number, target: Float32Array): number {
  const { buffer, byteOffset } = bytes;
  const n = bytes.length / floatBytes[type];
  if (type === 'F32') target.set(new Float32Array(buffer, byteOffset, n));
  else if (type === 'F64') target.set(new Float64Array(buffer, byteOffset, n));
  else if (type === 'F16') {
    halves ??= halfValues();
    const table = halves;
    const source = new Uint16Array(buffer, byteOffset, n);
    for (let i = 0; i < n; i++) target[i] = table[source[i]];
  } else {
    const source = new Uint16Array(buffer, byteOffset, n);
    const bits = new Uint32Array(target.buffer, target.byteOffset, n);
    for (let i = 0; i < n; i++) bits[i] = source[i] << 16;
  }
  for (let i = 0; i < n; i++) {
    target[i] *= scale;
    // NaN and the infinities are the values whose difference to themselves is not 0.
    if (target[i] - target[i] !== 0) return i;
  }
  return -1;
}
