import { expect, test } from 'vitest';
import { matmulScratchBytes } from '../../src/kernels/arena.ts';
import { randomStream } from '../../src/random.ts';
import { gramOf, outerGradients, scatterGradients, sumGradients } from '../reference/gram.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/gram');
const stream = randomStream(1, 'test/gram/segments');

interface Samples {
  readonly count: number;
  /** Undefined: every sample owns one unit of rows. */
  readonly offsets: number[] | undefined;
  readonly unit: number;
  /** First row of each sample, and the number of rows. */
  readonly bounds: number[];
}

/** Samples of 0 to `most` units of rows (ragged, every fourth one empty), or of one unit each. */
function samplesOf(count: number, unit: number, most: number, ragged: boolean): Samples {
  const sizes = Array.from({ length: count }, (_, i) => (ragged ? (i % 4 === 1 ? 0 : stream.below(most + 1)) : 1));
  const offsets = offsetsOf(sizes);
  return { count, unit, offsets: ragged ? offsets : undefined, bounds: offsets.map((offset) => offset * unit) };
}

function rowsOf({ bounds, count }: Samples): number {
  return bounds[count];
}

function compareGram(si: Samples, sj: Samples, kx: number, kd: number, bias: number): void {
  const [xi, di] = [values(rowsOf(si) * kx), values(rowsOf(si) * kd)];
  const [xj, dj] = [values(rowsOf(sj) * kx), values(rowsOf(sj) * kd)];
  const before = values(si.count * sj.count);
  const c = newCase();
  const offsetsI = si.offsets ? c.ints(si.offsets) : 0;
  const offsetsJ = sj.offsets ? c.ints(sj.offsets) : 0;
  const [xiPtr, diPtr, xjPtr, djPtr] = [xi, di, xj, dj].map((matrix) => c.floats(matrix));
  const kPtr = c.output(before);
  const work = c.scratch(2 * 64 * 64 * 4);
  const scratch = c.scratch(matmulScratchBytes(Math.max(kx, kd), 64));
  c.run((kernels) => {
    const args = [si.count, offsetsI, xiPtr, diPtr, sj.count, offsetsJ, xjPtr, djPtr] as const;
    kernels.gramPairwise(...args, si.unit, kx, kd, bias, kPtr, work, scratch);
  });
  const weightPart = gramOf(outerGradients(si.bounds, xi, kx, di, kd), outerGradients(sj.bounds, xj, kx, dj, kd));
  const biasPart = gramOf(sumGradients(si.bounds, di, kd), sumGradients(sj.bounds, dj, kd));
  const expected = weightPart.map((product, p) => before[p] + product + bias * biasPart[p]);
  const where = `${si.count} x ${sj.count} samples, rows ${rowsOf(si)} x ${rowsOf(sj)}, kx ${kx} kd ${kd} bias ${bias}`;
  expect(largestError(c.read(kPtr, before.length), expected), where).toBeLessThan(2e-5);
}

test('gramPairwise equals J J^T, error < 2e-5: samples and widths 0 to 17, rectangular, several and no rows per sample, bias', () => {
  for (const count of lengths) {
    for (const width of lengths) {
      const unit = 1 + (width % 3);
      const si = samplesOf(count, unit, 3, width % 2 === 0);
      const sj = samplesOf((count * 5 + width) % 18, unit, 3, count % 2 === 0);
      compareGram(si, sj, width, (width * 7 + count) % 18, (count + width) % 2);
    }
  }
});

test('gramPairwise equals J J^T, error < 2e-5, when rows and samples cross tiles of 64 and widths cross 256', () => {
  for (const [ni, nj, unit, most, kx, kd] of [
    [70, 30, 1, 5, 3, 4],
    [5, 6, 1, 90, 4, 3],
    [3, 40, 17, 3, 5, 2],
    [64, 65, 1, 1, 2, 2],
    [4, 3, 2, 2, 257, 3],
    [3, 4, 2, 2, 3, 258],
  ]) {
    compareGram(samplesOf(ni, unit, most, true), samplesOf(nj, unit, most, true), kx, kd, 1);
    compareGram(samplesOf(ni, unit, most, false), samplesOf(nj, unit, most, true), kx, kd, 0);
  }
});

test('gramPairwise of a set with itself is symmetric within 1e-5 and has no negative diagonal element', () => {
  const samples = samplesOf(23, 1, 9, true);
  const rows = rowsOf(samples);
  const c = newCase();
  const offsetsPtr = c.ints(samples.offsets ?? []);
  const xPtr = c.floats(values(rows * 6));
  const dPtr = c.floats(values(rows * 5));
  const kPtr = c.output(new Float32Array(23 * 23));
  const work = c.scratch(2 * 64 * 64 * 4);
  const scratch = c.scratch(matmulScratchBytes(6, 64));
  c.run((kernels) => {
    const args = [23, offsetsPtr, xPtr, dPtr, 23, offsetsPtr, xPtr, dPtr] as const;
    kernels.gramPairwise(...args, 1, 6, 5, 1, kPtr, work, scratch);
  });
  const gram = c.read(kPtr, 23 * 23);
  const transposed = gram.map((_, p) => gram[(p % 23) * 23 + Math.floor(p / 23)]);
  expect(largestError(gram, transposed)).toBeLessThan(1e-5);
  expect(gram.every((product, p) => p % 24 !== 0 || product >= 0)).toBe(true);
});

