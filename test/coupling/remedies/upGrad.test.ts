import { describe, expect, it, test } from 'vitest';
import { projectOntoDualCone } from '../../../src/coupling/remedies/dualCone.ts';
import { upGrad } from '../../../src/coupling/remedies/upGrad.ts';
import { randomStream } from '../../../src/random.ts';
import { golden } from './golden.ts';
import { gramOf, manyGradients, picked, randomGradients, relativeDifference } from './gradients.ts';

const traceOf = (gram: ArrayLike<number>, n: number): number => {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i];
  return trace;
};

/** (G v)_i and the sum of the magnitudes of its terms, for each i. */
function products(gram: ArrayLike<number>, v: ArrayLike<number>): { product: number; size: number }[] {
  const n = v.length;
  return Array.from({ length: n }, (_, i) => {
    let product = 0;
    let size = 0;
    for (let j = 0; j < n; j++) {
      product += gram[i * n + j] * v[j];
      size += Math.abs(gram[i * n + j] * v[j]);
    }
    return { product, size };
  });
}

/** G / trace(G) + regularization I */
function definite(gradients: number[][], regularization: number): Float64Array {
  const gram = gramOf(gradients);
  const n = gradients.length;
  const trace = traceOf(gram, n);
  return gram.map((value, k) => value / trace + (k % (n + 1) === 0 ? regularization : 0));
}

/** Checks the Karush-Kuhn-Tucker conditions, to 1e-14 of the largest sum of terms. */
function expectSolution(gram: Float64Array, bounds: Float64Array, v: Float64Array): void {
  const rows = products(gram, v);
  const tolerance = 1e-14 * Math.max(...rows.map(({ size }) => size));
  for (const [i, { product }] of rows.entries()) {
    expect(v[i]).toBeGreaterThanOrEqual(bounds[i]);
    expect(product).toBeGreaterThanOrEqual(-tolerance);
    if (v[i] > bounds[i]) expect(Math.abs(product)).toBeLessThanOrEqual(tolerance);
  }
}

describe('projectOntoDualCone', () => {
  it.each([1e-4, 1e-8, 1e-12])(
    'satisfies the Karush-Kuhn-Tucker conditions to 1e-14 of the largest sum of terms, regularization %f',
    (regularization) => {
      for (const [number, gradients] of manyGradients().entries()) {
        const stream = randomStream(number, 'test/dualCone');
        const bounds = Float64Array.from(gradients, () => 2 * stream.uniform() - 0.5);
        const gram = definite(gradients, regularization);
        expectSolution(gram, bounds, projectOntoDualCone(gram, bounds));
      }
    },
  );

  it('frees a task and binds it again: a task that is freed at first can end at its bound', () => {
    let bound = 0;
    for (const gradients of manyGradients()) {
      const n = gradients.length;
      const gram = definite(gradients, 1e-4);
      for (let i = 0; i < n; i++) {
        const bounds = Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0));
        const freed = projectOntoDualCone(gram, bounds).filter((value, j) => value > bounds[j]).length;
        try {
          projectOntoDualCone(gram, bounds, freed);
        } catch {
          bound++;
        }
      }
    }
    expect(bound).toBeGreaterThan(0);
  });

  it('ends where a product is negative by rounding only', () => {
    const gram = definite(
      [
        [1, 0, 1],
        [1, 1, -1],
        [-1, -1, -1],
        [-1, 0, -1],
        [-1, -1, 1],
      ],
      1e-12,
    );
    const bounds = Float64Array.of(0.2, 0, 0, 0, 0);
    expectSolution(gram, bounds, projectOntoDualCone(gram, bounds));
  });

  it('throws when it needs more steps than maxSteps', () => {
    const gram = Float64Array.of(1, -0.5, -0.5, 1);
    expect(projectOntoDualCone(gram, Float64Array.of(1, 0), 1)).toEqual(Float64Array.of(1, 0.5));
    expect(() => projectOntoDualCone(gram, Float64Array.of(1, 0), 0)).toThrow(
      new RangeError('upGrad: the projection needs more than 0 steps; raise regularization'),
    );
  });
});

