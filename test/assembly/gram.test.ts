import { expect, test } from 'vitest';
import { matmulScratchBytes } from '../../src/engine/kernels/arena.ts';
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

/** Bytes of room for tiles of pairs; see assembly/gramPairs.ts. */
const workBytes = (kx: number, kd: number): number => 4 * (2 * 64 * 64 + 64 + 64 * (kx + kd)) + 128;

/** K by pairs of rows against J J^T; samples of one row each also with the matrix of the bias. */
function compareGram(si: Samples, sj: Samples, kx: number, kd: number): void {
  const [xi, di] = [values(rowsOf(si) * kx), values(rowsOf(si) * kd)];
  const [xj, dj] = [values(rowsOf(sj) * kx), values(rowsOf(sj) * kd)];
  const before = values(si.count * sj.count);
  const c = newCase();
  const [xiPtr, diPtr, xjPtr, djPtr] = [xi, di, xj, dj].map((matrix) => c.floats(matrix));
  const [offsetsI, offsetsJ] = [si, sj].map(({ bounds }) => c.ints(bounds));
  const ldk = sj.count + 3;
  const [kPtr, onesPtr, biasPtr] = [0, 1, 2].map(() => c.outputRows(before, sj.count, ldk));
  const sumBefore = Float64Array.from(values(si.count * ldk));
  const [sumPtr, onlyPtr] = [c.sums(sumBefore), c.sums(sumBefore)];
  const work = c.scratch(workBytes(kx, kd));
  const single = si.offsets === undefined && sj.offsets === undefined && si.unit === 1;
  c.run((kernels) => {
    const [ni, nj] = [si.count, sj.count];
    kernels.gramPairwise(ni, offsetsI, xiPtr, diPtr, nj, offsetsJ, xjPtr, djPtr, kx, kd, kPtr, ldk, work);
    if (!single) return;
    kernels.gramRows(ni, xiPtr, diPtr, nj, xjPtr, djPtr, kx, kd, ni, onesPtr, biasPtr, 1, sumPtr, ldk, work);
    kernels.gramRows(ni, xiPtr, diPtr, nj, xjPtr, djPtr, kx, kd, ni, 0, 0, 0, onlyPtr, ldk, work);
  });
  const where = `${si.count} x ${sj.count} samples, rows ${rowsOf(si)} x ${rowsOf(sj)}, kx ${kx} kd ${kd}`;
  const read = (pointer: number): Float32Array => c.readRows(pointer, si.count, sj.count, ldk);
  const expected = gramOf(outerGradients(si.bounds, xi, kx, di, kd), outerGradients(sj.bounds, xj, kx, dj, kd));
  expect(largestError(read(kPtr), expected), where).toBeLessThan(2e-5);
  if (!single) return;
  const bias = gramOf(sumGradients(si.bounds, di, kd), sumGradients(sj.bounds, dj, kd));
  expect(largestError(read(onesPtr), expected), where).toBeLessThan(2e-5);
  expect(largestError(read(biasPtr), bias), where).toBeLessThan(2e-5);
  const [ones, biases] = [read(onesPtr), read(biasPtr)];
  const summed = (withBias: boolean): Float64Array =>
    sumBefore.map((start, p) => {
      const [row, column] = [Math.floor(p / ldk), p % ldk];
      if (column >= sj.count) return start;
      const at = row * sj.count + column;
      return withBias ? start + ones[at] + biases[at] : start + ones[at];
    });
  expect(c.readSums(sumPtr, sumBefore.length), where).toEqual(summed(true));
  expect(c.readSums(onlyPtr, sumBefore.length), where).toEqual(summed(false));
}

