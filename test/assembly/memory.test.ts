import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/memory');
const sizes = [...lengths, 255, 256, 257, 258];

test('fill sets exactly n floats', () => {
  for (const n of sizes) {
    const c = newCase();
    const outPtr = c.output(values(n));
    c.run((kernels) => kernels.fill(outPtr, n, 0.25));
    expect(c.read(outPtr, n)).toEqual(new Float32Array(n).fill(0.25));
  }
});

test('copyBytes moves exactly n bytes, also where the ranges overlap', () => {
  for (const n of sizes) {
    const before = values(n + 3);
    const c = newCase();
    const copyPtr = c.output(values(n));
    const shiftedPtr = c.output(before);
    c.run((kernels) => {
      kernels.copyBytes(copyPtr, shiftedPtr, n * 4);
      kernels.copyBytes(shiftedPtr + 12, shiftedPtr, n * 4);
    });
    expect(c.read(copyPtr, n)).toEqual(before.subarray(0, n));
    expect(c.read(shiftedPtr, n + 3)).toEqual(Float32Array.of(...before.subarray(0, 3), ...before.subarray(0, n)));
  }
});

test('copyRows moves whole rows between strides and leaves the bytes between them', () => {
  for (const rows of lengths) {
    const width = (rows * 7 + 2) % 18;
    const source = values(rows * width);
    const c = newCase();
    const sourcePtr = c.rows(source, width, width + 3);
    const outPtr = c.outputRows(values(rows * width), width, width + 1);
    c.run((kernels) => kernels.copyRows(rows, width * 4, sourcePtr, (width + 3) * 4, outPtr, (width + 1) * 4));
    expect(c.readRows(outPtr, rows, width, width + 1)).toEqual(source);
  }
});

test('addInto, scaleBy and addScaled give the bits of the single-precision formula', () => {
  const factor = Math.fround(0.3);
  for (const n of sizes) {
    const before = values(n);
    const source = values(n);
    const c = newCase();
    const sourcePtr = c.floats(source);
    const sumPtr = c.output(before);
    const scaledPtr = c.output(before);
    const replacedPtr = c.output(before);
    const addedPtr = c.output(before);
    c.run((kernels) => {
      kernels.addInto(sumPtr, sourcePtr, n);
      kernels.scaleBy(scaledPtr, n, factor);
      kernels.addScaled(n, factor, sourcePtr, replacedPtr, 0);
      kernels.addScaled(n, factor, sourcePtr, addedPtr, 1);
    });
    expect(c.read(sumPtr, n)).toEqual(before.map((x, i) => x + source[i]));
    expect(c.read(scaledPtr, n)).toEqual(before.map((x) => x * factor));
    expect(c.read(replacedPtr, n)).toEqual(source.map((x) => x * factor));
    expect(c.read(addedPtr, n)).toEqual(before.map((x, i) => x + Math.fround(source[i] * factor)));
  }
});

test('NaN and subnormal floats pass through addInto, scaleBy and addScaled', () => {
  const tiny = Float32Array.of(Number.NaN, 1e-40, -1e-40);
  const c = newCase();
  const tinyPtr = c.floats(tiny);
  const sumPtr = c.output([0, 0, 0]);
  const scaledPtr = c.output(tiny);
  const addedPtr = c.output([0, 0, 0]);
  c.run((kernels) => {
    kernels.addInto(sumPtr, tinyPtr, 3);
    kernels.scaleBy(scaledPtr, 3, 2);
    kernels.addScaled(3, 2, tinyPtr, addedPtr, 1);
  });
  expect(c.read(sumPtr, 3)).toEqual(tiny);
  expect(c.read(scaledPtr, 3)).toEqual(tiny.map((x) => 2 * x));
  expect(c.read(addedPtr, 3)).toEqual(tiny.map((x) => 2 * x));
});

test('heapBase lies above every constant of the kernels, and the arena places nothing below it', async () => {
  const arena = await createArena();
  const heap = arena.kernels.heapBase();
  const lastConstant = arena.u8.findLastIndex((byte) => byte !== 0);
  expect(lastConstant).toBeGreaterThan(0);
  expect(heap).toBeGreaterThan(lastConstant);
  expect(arena.reserve(16)).toBeGreaterThanOrEqual(heap);
});
