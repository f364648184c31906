import { describe, expect, test } from 'vitest';
import { type Gram, gramMatrix } from '../../src/coupling/gram.ts';
import { errorOfLargest, openGolden, worstParameter } from '../engine/policy/golden.ts';

const cases = ['attention-slots', 'attention-blocks', 'attention-sequence', 'attention-norm', 'mlp', 'mlp-norm'];

/** The matrices by parameter, with zeros for parameters that have no gradient: a Gram leaves these out. */
function allParameters(gram: Gram, names: readonly string[]): Record<string, Float32Array> {
  return Object.fromEntries(names.map((n) => [n, gram.byParameter.get(n) ?? new Float32Array(gram.total.length)]));
}

describe.each(cases)('Gram matrix of %s against float64 automatic differentiation', (name) => {
  test('all samples, whole and by parameter: error < 1e-5 of the largest', async () => {
    const { golden, policy, list } = await openGolden(name);
    const gram = gramMatrix(policy, policy.weights, { list, states: [0, 1, 2, 3, 4], taken: golden.taken });
    expect(errorOfLargest(gram.total, golden.gram)).toBeLessThan(1e-5);
    expect(worstParameter(allParameters(gram, Object.keys(golden.shapes)), golden.gramByParameter)).toBeLessThan(1e-5);
  });

  test('any samples against any others, over several batches: error < 1e-5 of the largest', async () => {
    const { golden, policy, list } = await openGolden(name);
    // A batch holds 8 states: 23 rows are three batches, 10 columns two.
    const rows = Array.from({ length: 23 }, (_, i) => (i * 3 + 4) % 5);
    const columns = Array.from({ length: 10 }, (_, i) => (i * 2) % 5);
    const samples = (states: number[]) => ({ list, states, taken: states.map((s) => golden.taken[s]) });
    const gram = gramMatrix(policy, policy.weights, samples(rows), samples(columns));
    expect([gram.rows, gram.columns]).toEqual([23, 10]);
    const expected = rows.flatMap((i) => columns.map((j) => golden.gram[i * 5 + j]));
    expect(errorOfLargest(gram.total, expected)).toBeLessThan(1e-5);
  });
});
