import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { layerGram } from '../../src/factors/layerGram.ts';
import { openBank } from '../../src/factors/openBank.node.ts';

const folder = fileURLToPath(new URL('golden', import.meta.url));

interface Golden {
  readonly layers: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly sum: readonly (readonly number[])[];
  readonly storedSum?: readonly (readonly number[])[];
}

function largestDifference(k: ArrayLike<number>, expected: readonly (readonly number[])[]): number {
  const n = expected.length;
  const diagonal = Math.max(...expected.map((row, i) => row[i]));
  let most = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) most = Math.max(most, Math.abs(k[i * n + j] - expected[i][j]));
  }
  return most / diagonal;
}

// torch.func made the expected matrices in 64 bits: python/unbraid_probe/tests/golden.py.
test.each([
  ['mlp', 1e-5],
  ['lora', 1e-5],
  ['causal', 1e-3],
])('the Gram matrices of %s agree with explicit gradients of torch.func', async (name, tolerance) => {
  const golden = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as Golden;
  const bank = openBank(`${folder}/${name}.safetensors`);
  const arena = await createArena();
  const n = bank.samples.length;
  const sum = new Float64Array(n * n);
  for (const layer of bank.layers) {
    const k = runAtOnce(layerGram(arena, layer, n));
    k.forEach((value, i) => {
      sum[i] += value;
    });
    expect(largestDifference(k, golden.layers[layer.name]), layer.name).toBeLessThan(tolerance);
    // Blocks of one sample each.
    expect(runAtOnce(layerGram(arena, layer, n, 1))).toEqual(k);
  }
  expect(largestDifference(sum, golden.sum)).toBeLessThan(tolerance);
  bank.close();
});