test('gramPairwise equals J J^T, error < 2e-5: samples and widths 0 to 17, rectangular, several, one and no rows per sample, bias of one', () => {
  for (const count of lengths) {
    for (const width of lengths) {
      const unit = 1 + (width % 3);
      const si = samplesOf(count, unit, 3, width % 2 === 0);
      const sj = samplesOf((count * 5 + width) % 18, unit, 3, count % 2 === 0);
      const dWidth = (width * 7 + count) % 18;
      compareGram(si, sj, width, dWidth);
      compareGram(samplesOf(count, 1, 1, false), samplesOf(sj.count, 1, 1, false), width, dWidth);
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
    compareGram(samplesOf(ni, unit, most, true), samplesOf(nj, unit, most, true), kx, kd);
    compareGram(samplesOf(ni, unit, most, false), samplesOf(nj, unit, most, true), kx, kd);
    compareGram(samplesOf(ni, 1, 1, false), samplesOf(nj + 60, 1, 1, false), kx, kd);
  }
});

test('gramPairwise has the same bits for any first sample of either side', () => {
  const count = 40;
  const samples = samplesOf(count, 1, 9, true);
  const rows = rowsOf(samples);
  const c = newCase();
  const offsetsPtr = c.ints(samples.bounds);
  const xPtr = c.floats(values(rows * 6));
  const dPtr = c.floats(values(rows * 5));
  const work = c.scratch(workBytes(6, 5));
  const cuts = [0, 1, 7, 30];
  const outputs = cuts.map(() => c.output(new Float32Array(count * count)));
  c.run((kernels) => {
    cuts.forEach((from, at) => {
      const n = count - from;
      const first = offsetsPtr + 4 * from;
      const k = outputs[at] + 4 * (from * count + from);
      kernels.gramPairwise(n, first, xPtr, dPtr, n, first, xPtr, dPtr, 6, 5, k, count, work);
    });
  });
  const [whole] = outputs.map((pointer) => c.read(pointer, count * count));
  cuts.forEach((from, at) => {
    const expected = whole.map((x, p) => (Math.floor(p / count) >= from && p % count >= from ? x : 0));
    expect(c.read(outputs[at], count * count)).toEqual(expected);
  });
  expect(whole.every((product, p) => p % (count + 1) !== 0 || product >= 0)).toBe(true);
});

test('gramRows at a diagonal: the same bits from column i - above on, and nothing before the block of 16 columns with it', () => {
  for (const [ni, nj, above, kx, kd] of [
    [17, 17, 0, 3, 5],
    [70, 40, 30, 6, 4],
    [64, 64, 0, 16, 16],
    [130, 66, 64, 5, 260],
    [12, 50, 3, 260, 2],
    [200, 64, 136, 9, 8],
  ]) {
    const c = newCase();
    const [xiPtr, xjPtr] = [ni, nj].map((n) => c.floats(values(n * kx)));
    const [diPtr, djPtr] = [ni, nj].map((n) => c.floats(values(n * kd)));
    const start = Float64Array.from(values(ni * nj));
    const results = [ni, above].map((reach) => ({ reach, sum: c.sums(start), k: c.output(new Float32Array(ni * nj)) }));
    const work = c.scratch(workBytes(kx, kd));
    c.run((kernels) => {
      for (const { reach, sum, k } of results)
        kernels.gramRows(ni, xiPtr, diPtr, nj, xjPtr, djPtr, kx, kd, reach, k, 0, 1, sum, nj, work);
    });
    const [whole, part] = results.map(({ sum, k }) => ({ sum: c.readSums(sum, ni * nj), k: c.read(k, ni * nj) }));
    const inside = (p: number): boolean => p % nj >= (Math.max(0, Math.floor(p / nj) - above) & ~15);
    expect(part.sum).toEqual(whole.sum.map((x, p) => (inside(p) ? x : start[p])));
    expect(part.k).toEqual(whole.k.map((x, p) => (inside(p) ? x : 0)));
  }
});

test('gramAdd sums tiles in double precision, 0 to 17 rows and columns', () => {
  for (const rows of lengths) {
    const columns = (rows * 5 + 3) % 18;
    const ld = columns + 2;
    const tile = values(rows * columns);
    const c = newCase();
    const tilePtr = c.outputRows(tile, columns, ld);
    const sumPtr = c.sums(new Float64Array(rows * ld).fill(1e9));
    c.run((kernels) => kernels.gramAdd(rows, columns, tilePtr, ld, sumPtr));
    const sums = c.readSums(sumPtr, rows * ld);
    const column = (p: number): number => p % ld;
    const expected = sums.map((_, p) =>
      column(p) < columns ? 1e9 + tile[Math.floor(p / ld) * columns + column(p)] : 1e9,
    );
    expect(sums).toEqual(expected);
  }
});

test('gramPut copies a tile of sums to its place and tells whether an element is not finite, 0 to 17 rows and columns', () => {
  for (const rows of lengths) {
    const columns = (rows * 5 + 3) % 18;
    const [ld, ldo] = [columns + 2, columns + 3];
    const put = (tile: Float64Array): { found: number[]; out: Float64Array } => {
      const c = newCase();
      const [tilePtr, outPtr] = [c.sums(tile), c.sums(new Float64Array(rows * ldo).fill(7))];
      // The two instances of a case both run.
      const found: number[] = [];
      c.run((kernels) => {
        found.push(kernels.gramPut(rows, columns, tilePtr, ld, outPtr, ldo));
      });
      return { found: found.map((x) => x + 0), out: c.readSums(outPtr, rows * ldo) };
    };
    // Values beyond the columns of the tile do not count.
    const tile = Float64Array.from(values(rows * ld)).map((x, p) => (p % ld < columns ? 1e300 * x : Number.NaN));
    const { found, out } = put(tile);
    expect(found).toEqual([0, 0]);
    expect(out).toEqual(out.map((_, p) => (p % ldo < columns ? tile[Math.floor(p / ldo) * ld + (p % ldo)] : 7)));
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let at = 0; at < tile.length; at += 7) {
        if (at % ld < columns) expect(put(tile.with(at, bad)).found).toEqual([Number.NaN, Number.NaN]);
      }
    }
  }
});

