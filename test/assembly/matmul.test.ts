import { expect, test } from 'vitest';
import { dot, gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { columnSum, matmul } from '../reference/matmul.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/matmul');
const OVERWRITE = 0;
const ACCUMULATE = 1;
const BIAS = 2;

type Variant = 'NN' | 'NT' | 'TN';

/** Bytes of scratch as assembly/matmul.ts states them. */
function scratchBytes(k: number, n: number): number {
  return 16_704 + 4 * Math.min(k, 256) * Math.ceil(n / 8) * 8;
}

/** Runs a product with row strides `gap` floats wider than the rows. */
function product(
  variant: Variant,
  [m, n, k]: readonly number[],
  a: Float32Array,
  b: Float32Array,
  { mode = OVERWRITE, before = values(m * n), bias = values(n), gap = 0 } = {},
): Float32Array {
  const c = newCase();
  const widthA = variant === 'TN' ? m : k;
  const widthB = variant === 'NT' ? k : n;
  const aPtr = c.rows(a, widthA, widthA + gap);
  const bPtr = c.rows(b, widthB, widthB + gap);
  const outPtr = c.outputRows(before, n, n + gap);
  const biasPtr = c.floats(bias);
  const scratch = c.scratch(scratchBytes(k, n));
  const args = [m, n, k, aPtr, widthA + gap, bPtr, widthB + gap, outPtr, n + gap, mode] as const;
  c.run((kernels) => {
    if (variant === 'TN') kernels.matmulTN(...args, 0, scratch);
    else if (variant === 'NT') kernels.matmulNT(...args, 0, 0, scratch);
    else kernels.matmulNN(...args, biasPtr, scratch);
  });
  return c.readRows(outPtr, m, n, n + gap);
}

function compare(variant: Variant, size: readonly number[], mode: number, gap: number): void {
  const [m, n, k] = size;
  const a = values(m * k);
  const b = values(k * n);
  const before = values(m * n);
  const bias = values(n);
  const start = (i: number, j: number): number =>
    mode === ACCUMULATE ? before[i * n + j] : mode === BIAS ? bias[j] : 0;
  const actual = product(variant, size, a, b, { mode, before, bias, gap });
  const options = { aT: variant === 'TN', bT: variant === 'NT', start };
  const where = `matmul${variant} m ${m} n ${n} k ${k} mode ${mode} gap ${gap}`;
  expect(largestError(actual, matmul(m, n, k, a, b, options)), where).toBeLessThan(1e-5);
  // One order of summation, k ascending: single-precision steps in that order give the same bits.
  const sequential = matmul(m, n, k, a, b, { ...options, round: Math.fround });
  expect(largestError(actual, sequential), `${where}, against the sequential sum`).toBe(0);
}

test.each(['NN', 'NT', 'TN'] as const)(
  'matmul%s: error < 1e-5 and the bits of the sequential sum, all sizes 0 to 17',
  (variant) => {
    const modes = variant === 'NN' ? 3 : 2;
    for (const m of lengths) {
      for (const n of lengths)
        for (const k of lengths) compare(variant, [m, n, k], (m + n + k) % modes, (m ^ n ^ k) % 3);
    }
  },
);

test.each(['NN', 'NT', 'TN'] as const)(
  'matmul%s: error < 1e-5 and the same bits around K blocks and at larger sizes',
  (variant) => {
    for (const k of [255, 256, 257, 258, 511, 512, 513]) {
      for (const mode of variant === 'NN' ? [0, 1, 2] : [0, 1]) {
        compare(variant, [5, 13, k], mode, k % 4);
        compare(variant, [5, 12, k], mode, k % 4);
      }
    }
    for (const size of [
      [255, 3, 9],
      [258, 8, 4],
      [3, 257, 5],
      [1, 256, 256],
      [33, 64, 300],
      [101, 61, 300],
      [150, 13, 300],
    ]) {
      compare(variant, size, ACCUMULATE, 1);
    }
  },
);

test.each(['NN', 'NT'] as const)(
  'matmul%s: a row has the same bits whatever its place and the height of the batch',
  (variant) => {
    const k = 261;
    for (const n of [1, 7, 8, 21]) {
      const b = values(k * n);
      const row = values(k);
      const alone = product(variant, [1, n, k], row, b);
      for (const height of [2, 3, 4, 5, 8, 11]) {
        for (let place = 0; place < height; place++) {
          const a = values(height * k);
          a.set(row, place * k);
          const all = product(variant, [height, n, k], a, b);
          expect(all.slice(place * n, (place + 1) * n)).toEqual(alone);
        }
      }
    }
  },
);

test('matmulTN: a row has the same bits whatever the column of A it comes from', () => {
  const k = 261;
  const n = 11;
  const b = values(k * n);
  const column = values(k);
  const alone = product('TN', [1, n, k], column, b);
  for (const width of [2, 3, 4, 5, 9]) {
    for (let place = 0; place < width; place++) {
      const a = values(k * width);
      for (let i = 0; i < k; i++) a[i * width + place] = column[i];
      const all = product('TN', [width, n, k], a, b);
      expect(all.slice(place * n, (place + 1) * n)).toEqual(alone);
    }
  }
});

