import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { embeddingBag, meanPool, segmentSum, slotEmbedding } from '../reference/embedding.ts';
import { dot, gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/embedding');
const stream = randomStream(1, 'test/embedding/ids');
const widths = [...lengths, 32, 35];
const OVERWRITE = 0;
const ACCUMULATE = 1;
const BIAS = 2;

/** Rows with 0 to 4 features each, every third one empty; features repeat. */
function randomFeatures(rows: number, count: number): { features: number[]; offsets: number[] } {
  const offsets = offsetsOf(Array.from({ length: rows }, (_, r) => (r % 3 === 2 ? 0 : stream.below(5))));
  const features = Array.from({ length: offsets[rows] }, () => stream.below(count));
  return { features, offsets };
}

function randomMask(count: number): number[] {
  return Array.from({ length: count }, () => stream.below(2));
}

function plus(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (x, i) => x + b[i]);
}

test('embeddingBag: error < 1e-6 in all modes, rows 0 to 17, widths 0 to 17, 32 and 35, empty rows', () => {
  for (const rows of lengths) {
    for (const width of widths) {
      const mode = (rows + width) % 3;
      const { features, offsets } = randomFeatures(rows, 7);
      const table = values(7 * width);
      const before = values(rows * width);
      const bias = values(width);
      const c = newCase();
      const tablePtr = c.floats(table);
      const featuresPtr = c.ints(features);
      const offsetsPtr = c.ints(offsets);
      const biasPtr = c.floats(bias);
      const outPtr = c.output(before);
      c.run((k) => k.embeddingBag(rows, width, featuresPtr, offsetsPtr, tablePtr, outPtr, mode, biasPtr));
      const start = before.map((x, i) => (mode === ACCUMULATE ? x : mode === BIAS ? bias[i % width] : 0));
      const expected = plus(embeddingBag(width, features, offsets, table), start);
      expect(largestError(c.read(outPtr, rows * width), expected), `rows ${rows} width ${width}`).toBeLessThan(1e-6);
    }
  }
});

test('embeddingBagBackward adds the gradient: error < 2e-6 against finite differences, rows and widths 0 to 17', () => {
  for (const rows of lengths) {
    for (const width of [rows, 17 - rows]) {
      const { features, offsets } = randomFeatures(rows, 4);
      const dOut = values(rows * width);
      const before = values(4 * width);
      const c = newCase();
      const featuresPtr = c.ints(features);
      const offsetsPtr = c.ints(offsets);
      const dOutPtr = c.floats(dOut);
      const dTablePtr = c.output(before);
      c.run((k) => k.embeddingBagBackward(rows, width, featuresPtr, offsetsPtr, dOutPtr, dTablePtr, 0));
      const loss = (table: Float64Array): number => dot(embeddingBag(width, features, offsets, table), dOut);
      const expected = plus(gradientByDifferences(loss, before), before);
      expect(largestError(c.read(dTablePtr, 4 * width), expected), `rows ${rows} width ${width}`).toBeLessThan(2e-6);
    }
  }
});

test('slotEmbedding: error < 1e-6, its gradient < 2e-6 against finite differences, slots, rows and widths 0 to 17', () => {
  for (const rows of lengths) {
    for (const width of [rows, 17 - rows]) {
      const slots = 1 + ((rows * 5) % 17);
      const vocabulary = 3;
      const { features, offsets } = randomFeatures(rows, vocabulary * slots);
      const table = values(vocabulary * width);
      const dOut = values(rows * slots * width);
      const before = values(vocabulary * width);
      const c = newCase();
      const featuresPtr = c.ints(features);
      const offsetsPtr = c.ints(offsets);
      const tablePtr = c.floats(table);
      const dOutPtr = c.floats(dOut);
      const outPtr = c.output(values(rows * slots * width));
      const dTablePtr = c.output(before);
      c.run((k) => {
        k.slotEmbedding(rows, slots, width, featuresPtr, offsetsPtr, tablePtr, outPtr);
        k.slotEmbeddingBackward(rows, slots, width, featuresPtr, offsetsPtr, dOutPtr, dTablePtr);
      });
      const where = `rows ${rows} slots ${slots} width ${width}`;
      const expected = slotEmbedding(slots, width, features, offsets, table);
      expect(largestError(c.read(outPtr, rows * slots * width), expected), where).toBeLessThan(1e-6);
      const loss = (at: Float64Array): number => dot(slotEmbedding(slots, width, features, offsets, at), dOut);
      const gradient = plus(gradientByDifferences(loss, table), before);
      expect(largestError(c.read(dTablePtr, vocabulary * width), gradient), where).toBeLessThan(2e-6);
    }
  }
});

test('addPeriodic adds the same rows to every group: exact, groups, sizes and widths 0 to 17', () => {
  for (const groups of lengths) {
    for (const size of lengths) {
      const width = (groups * 7 + size) % 18;
      const rows = values(size * width);
      const before = values(groups * size * width);
      const c = newCase();
      const rowsPtr = c.floats(rows);
      const outPtr = c.output(before);
      c.run((k) => k.addPeriodic(groups, size, width, rowsPtr, outPtr));
      const expected = before.map((x, i) => x + rows[i % rows.length]);
      expect(c.read(outPtr, before.length)).toEqual(expected);
    }
  }
});

