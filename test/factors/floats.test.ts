import { expect, test } from 'vitest';
import { decodeFloats } from '../../src/factors/floats.ts';

const bytesOf = (bits: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(bits).buffer);

test('half floats have the values of IEEE 754', () => {
  const bits = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x3555, 0x8000];
  const values = new Float32Array(bits.length);
  expect(decodeFloats('F16', bytesOf(bits), 1, values)).toBe(-1);
  expect([...values]).toEqual([1, -2, 1 / 16_777_216, 1023 / 16_777_216, 1 / 16_384, 65_504, 0.333251953125, -0]);
});

test('bfloat16 has the upper half of the bits of a float', () => {
  const values = new Float32Array(3);
  expect(decodeFloats('BF16', bytesOf([0x3f80, 0xc040, 0x3eab]), 4, values)).toBe(-1);
  expect([...values]).toEqual([4, -12, 1.3359375]);
});

test('the first value that is not finite as a float is named', () => {
  const values = new Float32Array(2);
  expect(decodeFloats('F16', bytesOf([0x3c00, 0x7c00]), 1, values)).toBe(1);
  expect(decodeFloats('F64', new Uint8Array(Float64Array.of(1, 1e300).buffer), 1, values)).toBe(1);
  expect(decodeFloats('F32', new Uint8Array(Float32Array.of(Number.NaN, 1).buffer), 1, values)).toBe(0);
});
