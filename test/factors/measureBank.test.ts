import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import type { Bank, BankSample } from '../../src/factors/bank.ts';
import { type BankCoupling, measureBank } from '../../src/factors/measureBank.ts';
import { openBank } from '../../src/factors/openBank.node.ts';
import { type BankParts, floats, fourSamples, sample, writeBank } from './bankFile.ts';

async function measure(parts: BankParts): Promise<BankCoupling & { bank: Bank }> {
  const bank = openBank(writeBank(parts));
  try {
    return { bank, ...runAtOnce(measureBank(await createArena(), bank)) };
  } finally {
    bank.close();
  }
}

// Gradients of the four samples (a left good, a right bad, b left bad, b right good) in two parameters.
const g0 = [
  [1, 0],
  [0, 1],
  [1, 1],
  [2, 0],
];
const g1 = [[3], [0], [-1], [1]];
const layers = [
  { name: 'net.0.weight', shape: [1, 2], kind: 'gradients' },
  { name: 'net.0.bias', shape: [1], kind: 'gradients' },
];
const tensors = [floats('0.g', [4, 2], g0.flat()), floats('1.g', [4, 1], g1.flat())];
const k = (i: number, j: number): number => g0[i][0] * g0[j][0] + g0[i][1] * g0[j][1] + g1[i][0] * g1[j][0];
const cosineOf = (i: number, j: number): number => k(i, j) / Math.sqrt(k(i, i) * k(j, j));

test('pairs belong to classes by labels, states and actions', async () => {
  const record = await measure({ header: { layers }, tensors });
  // Good: 0 and 3; bad: 1 and 2. In other states: 0-2, 0-3, 1-2, 1-3; equal actions: 0-2, 1-3.
  expect(record.anyAction.goodBad.pairs).toBe(2);
  expect(record.anyAction.goodBad.meanCosine).toBeCloseTo((cosineOf(0, 2) + cosineOf(1, 3)) / 2, 6);
  expect(record.anyAction.goodBad.meanDot).toBeCloseTo((k(0, 2) + k(1, 3)) / 2, 6);
  expect(record.anyAction.goodBad.positiveFraction).toBe([k(0, 2), k(1, 3)].filter((x) => x > 0).length / 2);
  expect(record.anyAction.goodGood.meanCosine).toBeCloseTo(cosineOf(0, 3), 6);
  expect(record.anyAction.badBad.meanCosine).toBeCloseTo(cosineOf(1, 2), 6);
  expect(record.classes.goodBad).toEqual(record.anyAction.goodBad);
  expect(record.classes.goodGood).toEqual({ pairs: 0, meanCosine: null, meanDot: null, positiveFraction: null });
  expect(record.sameState.goodBad.meanCosine).toBeCloseTo((cosineOf(0, 1) + cosineOf(2, 3)) / 2, 6);
  // Equal actions lack a class, so the contrast is that of any actions.
  expect(record.pairs).toBe('any actions');
  const contrast = (cosineOf(0, 3) + cosineOf(1, 2)) / 2 - (cosineOf(0, 2) + cosineOf(1, 3)) / 2;
  expect(record.contrast).toBeCloseTo(contrast, 6);
});

test('parameters have names, shares and cosines of their own', async () => {
  const { layers: measured } = await measure({ header: { layers }, tensors });
  expect(measured.map(({ name, parameter }) => [name, parameter])).toEqual([
    ['net.0', 'net.0.weight'],
    ['net.0', 'net.0.bias'],
  ]);
  const squares = (g: readonly (readonly number[])[]): number => g.flat().reduce((sum, x) => sum + x * x, 0);
  expect(measured[0].share).toBeCloseTo(squares(g0) / (squares(g0) + squares(g1)), 6);
  // Signs of the bias: 3, 0, -1, 1. Its good-bad pairs in other states have the cosines -1 and 0.
  expect(measured[1].goodBadCosine).toBeCloseTo(-0.5, 6);
  expect(measured[1].goodGoodCosine).toBeCloseTo(1, 6);
});

