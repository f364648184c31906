import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/touchedRows');
const stream = randomStream(1, 'test/touchedRows/ids');
const widths = [...lengths, 32, 35];
// Around the eight bytes that are looked at together.
const counts = [0, 1, 7, 8, 9, 16, 23, 40];

/** One row in `sparsity` is touched. */
function randomBytes(count: number, sparsity: number): number[] {
  return Array.from({ length: count }, () => (stream.below(sparsity) === 0 ? 1 : 0));
}

/** Rows of random floats where the byte is set, else of zeros. */
function rowsOf(touched: readonly number[], width: number): Float32Array {
  return values(touched.length * width).map((x, i) => (touched[Math.floor(i / width)] ? x : 0));
}

test('clearRows makes a table zero whose touched rows alone are not, and no other row', () => {
  for (const width of widths) {
    for (const [k, count] of counts.entries()) {
      const touched = randomBytes(count, [1, 2, 12][k % 3]);
      const before = values(count * width);
      const c = newCase();
      const tablePtr = c.output(before);
      const touchedPtr = c.bytes(touched);
      c.run((kernels) => kernels.clearRows(count, width, tablePtr, touchedPtr));
      const expected = before.map((x, i) => (touched[Math.floor(i / width)] ? 0 : x));
      expect(c.read(tablePtr, count * width), `rows ${count} width ${width}`).toEqual(Float32Array.from(expected));
    }
  }
});

test('addRows gives the bits of the sum of both tables, and the touched rows of either', () => {
  for (const width of widths) {
    for (const [k, count] of counts.entries()) {
      const sparsity = [1, 2, 12][k % 3];
      const [left, right] = [randomBytes(count, sparsity), randomBytes(count, sparsity)];
      const [to, from] = [rowsOf(left, width), rowsOf(right, width)];
      const c = newCase();
      const toPtr = c.output(to);
      // Bytes go as whole integers here, of which the rest are zero.
      const padded = new Uint8Array(Math.ceil(count / 4) * 4);
      padded.set(left);
      const leftPtr = c.outputInts(new Int32Array(padded.buffer));
      const fromPtr = c.floats(from);
      const rightPtr = c.bytes(right);
      c.run((kernels) => kernels.addRows(count, width, toPtr, leftPtr, fromPtr, rightPtr));
      const what = `rows ${count} width ${width}`;
      expect(c.read(toPtr, count * width), what).toEqual(to.map((x, i) => x + from[i]));
      const bytes = new Uint8Array(c.readInts(leftPtr, padded.length / 4).buffer);
      expect([...bytes.subarray(0, count)], what).toEqual(left.map((byte, r) => byte | right[r]));
    }
  }
});

test('embeddingBagBackward marks the rows it adds to, and leaves the marks of others', () => {
  for (const rows of lengths) {
    const count = 24;
    const offsets = offsetsOf(Array.from({ length: rows }, () => stream.below(3)));
    const features = Array.from({ length: offsets[rows] }, () => stream.below(count));
    const before = new Uint8Array(randomBytes(count, 4));
    const c = newCase();
    const [featuresPtr, offsetsPtr] = [c.ints(features), c.ints(offsets)];
    const dOutPtr = c.floats(values(rows * 3));
    const tablePtr = c.output(values(count * 3));
    const touchedPtr = c.outputInts(new Int32Array(before.buffer));
    c.run((kernels) => kernels.embeddingBagBackward(rows, 3, featuresPtr, offsetsPtr, dOutPtr, tablePtr, touchedPtr));
    const bytes = new Uint8Array(c.readInts(touchedPtr, count / 4).buffer);
    expect([...bytes], `rows ${rows}`).toEqual([...before].map((byte, f) => (features.includes(f) ? 1 : byte)));
  }
});