test('gatherRows copies or adds the named rows: exact, rows and widths 0 to 17', () => {
  for (const rows of lengths) {
    for (const width of lengths) {
      const mode = (rows + width) % 2;
      const index = Array.from({ length: rows }, () => stream.below(5));
      const source = values(5 * width);
      const before = values(rows * width);
      const c = newCase();
      const indexPtr = c.ints(index);
      const sourcePtr = c.floats(source);
      const outPtr = c.output(before);
      c.run((k) => k.gatherRows(rows, width, indexPtr, sourcePtr, outPtr, mode));
      const expected = before.map((x, i) => {
        const gathered = source[index[Math.floor(i / width)] * width + (i % width)];
        return mode === ACCUMULATE ? x + gathered : gathered;
      });
      expect(c.read(outPtr, rows * width)).toEqual(expected);
    }
  }
});

test('segmentSum: error < 2e-6 in both modes, with and without offsets, units 0 to 3, empty segments', () => {
  for (const groups of lengths) {
    for (const width of lengths) {
      const unit = (groups + width) % 4;
      const mode = width % 2;
      const offsets = offsetsOf(Array.from({ length: groups }, (_, g) => (g % 3 === 1 ? 0 : stream.below(4))));
      const regular = Array.from({ length: groups + 1 }, (_, g) => g);
      for (const bounds of [offsets, regular]) {
        const source = values(bounds[groups] * unit * width);
        const before = values(groups * width);
        const c = newCase();
        const offsetsPtr = bounds === offsets ? c.ints(offsets) : 0;
        const sourcePtr = c.floats(source);
        const outPtr = c.output(before);
        c.run((k) => k.segmentSum(groups, width, offsetsPtr, unit, sourcePtr, outPtr, mode));
        const rowsOf = bounds.map((bound) => bound * unit);
        const start = before.map((x) => (mode === ACCUMULATE ? x : 0));
        const expected = plus(segmentSum(width, rowsOf, source), start);
        expect(largestError(c.read(outPtr, groups * width), expected), `${groups} groups of ${width}`).toBeLessThan(
          2e-6,
        );
      }
    }
  }
});

test('meanPool: error < 1e-6, its gradient < 1e-6 against finite differences, both modes, groups without any slot', () => {
  for (const slots of lengths) {
    for (const width of lengths) {
      const groups = 1 + ((slots * 3 + width) % 4);
      const mode = (slots + width) % 2;
      const mask = randomMask(groups * slots);
      mask.fill(0, 0, width % 3 === 0 ? slots : 0);
      const x = values(groups * slots * width);
      const dOut = values(groups * width);
      const before = values(groups * width);
      const beforeX = values(x.length);
      const c = newCase();
      const maskPtr = c.bytes(mask);
      const xPtr = c.floats(x);
      const dOutPtr = c.floats(dOut);
      const outPtr = c.output(before);
      const dXPtr = c.output(beforeX);
      c.run((k) => {
        k.meanPool(groups, slots, width, maskPtr, xPtr, outPtr, mode);
        k.meanPoolBackward(groups, slots, width, maskPtr, dOutPtr, dXPtr, mode);
      });
      const where = `groups ${groups} slots ${slots} width ${width}`;
      const keep = (values: Float32Array): Float32Array => values.map((value) => (mode === ACCUMULATE ? value : 0));
      const expected = plus(meanPool(groups, slots, width, mask, x), keep(before));
      expect(largestError(c.read(outPtr, groups * width), expected), where).toBeLessThan(1e-6);
      if (x.length > 200) continue;
      const loss = (at: Float64Array): number => dot(meanPool(groups, slots, width, mask, at), dOut);
      const gradient = plus(gradientByDifferences(loss, x), keep(beforeX));
      expect(largestError(c.read(dXPtr, x.length), gradient), where).toBeLessThan(1e-6);
    }
  }
});

test('a masked NaN stays out of the mean; an unmasked one, and one in a table row that is named, come out', () => {
  const c = newCase();
  const xPtr = c.floats([1, Number.NaN, 3, Number.NaN]);
  const maskPtr = c.bytes([1, 0, 0, 1]);
  const meanPtr = c.output([0, 0]);
  const featuresPtr = c.ints([0, 2, 0, 1]);
  const offsetsPtr = c.ints([0, 2, 4]);
  const bagPtr = c.output([0, 0]);
  c.run((k) => {
    k.meanPool(2, 2, 1, maskPtr, xPtr, meanPtr, OVERWRITE);
    k.embeddingBag(2, 1, featuresPtr, offsetsPtr, xPtr, bagPtr, OVERWRITE, 0);
  });
  expect([...c.read(meanPtr, 2)]).toEqual([1, Number.NaN]);
  expect([...c.read(bagPtr, 2)]).toEqual([4, Number.NaN]);
});

test('scatterRows adds rows in order: error < 1e-6; or puts them, exactly: the last of an index stays; rows 0 to 17, widths 0 to 17, 32 and 35, repeated indices', () => {
  for (const rows of lengths) {
    for (const width of widths) {
      const index = Array.from({ length: rows }, () => stream.below(4));
      const src = values(rows * width);
      const before = values(4 * width);
      const c = newCase();
      const indexPtr = c.ints(index);
      const srcPtr = c.floats(src);
      const outPtr = c.output(before);
      const putPtr = c.output(before);
      c.run((k) => {
        k.scatterRows(rows, width, indexPtr, srcPtr, outPtr, ACCUMULATE);
        k.scatterRows(rows, width, indexPtr, srcPtr, putPtr, OVERWRITE);
      });
      const put = Float32Array.from(before);
      for (let r = 0; r < rows; r++) put.set(src.subarray(r * width, (r + 1) * width), index[r] * width);
      expect(c.read(putPtr, 4 * width), `rows ${rows} width ${width}`).toEqual(put);
      const expected = Float64Array.from(before);
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < width; j++) expected[index[r] * width + j] += src[r * width + j];
      }
      expect(largestError(c.read(outPtr, 4 * width), expected), `rows ${rows} width ${width}`).toBeLessThan(1e-6);
    }
  }
});
