import { expect, test } from 'vitest';
import { exponent, jobRatio, learnsOtherwise, peakShare, timesAsLong } from '../../bench/ratios.ts';
import type { BenchResult, Row } from '../../bench/result.ts';
import { modelError } from '../../bench/scaling.ts';
import { measured, resultOf, runsOf } from './result.ts';

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
    goal: 1.2,
    sense: 'at least',
    unit: 'times as long',
    holds: true,
  });
  const gram = row(result, 'Gram matrix of 256: vmap(grad) and J Jᵀ, the faster of JAX and PyTorch');
  expect(gram.value).toBeCloseTo(28, 12);
  expect(gram.holds).toBe(true);
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

test('sizes and waits hold from below, and the largest build counts', () => {
  const result = resultOf([], {});
  expect(row(result, 'Largest build of the engine, gzipped')).toMatchObject({ value: 41, goal: 40, holds: false });
  expect(row(result, 'Edge build, wasm and JavaScript, gzipped')).toMatchObject({ value: 33, goal: 32, holds: false });
  const name = 'Import to first update in Node';
  expect(row(result, name)).toMatchObject({ value: 120, holds: true });
  expect(row(result, `${name}, with the choice of the build as in the command`)).toMatchObject({
    value: 151,
    holds: false,
  });
});

test('the wide build is compared with the narrow one of the same run, and shares are those of the narrow one', () => {
  const result = resultOf(
    [
      measured('mlpStep', 'unbraid', 500, { work: 39e6 }),
      measured('mlpStep', 'unbraid-off', 825, { work: 39e6, peakRatio: 25 / 825 }),
    ],
    {},
  );
  expect(row(result, 'Wide against off: MLP training step')).toMatchObject({
    value: expect.closeTo(1.65, 12),
    goal: 1.6,
    holds: true,
  });
  expect(row(result, 'Narrow build: MLP training step').value).toBeCloseTo((25 / 825) * 39, 12);
});

const own = runsOf('training', 'unbraid', [3, 4, 5], [0.7, 0.6, 0.8, 0.7]);
const torch = runsOf('training', 'torch', [12, 12, 30], [0.6, 0.7, 0.7, 0.6]);
const wholeJob = 'Whole job: 160 iterations of household, PyTorch';

test('jobs are compared by seed, without the runs that warm up, and have no goal', () => {
  expect(jobRatio(torch.runs, own.runs)).toBeCloseTo(4, 12);
  const result = resultOf([], {}, { jobs: [own, torch] });
  expect(row(result, wholeJob)).toMatchObject({ value: expect.closeTo(4, 12), goal: null, holds: true });
  expect(row(result, 'Whole job: unbraid').value).toBe(4);
  expect(row(result, 'Whole job: PyTorch').value).toBe(12);
});

test('a job that learns otherwise, or a worker that is missing, has no ratio, and the reason', () => {
  const other = runsOf('training', 'torch', [12, 12, 30], [0.1, 0.2, 0.2, 0.1]);
  expect(learnsOtherwise(torch.runs, own.runs)).toBe(false);
  expect(learnsOtherwise(other.runs, own.runs)).toBe(true);
  const reasonOf = (jobs: (typeof own)[], missing: Record<string, string> = {}): string | undefined =>
    row(resultOf([], missing, { jobs }), wholeJob).reason;
  expect(reasonOf([own, other])).toBe('its success at the end differs from that of unbraid');
  expect(reasonOf([own], { torch: 'left out by --peers' })).toBe('left out by --peers');
  expect(reasonOf([own, { ...torch, reason: 'out of memory' }])).toBe('training on torch: out of memory');
});

test('speed-ups of threads that a model predicts are marked', () => {
  const at = (threads: number, groups: number, speedup: number, share: number | null) => {
    const independent = share && speedup / share;
    return { threads, groups, measured: share !== null, speedup, predicted: 1.1 * speedup, independent, share };
  };
  const rows = [at(2, 10, 1.7, 0.88), at(2, 40, 1.8, 0.93), at(8, 40, 5.6, null), at(16, 40, 5.5, null)];
  const result = resultOf([], {}, { scaling: { value: rows } });
  expect(row(result, 'Two threads, default groups: of what two independent runs do')).toMatchObject({
    value: 0.88,
    holds: false,
  });
  expect(row(result, 'Two threads, four times the groups: of what two independent runs do').predicted).toBeUndefined();
  expect(row(result, '8 threads, four times the groups')).toMatchObject({ value: 5.6, holds: true, predicted: true });
  expect(row(result, '16 threads, four times the groups')).toMatchObject({ value: 5.5, holds: false, predicted: true });
  expect(row(result, '16 threads against 8')).toMatchObject({ value: 5.5 / 5.6, holds: true, predicted: true });
  expect(modelError(rows)).toBeCloseTo(0.1, 12);
  expect(modelError(rows.slice(2))).toBeNull();
});
