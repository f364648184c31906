import { expect, test } from 'vitest';
import { permuteCosines, selectPairs } from '../../../src/coupling/remedies/decouplePairs.ts';
import { randomStream } from '../../../src/random.ts';
import { smallestAndLargestEigenvalue } from '../../reference/eigenvalues.ts';
import { gramOf, manyGradients, randomGradients } from './gradients.ts';

// Five samples: 0 and 1 in one state; 0, 2 and 4 with one action; 3 and 4 in states of their own.
const features = {
  state: [7, 7, 3, 4, 5],
  words: [1, 2, 1, 2, 1],
  label: [1, 0, 0, 1, -1],
  advantage: [1, -1, -2, 0.5, -1],
};
const gram = new Float64Array(25).fill(1);
for (const [i, j] of [
  [0, 2],
  [3, 4],
]) {
  gram[i * 5 + j] = -1;
  gram[j * 5 + i] = -1;
}

/** The selected pairs [larger, smaller]; throws unless the mask is symmetric with an empty diagonal. */
function pairsOf(mask: Uint8Array): string {
  const found: string[] = [];
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j <= i; j++) {
      if (mask[i * 5 + j] !== mask[j * 5 + i] || (i === j && mask[i * 5 + j])) throw new Error(`[${i}, ${j}]`);
      if (mask[i * 5 + j]) found.push(`${j}${i}`);
    }
  }
  return found.sort().join(' ');
}

test.each([
  // All but 01, which share a state.
  ['other-state', '02 03 04 12 13 14 23 24 34'],
  // Signs + - - + -; 02 and 34 have negative products.
  ['opposite', '01 04 13 23'],
  // 02, 04 and 24 have one action and 13 the other; 24 has advantages of one sign.
  ['opposite-words', '02 04 13'],
  // Labels good, bad, bad, good, none; 01 share a state.
  ['labelled', '02 13 23'],
  ['same-label', '03 12'],
] as const)('%s selects exactly the pairs %s', (kind, pairs) => {
  expect(pairsOf(selectPairs(kind, features, gram) as Uint8Array)).toBe(pairs);
});

test('all and permuted select every pair, which is stated by null', () => {
  expect(selectPairs('all', features, gram)).toBeNull();
  expect(selectPairs('permuted', features, gram)).toBeNull();
});

test('an advantage of 0 and a product of 0 select nothing', () => {
  const nothing = { ...features, advantage: [1, 0, 0, 0, 0] };
  expect(pairsOf(selectPairs('opposite', nothing, gram) as Uint8Array)).toBe('');
  expect(pairsOf(selectPairs('opposite', features, new Float64Array(25)) as Uint8Array)).toBe('');
});

/** The cosines beside the diagonal, sorted. */
function cosines(matrix: Float64Array, n: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const length = Math.sqrt(matrix[i * n + i] * matrix[j * n + j]);
      if (i !== j) found.push(length > 0 ? matrix[i * n + j] / length : 0);
    }
  }
  return found.sort((a, b) => a - b);
}

test('permuted cosines: the diagonal stays, the cosines are the same set to 1e-12, and their places differ', () => {
  for (let n = 3; n < 12; n++) {
    const matrix = gramOf(randomGradients(n, 6, randomStream(n, 'test/permute')));
    const permuted = permuteCosines(matrix, n, randomStream(n, 'test/permute/order'));
    for (let i = 0; i < n; i++) expect(permuted[i * n + i]).toBe(matrix[i * n + i]);
    const [before, after] = [cosines(matrix, n), cosines(permuted, n)];
    for (const [k, cosine] of before.entries()) expect(Math.abs(after[k] - cosine)).toBeLessThan(1e-12);
    expect(permuted).not.toEqual(matrix);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(permuted[i * n + j]).toBe(permuted[j * n + i]);
  }
});

test('permuted equal norms: the elements beside the diagonal are the same set', () => {
  const matrix = Float64Array.of(4, 1, 2, 1, 4, -1, 2, -1, 4);
  const permuted = permuteCosines(matrix, 3, randomStream(2, 'test/permute/equal'));
  expect([...permuted].sort()).toEqual([...matrix].sort());
});

test('permuted cosines of a Gram matrix are positive semidefinite, to 1e-12 of the largest eigenvalue', () => {
  for (const gradients of manyGradients()) {
    const n = gradients.length;
    const permuted = permuteCosines(gramOf(gradients), n, randomStream(n, 'test/permute/definite'));
    const { smallest, largest } = smallestAndLargestEigenvalue(permuted, n);
    expect(smallest).toBeGreaterThan(-1e-12 * largest - 1e-300);
  }
});