test('perSampleOuter, perSampleSum and perSampleProduct: error < 1e-5, samples and widths 0 to 17, wide row strides', () => {
  for (const count of lengths) {
    for (const kx of lengths) {
      const unit = 1 + (kx % 3);
      const kd = (kx * 5 + count) % 18;
      const mode = (count + kx) % 2;
      const samples = samplesOf(count, unit, 3, kx % 2 === 0);
      const rows = rowsOf(samples);
      const [x, d, same] = [values(rows * kx), values(rows * kd), values(rows * kd)];
      const [outer, sums, products] = [values(count * kx * kd), values(count * unit * kd), values(count * kd)];
      const c = newCase();
      const offsetsPtr = samples.offsets ? c.ints(samples.offsets) : 0;
      const [xPtr, dPtr, samePtr] = [x, d, same].map((matrix) => c.floats(matrix));
      const outerPtr = c.outputRows(outer, kx * kd, kx * kd + 3);
      const sumsPtr = c.outputRows(sums, unit * kd, unit * kd + 2);
      const productsPtr = c.outputRows(products, kd, kd + 1);
      const scratch = c.scratch(matmulScratchBytes(rows, kd));
      c.run((kernels) => {
        const first = [count, offsetsPtr, unit] as const;
        kernels.perSampleOuter(...first, xPtr, kx, dPtr, kd, outerPtr, kx * kd + 3, mode, scratch);
        kernels.perSampleSum(...first, unit, kd, dPtr, sumsPtr, unit * kd + 2);
        kernels.perSampleProduct(...first, kd, dPtr, samePtr, productsPtr, kd + 1);
      });
      const where = `${count} samples of unit ${unit}, kx ${kx} kd ${kd} mode ${mode}`;
      const add = (gradients: number[][], start: Float32Array): number[] =>
        gradients.flat().map((g, p) => g + start[p]);
      const start = outer.map((g) => mode * g);
      const expected = add(outerGradients(samples.bounds, x, kx, d, kd), start);
      expect(largestError(c.readRows(outerPtr, count, kx * kd, kx * kd + 3), expected), where).toBeLessThan(1e-5);
      const summed = add(sumGradients(samples.bounds, d, kd, unit), sums);
      expect(largestError(c.readRows(sumsPtr, count, unit * kd, unit * kd + 2), summed), where).toBeLessThan(1e-5);
      const gains = Float64Array.from(d, (value, e) => value * same[e]);
      const multiplied = add(sumGradients(samples.bounds, gains, kd), products);
      expect(largestError(c.readRows(productsPtr, count, kd, kd + 1), multiplied), where).toBeLessThan(1e-5);
    }
  }
});

test('perSampleScatter: error < 1e-5, samples, slots and widths 0 to 17, rows without features', () => {
  const vocabulary = 4;
  for (const count of lengths) {
    for (const width of lengths) {
      const slots = 1 + ((count * 3 + width) % 17);
      const samples = samplesOf(count, 1, 3, width % 2 === 0);
      const rows = rowsOf(samples);
      const featureOffsets = offsetsOf(Array.from({ length: rows }, () => stream.below(4)));
      const features = Array.from({ length: featureOffsets[rows] }, () => stream.below(vocabulary * slots));
      const d = values(rows * slots * width);
      const before = values(count * vocabulary * width);
      const ldg = vocabulary * width + 1;
      const c = newCase();
      const offsetsPtr = samples.offsets ? c.ints(samples.offsets) : 0;
      const featuresPtr = c.ints(features);
      const featureOffsetsPtr = c.ints(featureOffsets);
      const dPtr = c.floats(d);
      const gPtr = c.outputRows(before, vocabulary * width, ldg);
      c.run((kernels) => {
        const args = [count, offsetsPtr, featuresPtr, featureOffsetsPtr, slots, width, dPtr, gPtr, ldg] as const;
        kernels.perSampleScatter(...args);
      });
      const gradients = scatterGradients(samples.bounds, features, featureOffsets, slots, vocabulary, d, width);
      const expected = gradients.flat().map((g, p) => g + before[p]);
      const actual = c.readRows(gPtr, count, vocabulary * width, ldg);
      expect(largestError(actual, expected), `${count} samples, ${slots} slots, width ${width}`).toBeLessThan(1e-5);
    }
  }
});

test('a NaN in one sample reaches its row and column of the Gram matrix and no other', () => {
  const x = values(4 * 3);
  x[2 * 3] = Number.NaN;
  const c = newCase();
  const xPtr = c.floats(x);
  const dPtr = c.floats(values(4 * 3));
  const kPtr = c.output(new Float32Array(16));
  const work = c.scratch(2 * 64 * 64 * 4);
  const scratch = c.scratch(matmulScratchBytes(3, 64));
  c.run((kernels) => kernels.gramPairwise(4, 0, xPtr, dPtr, 4, 0, xPtr, dPtr, 1, 3, 3, 1, kPtr, work, scratch));
  const expected = Array.from({ length: 16 }, (_, p) => p % 4 === 2 || Math.floor(p / 4) === 2);
  expect([...c.read(kPtr, 16)].map(Number.isNaN)).toEqual(expected);
});