test('mirrorTile copies what is above the diagonal below it and touches nothing else, elements of 4 and 8 bytes', () => {
  for (const [ni, nj, above] of [
    [9, 5, 4],
    [5, 9, 0],
    [12, 4, 8],
    [4, 4, 0],
    [0, 3, 0],
    [37, 18, 19],
    [64, 64, 0],
    [30, 9, 40],
  ]) {
    const tile = values(ni * (nj + 1));
    const expected = Float32Array.from({ length: nj * (ni + 2) }, (_, p) => {
      const [j, i] = [Math.floor(p / (ni + 2)), p % (ni + 2)];
      return i < ni && i < j + above ? tile[i * (nj + 1) + j] : 7;
    });
    const c = newCase();
    const tilePtr = c.floats(tile);
    const outPtr = c.output(new Float32Array(expected.length).fill(7));
    const widePtr = c.sums(Float64Array.from(tile));
    const wideOut = c.sums(new Float64Array(expected.length).fill(7));
    c.run((kernels) => {
      kernels.mirrorTile(ni, nj, tilePtr, nj + 1, outPtr, ni + 2, above, 2);
      kernels.mirrorTile(ni, nj, widePtr, nj + 1, wideOut, ni + 2, above, 3);
    });
    expect(c.read(outPtr, expected.length)).toEqual(expected);
    expect(c.readSums(wideOut, expected.length)).toEqual(Float64Array.from(expected));
  }
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
  const work = c.scratch(workBytes(3, 3));
  const offsetsPtr = c.ints([0, 1, 2, 3, 4]);
  c.run((kernels) => kernels.gramPairwise(4, offsetsPtr, xPtr, dPtr, 4, offsetsPtr, xPtr, dPtr, 3, 3, kPtr, 4, work));
  const expected = Array.from({ length: 16 }, (_, p) => p % 4 === 2 || Math.floor(p / 4) === 2);
  expect([...c.read(kPtr, 16)].map(Number.isNaN)).toEqual(expected);
});
