import { expect, test } from 'vitest';
import { matmulScratchBytes } from '../../src/engine/kernels/arena.ts';
import { randomStream } from '../../src/random.ts';
import { binaryCrossEntropy, contrastiveLoss } from '../reference/classifierLoss.ts';
import { dot, gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/classifierLoss');
const stream = randomStream(1, 'test/classifierLoss/labels');
const good = Math.fround(0.7);
const bad = Math.fround(1.9);

function kernelCrossEntropy(z: ArrayLike<number>, labels: number[]) {
  const c = newCase();
  const zPtr = c.floats(z);
  const labelsPtr = c.bytes(labels);
  const dPtr = c.output(values(z.length));
  const statsPtr = c.sums([1, 2, 3]);
  c.run((kernels) => kernels.binaryCrossEntropy(z.length, zPtr, labelsPtr, good, bad, dPtr, statsPtr, 0));
  const [loss, correct, labelled] = c.readSums(statsPtr, 3).map((sum, i) => sum - (i + 1));
  return { dZ: c.read(dPtr, z.length), loss, correct, labelled };
}

test('binaryCrossEntropy: gradient within 1e-6 of finite differences, loss within 1e-6, counts exact, rows 0 to 17 and 257', () => {
  for (const rows of [...lengths, 257]) {
    const z = values(rows).map((x) => 6 * x);
    const labels = Array.from({ length: rows }, () => stream.below(3) - 1);
    const { dZ, loss, correct, labelled } = kernelCrossEntropy(z, labels);
    const lossAt = (at: Float64Array): number => binaryCrossEntropy(at, labels, good, bad);
    expect(largestError(dZ, gradientByDifferences(lossAt, z)), `${rows} rows`).toBeLessThan(1e-6);
    expect(largestError([loss], [binaryCrossEntropy(z, labels, good, bad)]), `${rows} rows`).toBeLessThan(1e-6);
    expect(labelled).toBe(labels.filter((label) => label >= 0).length);
    expect(correct).toBe(labels.filter((label, r) => label >= 0 && z[r] > 0 === (label === 1)).length);
  }
});

test('binaryCrossEntropy: logits of +-80, +-1000 and subnormal ones within 1e-6; NaN counts where labelled only', () => {
  const z = [80, -80, 1000, -1000, 1e-40, -1e-40, 0];
  for (const label of [0, 1]) {
    const labels = z.map(() => label);
    const { dZ, loss } = kernelCrossEntropy(z, labels);
    const weight = label === 1 ? good : bad;
    const slopes = z.map((x) => weight * (1 / (1 + Math.exp(-x)) - label));
    expect(largestError(dZ, slopes)).toBeLessThan(1e-6);
    expect(largestError([loss], [binaryCrossEntropy(z, labels, good, bad)])).toBeLessThan(1e-6);
  }
  const marked = kernelCrossEntropy([1, Number.NaN], [1, 0]);
  expect(marked.loss).toBeNaN();
  expect(marked.dZ[1]).toBeNaN();
  const unlabelled = kernelCrossEntropy([1, Number.NaN], [1, -1]);
  expect(unlabelled.loss).toBeCloseTo(good * Math.log1p(Math.exp(-1)), 6);
  expect(unlabelled.dZ[1]).toBe(0);
});

function kernelContrastive(width: number, e: ArrayLike<number>, labels: number[], temperature: number, coef: number) {
  const rows = labels.length;
  const c = newCase();
  const ePtr = c.floats(e);
  const labelsPtr = c.bytes(labels);
  const dPtr = c.output(values(rows * width));
  const statsPtr = c.sums([7]);
  const work = c.scratch(rows * (2 * width + rows + 2) * 4);
  const scratch = c.scratch(matmulScratchBytes(Math.max(rows, width), Math.max(rows, width)));
  c.run((k) => k.contrastiveLoss(rows, width, ePtr, labelsPtr, temperature, coef, dPtr, statsPtr, work, scratch));
  return { dE: c.read(dPtr, rows * width), loss: c.readSums(statsPtr, 1)[0] - 7 };
}

test('contrastiveLoss: gradient within 1e-5 of finite differences, loss within 1e-5, rows 0 to 17, widths 1 to 17', () => {
  const coef = Math.fround(0.3);
  for (const rows of lengths) {
    for (const width of lengths.slice(1)) {
      const temperature = Math.fround(width % 2 ? 0.2 : 1);
      const e = values(rows * width);
      const labels = Array.from({ length: rows }, () => (stream.below(3) > 0 ? 1 : 0));
      const { dE, loss } = kernelContrastive(width, e, labels, temperature, coef);
      const lossAt = (at: ArrayLike<number>): number => coef * contrastiveLoss(rows, width, at, labels, temperature);
      const where = `rows ${rows} width ${width}`;
      expect(largestError([loss], [lossAt(e)]), where).toBeLessThan(1e-5);
      if (e.length > 100) continue;
      expect(largestError(dE, gradientByDifferences(lossAt, e, 1e-6)), where).toBeLessThan(1e-5);
    }
  }
});

test('contrastiveLoss: 255 to 258 rows: loss within 1e-5, derivative along one direction within 1e-5 of finite differences', () => {
  const width = 3;
  for (const rows of [255, 256, 257, 258]) {
    const e = values(rows * width);
    const direction = values(rows * width);
    const labels = Array.from({ length: rows }, () => stream.below(2));
    const { dE, loss } = kernelContrastive(width, e, labels, 1, 1);
    const lossAlong = (t: Float64Array): number => {
      const moved = Float64Array.from(e, (x, i) => x + t[0] * direction[i]);
      return contrastiveLoss(rows, width, moved, labels, 1);
    };
    expect(largestError([loss], [lossAlong(Float64Array.of(0))]), `${rows} rows`).toBeLessThan(1e-5);
    expect(largestError([dot(dE, direction)], gradientByDifferences(lossAlong, [0])), `${rows} rows`).toBeLessThan(
      1e-5,
    );
  }
});

test('contrastiveLoss: an anchor without positives is no anchor but stays a negative; without any anchor all is 0', () => {
  const width = 3;
  const e = values(4 * width);
  const labels = [1, 1, 1, 0];
  const { dE, loss } = kernelContrastive(width, e, labels, 1, 1);
  const lossAt = (at: ArrayLike<number>): number => contrastiveLoss(4, width, at, labels, 1);
  expect(largestError([loss], [lossAt(e)])).toBeLessThan(1e-6);
  const expected = gradientByDifferences(lossAt, e, 1e-6);
  expect(largestError(dE, expected)).toBeLessThan(1e-5);
  expect(Math.max(...expected.slice(3 * width).map(Math.abs))).toBeGreaterThan(1e-3);
  const alone = kernelContrastive(width, values(2 * width), [0, 1], 1, 1);
  expect([...alone.dE, alone.loss]).toEqual(new Array(2 * width + 1).fill(0));
});

test('contrastiveLoss: width 0, zero and subnormal rows, and temperature 0.01 stay finite; NaN reaches the loss', () => {
  expect(kernelContrastive(0, [], [1, 1, 0], 1, 1).loss).toBeCloseTo(Math.log(2), 6);
  for (const scale of [0, 1e-40, 1e15]) {
    const e = values(5 * 4).map((x, i) => (i < 4 ? x * scale : x));
    const { dE, loss } = kernelContrastive(4, e, [1, 0, 1, 0, 1], Math.fround(0.01), 1);
    expect([...dE].every(Number.isFinite)).toBe(true);
    expect(largestError([loss], [contrastiveLoss(5, 4, e, [1, 0, 1, 0, 1], Math.fround(0.01))])).toBeLessThan(2e-5);
  }
  const e = values(5 * 4);
  e[6] = Number.NaN;
  expect(kernelContrastive(4, e, [1, 0, 1, 0, 1], 1, 1).loss).toBeNaN();
});
