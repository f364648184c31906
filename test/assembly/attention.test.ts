import { expect, test } from 'vitest';
import { matmulScratchBytes } from '../../src/engine/kernels/arena.ts';
import { randomStream } from '../../src/random.ts';
import { type AttentionShape, attention, match } from '../reference/attention.ts';
import { dot, gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, offsetsOf, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/attention');
const stream = randomStream(1, 'test/attention/shapes');

interface Shape extends AttentionShape {
  readonly groups: number;
  readonly unit: number;
  readonly offsets: readonly number[] | undefined;
}

/** Groups with 0 to 2 units of queries each (offsets), or one unit each (no offsets). */
function shapeOf(groups: number, heads: number, headWidth: number, keys: number, unit: number, ragged: boolean): Shape {
  const sizes = Array.from({ length: groups }, (_, g) => (ragged ? (g % 4 === 1 ? 0 : stream.below(3)) : 1));
  const bounds = offsetsOf(sizes).map((units) => units * unit);
  const offsets = ragged ? offsetsOf(sizes) : undefined;
  return { groups, heads, width: heads * headWidth, keys, unit, queryBounds: bounds, offsets };
}

function scratchBytes({ width, keys, queryBounds }: Shape): number {
  const inner = Math.max(width, keys, queryBounds[queryBounds.length - 1]);
  return matmulScratchBytes(inner, Math.max(width, keys));
}

interface Inputs {
  readonly mask: readonly number[];
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

function inputsOf({ groups, keys, width, queryBounds }: Shape): Inputs {
  const queries = queryBounds[groups];
  const mask = Array.from({ length: groups * keys }, (_, i) => (stream.below(3) > 0 || i % keys === 0 ? 1 : 0));
  return { mask, q: values(queries * width), k: values(groups * keys * width), v: values(groups * keys * width) };
}

function forward(shape: Shape, { mask, q, k, v }: Inputs, gap = 0): { out: Float32Array; weights: Float32Array } {
  const { groups, heads, width, keys, unit, offsets, queryBounds } = shape;
  const queries = queryBounds[groups];
  const ld = width + gap;
  const c = newCase();
  const offsetsPtr = offsets ? c.ints(offsets) : 0;
  const maskPtr = c.bytes(mask);
  const qPtr = c.rows(q, width, ld);
  const kPtr = c.rows(k, width, ld + 1);
  const vPtr = c.rows(v, width, ld + 1);
  const outPtr = c.outputRows(values(queries * width), width, ld);
  const weightsPtr = c.output(values(queries * heads * keys));
  const scratch = c.scratch(scratchBytes(shape));
  c.run((kernels) => {
    const args = [qPtr, ld, kPtr, vPtr, ld + 1, outPtr, ld, weightsPtr, scratch] as const;
    kernels.attentionForward(groups, heads, width, keys, offsetsPtr, unit, maskPtr, ...args);
  });
  return { out: c.readRows(outPtr, queries, width, ld), weights: c.read(weightsPtr, queries * heads * keys) };
}

function backward(shape: Shape, { q, k, v }: Inputs, weights: ArrayLike<number>, dOut: Float32Array, gap: number) {
  const { groups, heads, width, keys, unit, offsets, queryBounds } = shape;
  const queries = queryBounds[groups];
  const ld = width + gap;
  const c = newCase();
  const offsetsPtr = offsets ? c.ints(offsets) : 0;
  const qPtr = c.rows(q, width, ld);
  const kPtr = c.rows(k, width, ld + 1);
  const vPtr = c.rows(v, width, ld + 1);
  const dOutPtr = c.rows(dOut, width, ld);
  const weightsPtr = c.floats(weights);
  const dQPtr = c.outputRows(values(q.length), width, ld);
  const dKPtr = c.outputRows(values(k.length), width, ld + 1);
  const dVPtr = c.outputRows(values(v.length), width, ld + 1);
  const dWeightsPtr = c.scratch(queries * keys * 4);
  const scratch = c.scratch(scratchBytes(shape));
  c.run((kernels) => {
    const saved = [qPtr, ld, kPtr, vPtr, ld + 1, dOutPtr, ld, weightsPtr] as const;
    const args = [...saved, dQPtr, dKPtr, dVPtr, dWeightsPtr, scratch] as const;
    kernels.attentionBackward(groups, heads, width, keys, offsetsPtr, unit, ...args);
  });
  return {
    dQ: c.readRows(dQPtr, queries, width, ld),
    dK: c.readRows(dKPtr, groups * keys, width, ld + 1),
    dV: c.readRows(dVPtr, groups * keys, width, ld + 1),
  };
}

test('attentionForward: error < 2e-6, keys 0 to 17, head widths 1 to 17, groups with and without queries, wide strides', () => {
  for (const keys of lengths) {
    for (const headWidth of lengths.slice(1)) {
      const shape = shapeOf(1 + (keys % 5), 1 + (headWidth % 3), headWidth, keys, 1 + (headWidth % 4), keys % 2 === 0);
      const inputs = inputsOf(shape);
      const { mask, q, k, v } = inputs;
      const actual = forward(shape, inputs, headWidth % 3);
      const expected = attention(shape, mask, q, k, v);
      const where = JSON.stringify(shape);
      expect(largestError(actual.out, expected.out), where).toBeLessThan(2e-6);
      expect(largestError(actual.weights, expected.weights), where).toBeLessThan(2e-6);
    }
  }
});

test('attentionForward: error < 2e-6 around the K block of 256 keys', () => {
  for (const keys of [255, 256, 257, 258]) {
    const shape = shapeOf(2, 2, 4, keys, 3, false);
    const inputs = inputsOf(shape);
    const expected = attention(shape, inputs.mask, inputs.q, inputs.k, inputs.v);
    expect(largestError(forward(shape, inputs).out, expected.out)).toBeLessThan(2e-6);
  }
});

test('attentionBackward: error < 1e-5 against finite differences, keys 0 to 17, ragged and regular groups', () => {
  for (const keys of lengths) {
    for (const headWidth of [1, 2, 3, 5]) {
      const shape = shapeOf(3, 1 + (keys % 3), headWidth, keys, 1 + (headWidth % 2), headWidth % 2 === 0);
      const inputs = inputsOf(shape);
      const { mask, q, k, v } = inputs;
      const dOut = values(q.length);
      const { weights } = attention(shape, mask, q, k, v);
      const actual = backward(shape, inputs, weights, dOut, keys % 3);
      const where = JSON.stringify(shape);
      if (q.length + k.length > 180) continue;
      const dQ = gradientByDifferences((at) => dot(attention(shape, mask, at, k, v).out, dOut), q);
      const dK = gradientByDifferences((at) => dot(attention(shape, mask, q, at, v).out, dOut), k);
      const dV = gradientByDifferences((at) => dot(attention(shape, mask, q, k, at).out, dOut), v);
      expect(largestError(actual.dQ, dQ), where).toBeLessThan(1e-5);
      expect(largestError(actual.dK, dK), where).toBeLessThan(1e-5);
      expect(largestError(actual.dV, dV), where).toBeLessThan(1e-5);
    }
  }
});

test('attention: all keys masked give zeros, all but one the value of that one, a masked NaN key changes nothing', () => {
  const shape = shapeOf(2, 2, 3, 5, 2, false);
  const inputs = inputsOf(shape);
  const mask = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
  const k = inputs.k.slice();
  k.fill(Number.NaN, 0, 7 * shape.width);
  const { out } = forward(shape, { ...inputs, mask, k });
  const kept = inputs.v.slice(7 * shape.width, 8 * shape.width);
  expect([...out]).toEqual([...new Float32Array(2 * shape.width), ...kept, ...kept]);
});

test('attention: subnormal inputs stay within 2e-6, scores of +-80 within 2e-5 and of +-1000 within 2e-4; a NaN query gives a NaN row', () => {
  for (const scale of [80, 1000, 1e-40]) {
    const shape = shapeOf(3, 1, 4, 9, 2, false);
    const inputs = inputsOf(shape);
    const q = inputs.q.map((x) => x * scale);
    const expected = attention(shape, inputs.mask, q, inputs.k, inputs.v);
    // Scores of single precision are off by 1e-7 of their size, and exp by as much.
    expect(largestError(forward(shape, { ...inputs, q }).out, expected.out)).toBeLessThan(
      2e-6 * Math.max(1, scale / 10),
    );
    q[4] = Number.NaN;
    const { out } = forward(shape, { ...inputs, q });
    expect([...out.slice(4, 8)].every(Number.isNaN)).toBe(true);
    expect([...out.slice(8)].every(Number.isFinite)).toBe(true);
  }
});

test('match maps: error < 1e-5 forward and < 1e-5 against finite differences, keys and widths 0 to 17', () => {
  for (const keys of lengths) {
    for (const width of lengths) {
      const shape = shapeOf(3, 1, width, keys, 1 + (keys % 3), width % 2 === 0);
      const { groups, unit, offsets, queryBounds } = shape;
      const { q, k } = inputsOf(shape);
      const queries = queryBounds[groups];
      const dOut = values(queries * keys);
      const c = newCase();
      const offsetsPtr = offsets ? c.ints(offsets) : 0;
      const qPtr = c.floats(q);
      const kPtr = c.floats(k);
      const dOutPtr = c.floats(dOut);
      const outPtr = c.output(values(queries * keys));
      const dQPtr = c.output(values(q.length));
      const dKPtr = c.output(values(k.length));
      const scratch = c.scratch(scratchBytes(shape));
      c.run((kernels) => {
        const common = [groups, width, keys, offsetsPtr, unit, qPtr, kPtr] as const;
        kernels.matchForward(...common, outPtr, scratch);
        kernels.matchBackward(...common, dOutPtr, dQPtr, dKPtr, scratch);
      });
      const where = JSON.stringify(shape);
      expect(largestError(c.read(outPtr, queries * keys), match(shape, q, k)), where).toBeLessThan(1e-5);
      if (q.length + k.length > 120) continue;
      const dQ = gradientByDifferences((at) => dot(match(shape, at, k), dOut), q);
      const dK = gradientByDifferences((at) => dot(match(shape, q, at), dOut), k);
      expect(largestError(c.read(dQPtr, q.length), dQ), where).toBeLessThan(1e-5);
      expect(largestError(c.read(dKPtr, k.length), dK), where).toBeLessThan(1e-5);
    }
  }
});