test('matmulNT: with the slope of tanh or relu, the same bits as the product and then the slope', () => {
  for (const [m, n, k] of [
    [1, 1, 1],
    [5, 13, 7],
    [9, 16, 300],
    [70, 23, 33],
    [8, 8, 513],
  ]) {
    for (const kind of [1, 2]) {
      for (const mode of [OVERWRITE, ACCUMULATE]) {
        const ld = n + 2;
        const c = newCase();
        const [aPtr, bPtr] = [c.rows(values(m * k), k, k), c.rows(values(n * k), k, k)];
        const before = values(m * n);
        const saved = c.rows(values(m * n), n, ld);
        const [fused, apart] = [c.outputRows(before, n, ld), c.outputRows(before, n, ld)];
        const scratch = c.scratch(scratchBytes(k, n));
        c.run((kernels) => {
          kernels.matmulNT(m, n, k, aPtr, k, bPtr, k, fused, ld, mode, kind, saved, scratch);
          kernels.matmulNT(m, n, k, aPtr, k, bPtr, k, apart, ld, mode, 0, 0, scratch);
          for (let i = 0; i < m; i++) kernels.activationBackward(kind, saved + 4 * i * ld, apart + 4 * i * ld, n);
        });
        expect(c.readRows(fused, m, n, ld), `m ${m} n ${n} kind ${kind}`).toEqual(c.readRows(apart, m, n, ld));
      }
    }
  }
});

test('NT and TN of the output gradient are the gradients of NN: error < 1e-5 against finite differences', () => {
  const [m, n, k] = [5, 6, 7];
  const a = values(m * k);
  const b = values(k * n);
  const d = values(m * n);
  const dA = product('NT', [m, k, n], d, b);
  const dB = product('TN', [k, n, m], a, d);
  expect(
    largestError(
      dA,
      gradientByDifferences((x) => dot(matmul(m, n, k, x, b), d), a),
    ),
  ).toBeLessThan(1e-5);
  expect(
    largestError(
      dB,
      gradientByDifferences((x) => dot(matmul(m, n, k, a, x), d), b),
    ),
  ).toBeLessThan(1e-5);
});

test('matmul: subnormal and large finite inputs stay exact in the sequential order; NaN reaches exactly its row', () => {
  for (const variant of ['NN', 'NT', 'TN'] as const) {
    const [m, n, k] = [6, 9, 11];
    const tiny = values(m * k).map((x) => x * 1e-40);
    const huge = values(k * n).map((x) => x * 1e30);
    const options = { aT: variant === 'TN', bT: variant === 'NT', round: Math.fround };
    expect(largestError(product(variant, [m, n, k], tiny, huge), matmul(m, n, k, tiny, huge, options), 1e-12)).toBe(0);
    const a = values(m * k);
    const b = values(k * n);
    const clean = product(variant, [m, n, k], a, b);
    a[variant === 'TN' ? 2 : 2 * k] = Number.NaN;
    const marked = product(variant, [m, n, k], a, b);
    for (let i = 0; i < m; i++) {
      const row = marked.slice(i * n, (i + 1) * n);
      if (i === 2) expect(row.every(Number.isNaN)).toBe(true);
      else expect(row).toEqual(clean.slice(i * n, (i + 1) * n));
    }
  }
});

test('matmulTN: with sums, the product has the same bits as without, and the sums those of columnSum added', () => {
  for (const [m, n, k] of [
    [5, 1, 9],
    [3, 11, 70],
    [8, 16, 64],
    [17, 29, 130],
    [67, 66, 150],
    [4, 150, 261],
    [150, 13, 300],
  ]) {
    const a = values(m * k);
    const b = values(k * n);
    const before = values(n);
    const c = newCase();
    const [aPtr, bPtr, outPtr] = [c.rows(a, m, m), c.rows(b, n, n), c.output(new Float32Array(m * n))];
    const [sumsPtr, expectedPtr] = [c.output(before), c.output(before)];
    const scratch = c.scratch(scratchBytes(k, n));
    c.run((kernels) => {
      kernels.matmulTN(m, n, k, aPtr, m, bPtr, n, outPtr, n, OVERWRITE, sumsPtr, scratch);
      kernels.columnSum(k, n, bPtr, n, expectedPtr, ACCUMULATE);
    });
    const [out, sums] = [c.read(outPtr, m * n), c.read(sumsPtr, n)];
    expect(sums, `m ${m} n ${n}`).toEqual(c.read(expectedPtr, n));
    expect(out, `m ${m} n ${n}`).toEqual(product('TN', [m, n, k], a, b));
  }
});

test('columnSum: error < 1e-5, heights and widths 0 to 17, both modes, wide strides', () => {
  for (const m of [...lengths, 257]) {
    for (const n of lengths) {
      for (const mode of [OVERWRITE, ACCUMULATE]) {
        const x = values(m * n);
        const before = values(n);
        const c = newCase();
        const xPtr = c.rows(x, n, n + 3);
        const outPtr = c.output(before);
        c.run((kernels) => kernels.columnSum(m, n, xPtr, n + 3, outPtr, mode));
        const expected = columnSum(m, n, x).map((sum, j) => sum + (mode === ACCUMULATE ? before[j] : 0));
        expect(largestError(c.read(outPtr, n), expected), `m ${m} n ${n}`).toBeLessThan(1e-5);
      }
    }
  }
});
