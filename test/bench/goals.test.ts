import { expect, test } from 'vitest';
import { exponent, peakShare, timesAsLong } from '../../bench/goals.ts';
import type { BenchResult, Row } from '../../bench/result.ts';
import { measured, resultOf } from './result.ts';

function row(result: BenchResult, name: string): Row {
  const found = result.rows.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no row ${name}`);
  return found;
}

test('the exponent of a power law is its power', () => {
  expect(exponent([2, 4, 16].map((x) => [x, 5 * x ** 1.5]))).toBeCloseTo(1.5, 12);
});

test('a share of the peak is operations over those the probe does in the same time', () => {
  expect(peakShare(measured('mlpStep', 'unbraid', 800, { work: 39e6, peakRatio: 0.02 }))).toBeCloseTo(0.78, 12);
});

test('a peer is compared by its time over ours, the fastest of several', () => {
  const result = resultOf(
    [
      measured('mlpStep', 'unbraid', 800),
      measured('mlpStep', 'torch', 1200),
      measured('gram256', 'unbraid', 500),
      measured('gram256:vmap', 'torch', 20_000),
      measured('gram256:vmap', 'jax', 14_000),
    ],
    {},
  );
  expect(row(result, 'MLP training step: PyTorch')).toEqual({
    name: 'MLP training step: PyTorch',
    value: expect.closeTo(1.5, 12),
    goal: 1.4,
    sense: 'at least',
    unit: 'times as long',
    holds: true,
  });
  const gram = row(result, 'Gram matrix of 256: vmap(grad) and J Jᵀ, the faster of JAX and PyTorch');
  expect(gram.value).toBeCloseTo(28, 12);
  expect(gram.holds).toBe(false);
});

test('ratios are of times in units of the probe, so that a slower clock does not count', () => {
  const own = measured('mlpStep', 'unbraid', 800);
  const other = measured('mlpStep', 'torch', 1320, { peakRatio: 27.5 / 1320 });
  expect(timesAsLong(other, own)).toBeCloseTo(1.5, 12);
});

test('a missing peer, a disturbed sample and a wrong result have no value, and the reason', () => {
  const result = resultOf(
    [
      measured('mlpStep', 'unbraid', 800),
      measured('mlpStep', 'tfjs-wasm', null, { reason: 'none of 60 samples was undisturbed' }),
    ],
    { torch: "not installed or not usable: ModuleNotFoundError: No module named 'torch'" },
  );
  const torch = row(result, 'MLP training step: PyTorch');
  expect([torch.value, torch.holds]).toEqual([null, false]);
  expect(torch.reason).toBe("torch: not installed or not usable: ModuleNotFoundError: No module named 'torch'");
  const tfjs = row(result, 'MLP training step: tfjs-wasm');
  expect([tfjs.value, tfjs.reason]).toEqual([null, 'mlpStep on tfjs-wasm: none of 60 samples was undisturbed']);
  expect(row(result, 'Heap growth over 1,000 updates').reason).toBe('left out by --only');
});

test('sizes and waits hold from below', () => {
  const result = resultOf([], {});
  expect(row(result, 'Engine .wasm, gzipped').holds).toBe(true);
  expect(row(result, 'Edge build, wasm and JavaScript, gzipped')).toMatchObject({ value: 33, goal: 32, holds: false });
  expect(row(result, 'Import to first update in Node')).toMatchObject({ value: 120, holds: true });
});