test('unknown labels take part in the spectrum alone', async () => {
  const unlabelled = fourSamples.map((each) => ({ ...each, label: 'unknown' }));
  const record = await measure({ header: { layers, samples: unlabelled }, tensors });
  const labelled = await measure({ header: { layers }, tensors });
  expect(record).toMatchObject({ labelled: 0, contrast: null, kernelTargetAlignment: null, spillover: null });
  expect(record.effectiveRank).toBe(labelled.effectiveRank);
  expect(record.matrix.samples).toEqual([]);
});

test('steps are predicted from the matrix; the smallest is the spillover', async () => {
  const steps = { sizes: [0.5, 0.25] };
  const weights = Float64Array.of(0.5, 0, 0, 0.5);
  // Samples 1 and 2 are bad.
  const change = Float64Array.of(0, 0.1, -0.2, 0, 0, 0.3, 0.4, 0);
  const record = await measure({
    header: { layers, steps },
    tensors: [
      ...tensors,
      { name: 'steps.weights', shape: [4], values: weights },
      { name: 'steps.change', shape: [2, 4], values: change },
    ],
  });
  const slope = (j: number): number => 0.5 * k(0, j) + 0.5 * k(3, j);
  expect(record.steps.map(({ stepSize }) => stepSize)).toEqual([0.5, 0.25]);
  expect(record.spillover?.stepSize).toBe(0.25);
  expect(record.spillover?.points).toEqual([
    [0.25 * slope(1), 0.3],
    [0.25 * slope(2), 0.4],
  ]);
  expect(record.steps[0].predicted).toBeCloseTo((0.5 * (slope(1) + slope(2))) / 2, 9);
  expect(record.steps[0].actual).toBeCloseTo(-0.05, 9);
});

test('a step along the advantages', async () => {
  const advantages = [1, -1, -1, null];
  const samples = fourSamples.map((each, i) => ({ ...each, advantage: advantages[i] }));
  const { advantages: found } = await measure({ header: { layers, samples }, tensors });
  const change = (j: number): number => k(0, j) - k(1, j) - k(2, j);
  const rising = [1, 2].filter((j) => change(j) > 0).length / 2;
  const falling = change(0) < 0 ? 1 : 0;
  expect(found).toEqual({ samples: 3, negative: 2, negativeRising: rising, positive: 1, positiveFalling: falling });
  expect((await measure({ header: { layers }, tensors })).advantages).toBeNull();
});

test('states are similar by shared words, or as the bank states it', async () => {
  const texts = ['The red cup', 'the red cup', 'a RED bowl', 'a red bowl'];
  const samples = fourSamples.map((each, i) => ({ ...each, text: texts[i] }));
  const byWords = await measure({ header: { layers, samples }, tensors });
  // 1 shared word of 5.
  expect(byWords.similarity.map(({ lower, pairs }) => [lower, pairs])).toEqual([[0.2, 2]]);
  expect(byWords.similarity[0].goodBadCosine).toBeCloseTo((cosineOf(0, 2) + cosineOf(1, 3)) / 2, 6);
  const given = Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? 1 : 0.7));
  const stated = await measure({
    header: { layers, samples },
    tensors: [...tensors, floats('similarity', [4, 4], given)],
  });
  expect(stated.similarity.map(({ lower, pairs }) => [lower, pairs])).toEqual([[0.6, 2]]);
  expect((await measure({ header: { layers }, tensors })).similarity).toEqual([]);
});

test('samples keep their own fields', async () => {
  const { bank } = await measure({
    header: { layers, samples: [...fourSamples.slice(1), sample('c', 'x', 'unknown', { group: 3, advantage: -0.5 })] },
    tensors,
  });
  expect(bank.samples[3]).toEqual<BankSample>({
    state: 'c',
    text: null,
    action: 'x',
    label: 'unknown',
    group: 3,
    advantage: -0.5,
    logProb: -1,
  });
});
