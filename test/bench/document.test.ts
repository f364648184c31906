import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { barsFigure, ratios, times } from '../../bench/bars.ts';
import { readmeTable, report } from '../../bench/document.ts';
import { between } from '../../bench/markdown.ts';
import type { BenchResult } from '../../bench/result.ts';
import { duration, goalTable } from '../../bench/tables.ts';
import { measured, resultOf, runsOf } from './result.ts';

const result = resultOf(
  [
    measured('mlpStep', 'unbraid', 800),
    measured('mlpStep', 'unbraid-off', 1280, { name: 'unbraid, narrow build' }),
    measured('mlpStep', 'tfjs-wasm', 14_000),
    measured('mlpStep', 'torch', 640, { name: 'PyTorch' }),
    measured('gram256', 'unbraid', 500),
    measured('gram256:formula', 'torch', 450, { name: 'PyTorch, same formula' }),
    measured('gram256:vmap', 'torch', 16_000, { name: 'PyTorch, vmap(grad) and J Jᵀ' }),
  ],
  {},
);

test('durations read in the unit that fits, ratios with two digits', () => {
  expect([0.0123, 4.567, 1234.5, 3.21e6].map(duration)).toEqual(['12.3 ns', '4.57 µs', '1.23 ms', '3.21 s']);
  expect([0.123, 1.26, 99, 1234].map(times)).toEqual(['0.12×', '1.3×', '99×', '1,234×']);
});

test('peers are listed from the fastest to the slowest, with every way they have', () => {
  expect(ratios(result, 'gram256')).toEqual([
    { name: 'PyTorch, same formula', ratio: expect.closeTo(0.9, 12) },
    { name: 'PyTorch, vmap(grad) and J Jᵀ', ratio: expect.closeTo(32, 12) },
  ]);
});

test("the README's table has our times, and those of others in units of them", () => {
  expect(readmeTable(result, 'docs/results/performance.md')).toBe(`## Speed

| One thread | unbraid | narrow build | tfjs-wasm | jax-js | onnxruntime-web | PyTorch | JAX |
|---|---:|---:|---:|---:|---:|---:|---:|
| Training step of the MLP 64-128-128-16, batch 256 | 800 µs | 1.6× | 18× |  |  | 0.8× |  |
| Gram matrix of 256 per-sample gradients of the MLP | 500 µs |  |  |  |  | 32× |  |

The narrow build runs where 128-bit operations are not merged. Its cells and those of other libraries are their time divided by the time of unbraid; above 1, unbraid is faster. Medians of one interleaved run on Some processor; equal results were checked first ([details](docs/results/performance.md)).`);
});

test('a row without a goal has no verdict, and a predicted value says so', () => {
  const row = { name: 'x', value: 2, goal: 1, sense: 'at least', unit: 's', holds: true } as const;
  expect(goalTable([row, { ...row, predicted: true }, { ...row, goal: null }])).toBe(`| What | Measured | Goal |  |
|---|---:|---:|---:|
| x | 2 s | at least 1 | holds |
| x | 2 s, predicted | at least 1 | holds |
| x | 2 s |  |  |`);
});

test('the document has both builds, the whole job beside PyTorch, and the threads', () => {
  const jobs = [
    runsOf('training', 'unbraid', [3, 4, 5], [0.7, 0.6, 0.8, 0.7]),
    runsOf('training', 'torch', [12, 12, 30], [0.6, 0.7, 0.7, 0.6]),
    runsOf('household', 'unbraid', [3], [0.7, 0.6]),
    runsOf('household', 'unbraid-off', [4.5], [0.7, 0.6]),
  ];
  const unknown = { independent: null, share: null };
  const rows = [
    { threads: 2, groups: 10, measured: true, speedup: 1.5, predicted: 1.56, independent: 1.8, share: 0.83 },
    { threads: 8, groups: 40, measured: false, speedup: 5.6, predicted: 5.6, ...unknown },
  ];
  const scaling = { value: rows };
  const text = report(resultOf(result.measurements, {}, { jobs, scaling }), 'performance');
  expect(text).toContain('| Training step of the MLP 64-128-128-16, batch 256 | 800 µs | 1.28 ms | 1.6× |  |  |');
  expect(text).toContain('evaluations and coupling | 3 s | 4.5 s | 1.5× |  |  |');
  expect(text).toContain('take unbraid 4 s and PyTorch');
  expect(text).toContain('unbraid 0.70 ± 0.08, PyTorch 0.65 ± 0.06.');
  expect(text).toContain('| 2 | 10 | 1.50 | 1.56 | 1.80 | 0.83 |\n| 8 | 40 |  | 5.60 |  |  |');
  expect(text).toContain('Its error on two threads is at most 4%.');
  expect(report(result, 'performance')).toContain(
    'The training beside PyTorch was not measured: training was not measured on unbraid.',
  );
});

const committed = 'docs/results/performance.json';

test.skipIf(!existsSync(committed))(
  `README and tables are those of ${committed}, skipped where that is not there`,
  () => {
    const found = JSON.parse(readFileSync(committed, 'utf8')) as BenchResult;
    const readme = readFileSync('README.md', 'utf8');
    expect(readme).toBe(between(readme, 'performance', readmeTable(found, 'docs/results/performance.md')));
    const document = readFileSync('docs/results/performance.md', 'utf8');
    expect(document).toBe(between(document, 'performance', report(found, 'performance')));
  },
);

test('slower peers are bars in blue, faster ones in orange', () => {
  const svg = barsFigure(result);
  const bars = [...svg.matchAll(/<path d="[^"]*" fill="(#0072B2|#D55E00)"/g)].map(([, colour]) => colour);
  expect(bars).toEqual(['#D55E00', '#0072B2', '#0072B2', '#D55E00', '#0072B2']);
});