describe('upGrad', () => {
  test.each(golden.cases)("equals TorchJD's weights to 1e-13, with a regularization of 1e-7 to 1e-10: $name", (one) => {
    expect(golden.regularizations).toEqual([1e-4, 1e-7]);
    expect(relativeDifference(upGrad(one.gram), one.upGrad[0])).toBeLessThan(1e-13);
    expect(relativeDifference(upGrad(one.gram, 1e-7), one.upGrad[1])).toBeLessThan(1e-10);
  });

  it('has no negative dot product with a gradient, up to the regularization and 1e-13 of the terms', () => {
    for (const gradients of manyGradients()) {
      const n = gradients.length;
      const gram = gramOf(gradients);
      for (const regularization of [1e-4, 1e-10]) {
        const weights = upGrad(gram, regularization);
        for (const [i, { product, size }] of products(gram, weights).entries()) {
          const allowed = regularization * weights[i] * traceOf(gram, n) + 1e-13 * size;
          expect(product).toBeGreaterThanOrEqual(-allowed);
          expect(weights[i]).toBeGreaterThanOrEqual((1 - 1e-15) / n);
        }
      }
    }
  });

  it('where no gradients conflict, and for gradients of zero, every weight is 1 / n', () => {
    const gradients = randomGradients(8, 5, randomStream(1, 'test/upGrad/accord')).map((g) => g.map(Math.abs));
    expect([...upGrad(gramOf(gradients))]).toEqual(new Array(8).fill(1 / 8));
    expect([...upGrad(new Float64Array(9))]).toEqual(new Array(3).fill(1 / 3));
  });

  it('is bitwise identical when all gradients are 2^-20 as long', () => {
    for (const gradients of manyGradients()) {
      const shorter = gradients.map((g) => g.map((x) => x * 2 ** -20));
      expect(upGrad(gramOf(shorter))).toEqual(upGrad(gramOf(gradients)));
    }
  });

  it('does not depend on the numbering of the tasks, to 1e-11', () => {
    const numbering = [3, 0, 4, 1, 2];
    for (let seed = 0; seed < 20; seed++) {
      const gradients = randomGradients(5, 3, randomStream(seed, 'test/upGrad/numbering'));
      const weights = upGrad(gramOf(picked(gradients, numbering)));
      expect(relativeDifference(weights, picked(upGrad(gramOf(gradients)), numbering))).toBeLessThan(1e-11);
    }
  });

  it('rejects a regularization that is lost in rounding when gradients are linearly dependent', () => {
    const gram = gramOf(randomGradients(7, 2, randomStream(6, 'test/upGrad/plane')));
    expect(upGrad(gram, 1e-12).every(Number.isFinite)).toBe(true);
    // Rounding left this pivot above zero; without regularization it is zero.
    expect(() => upGrad(gram, 1e-18)).toThrow(
      new RangeError(
        'upGrad: gram must be positive semidefinite, got pivot 1.3877787807814457e-17 for task 5; pass dot products of the gradients or raise regularization',
      ),
    );
  });

  it('rejects a matrix that is not positive semidefinite, and a regularization of zero', () => {
    const impossible = [1, -0.9, -0.9, -0.9, 1, -0.9, -0.9, -0.9, 1];
    expect(() => upGrad(impossible)).toThrow(
      new RangeError(
        'upGrad: gram must be positive semidefinite, got pivot -5.050415121302757 for task 0; pass dot products of the gradients or raise regularization',
      ),
    );
    expect(() => upGrad([1], 0)).toThrow(
      new RangeError('upGrad: regularization must be above 0 and finite, got 0; 1e-4 is usual'),
    );
  });
});
