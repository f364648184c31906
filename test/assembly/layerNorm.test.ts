import { expect, test } from 'vitest';
import { dot, gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { layerNorm } from '../reference/layerNorm.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/layerNorm');

function forward(rows: number, width: number, x: ArrayLike<number>, gamma: Float32Array, beta: Float32Array) {
  const c = newCase();
  const xPtr = c.floats(x);
  const gammaPtr = c.floats(gamma);
  const betaPtr = c.floats(beta);
  const yPtr = c.output(values(rows * width));
  const hatPtr = c.output(values(rows * width));
  const rstdPtr = c.output(values(rows));
  c.run((kernels) => kernels.layerNormForward(rows, width, xPtr, gammaPtr, betaPtr, yPtr, hatPtr, rstdPtr));
  return { y: c.read(yPtr, rows * width), xHat: c.read(hatPtr, rows * width), rstd: c.read(rstdPtr, rows) };
}

test('layerNormForward: error < 1e-5, rows 0 to 17, widths 1 to 17 and 255 to 258', () => {
  for (const rows of lengths) {
    for (const width of [...lengths.slice(1), 255, 256, 257, 258]) {
      const x = values(rows * width);
      const gamma = values(width);
      const beta = values(width);
      const actual = forward(rows, width, x, gamma, beta);
      const expected = layerNorm(rows, width, x, gamma, beta);
      const where = `rows ${rows} width ${width}`;
      expect(largestError(actual.y, expected.y), where).toBeLessThan(1e-5);
      expect(largestError(actual.xHat, expected.xHat), where).toBeLessThan(1e-5);
      expect(largestError(actual.rstd, expected.rstd), where).toBeLessThan(1e-5);
    }
  }
});

test('layerNormBackward: error < 1e-4 against finite differences, 1, 2, 3 and 17 rows, widths 2 to 17, both modes', () => {
  for (const rows of [1, 2, 3, 17]) {
    for (const width of lengths.slice(2)) {
      for (const mode of [0, 1]) {
        const x = values(rows * width);
        const gamma = values(width);
        const beta = values(width);
        const dY = values(rows * width);
        const { xHat, rstd } = layerNorm(rows, width, x, gamma, beta);
        const before = [values(rows * width), values(width), values(width)];
        const c = newCase();
        const dYPtr = c.floats(dY);
        const gammaPtr = c.floats(gamma);
        const hatPtr = c.floats(xHat);
        const rstdPtr = c.floats(rstd);
        const dXPtr = c.output(before[0]);
        const dGammaPtr = c.output(before[1]);
        const dBetaPtr = c.output(before[2]);
        c.run((kernels) =>
          kernels.layerNormBackward(rows, width, dYPtr, gammaPtr, hatPtr, rstdPtr, dXPtr, mode, dGammaPtr, dBetaPtr),
        );
        const loss = (a: ArrayLike<number>, b: ArrayLike<number>, d: ArrayLike<number>): number =>
          dot(layerNorm(rows, width, a, b, d).y, dY);
        const dX = gradientByDifferences((at) => loss(at, gamma, beta), x).map((d, i) => d + mode * before[0][i]);
        const dGamma = gradientByDifferences((at) => loss(x, at, beta), gamma).map((d, i) => d + before[1][i]);
        const dBeta = gradientByDifferences((at) => loss(x, gamma, at), beta).map((d, i) => d + before[2][i]);
        const where = `rows ${rows} width ${width} mode ${mode}`;
        expect(largestError(c.read(dXPtr, rows * width), dX), where).toBeLessThan(1e-4);
        expect(largestError(c.read(dGammaPtr, width), dGamma), where).toBeLessThan(1e-4);
        expect(largestError(c.read(dBetaPtr, width), dBeta), where).toBeLessThan(1e-4);
      }
    }
  }
});

test('layerNormBackward: no rows write nothing; a row of width 1 has no gradient in x', () => {
  for (const width of lengths) {
    const c = newCase();
    const inPtr = c.floats(values(width));
    const gradients = [values(width), values(width)];
    const dGammaPtr = c.output(gradients[0]);
    const dBetaPtr = c.output(gradients[1]);
    c.run((kernels) => kernels.layerNormBackward(0, width, inPtr, inPtr, inPtr, inPtr, inPtr, 0, dGammaPtr, dBetaPtr));
    expect(c.read(dGammaPtr, width)).toEqual(gradients[0]);
    expect(c.read(dBetaPtr, width)).toEqual(gradients[1]);
  }
  const c = newCase();
  const onePtr = c.floats([0.7]);
  const zeroPtr = c.floats([0]);
  const rstdPtr = c.floats([1 / Math.sqrt(1e-5)]);
  const dXPtr = c.output([5]);
  const sumsPtr = c.output([0, 0]);
  c.run((kernels) => kernels.layerNormBackward(1, 1, onePtr, onePtr, zeroPtr, rstdPtr, dXPtr, 0, sumsPtr, sumsPtr + 4));
  expect(c.read(dXPtr, 1)[0]).toBe(0);
});

test('layerNormForward: constant, subnormal and large rows stay finite within 1e-5; NaN reaches exactly its row', () => {
  const width = 9;
  const gamma = values(width);
  const beta = values(width);
  const x = [
    ...new Float32Array(width).fill(0.5),
    ...values(width).map((v) => v * 1e-40),
    ...values(width).map((v) => v * 1e4),
  ];
  const actual = forward(3, width, x, gamma, beta);
  expect(largestError(actual.y, layerNorm(3, width, Float32Array.from(x), gamma, beta).y)).toBeLessThan(1e-5);
  x[width + 3] = Number.NaN;
  const marked = forward(3, width, x, gamma, beta);
  expect([...marked.y].map(Number.isNaN)).toEqual(Array.from({ length: 27 }, (_, i) => i >= 9 && i < 18));
});
