import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { barsFigure, ratios, times } from '../../bench/bars.ts';
import { duration, readmeTable, report } from '../../bench/document.ts';
import { between } from '../../bench/markdown.ts';
import type { BenchResult } from '../../bench/result.ts';
import { measured, resultOf } from './result.ts';

const result = resultOf(
  [
    measured('mlpStep', 'unbraid', 800),
    measured('mlpStep', 'tfjs-wasm', 14_000),
    measured('mlpStep', 'torch', 640, { name: 'PyTorch' }),
    measured('gram256', 'unbraid', 500),
    measured('gram256:formula', 'torch', 450, { name: 'PyTorch, same formula' }),
    measured('gram256:vmap', 'torch', 16_000, { name: 'PyTorch, vmap(grad) and J Jᵀ' }),
  ],
  {},
);

test('durations read in the unit that fits, ratios with two digits', () => {
  expect([0.0123, 4.567, 1234.5].map(duration)).toEqual(['12.3 ns', '4.57 µs', '1.23 ms']);
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

| One thread | unbraid | tfjs-wasm | jax-js | onnxruntime-web | PyTorch | JAX |
|---|---:|---:|---:|---:|---:|---:|
| Training step of the MLP 64-128-128-16, batch 256 | 800 µs | 18× |  |  | 0.8× |  |
| Gram matrix of 256 per-sample gradients of the MLP | 500 µs |  |  |  | 32× |  |

Each cell of another library is its time divided by the time of unbraid; above 1, unbraid is faster. Medians of one interleaved run on Some processor; equal results were checked first ([details](docs/results/performance.md)).`);
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
  expect(bars).toEqual(['#D55E00', '#0072B2', '#D55E00', '#0072B2']);
});
