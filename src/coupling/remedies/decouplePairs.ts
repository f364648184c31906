/** Pairs of samples whose influence on each other `decoupleAdvantages` takes away, and a control for them. */
import { type RandomStream, shuffle } from '../../random.ts';

/**
 * Which pairs of different samples are selected:
 * - `all`: every pair;
 * - `other-state`: of different states;
 * - `opposite`: advantages of opposite signs and a positive inner product of the gradients;
 * - `opposite-words`: equal action words in different states, with advantages of opposite signs;
 * - `labelled`: one action is labelled good and the other bad, in different states;
 * - `same-label`: both actions are labelled good or both bad, in different states. A control for `labelled`;
 * - `permuted`: every pair, of a matrix from `permuteCosines`. A control for `all`.
 */
export type PairKind = 'all' | 'other-state' | 'opposite' | 'opposite-words' | 'labelled' | 'same-label' | 'permuted';

/** n samples; equal numbers stand for equal states and for equal words. */
export interface PairFeatures {
  readonly state: ArrayLike<number>;
  readonly words: ArrayLike<number>;
  /** Label of the action taken: 1 good, 0 bad, -1 none. */
  readonly label: ArrayLike<number>;
  readonly advantage: ArrayLike<number>;
}

/** u8[n, n], symmetric: 1 for the selected pairs; null for all pairs. */
export function selectPairs(kind: PairKind, features: PairFeatures, gram: Float64Array): Uint8Array | null {
  if (kind === 'all' || kind === 'permuted') return null;
  const { state, words, label, advantage } = features;
  const n = advantage.length;
  const isSelected = (i: number, j: number): boolean => {
    if (kind === 'opposite') return advantage[i] * advantage[j] < 0 && gram[i * n + j] > 0;
    if (state[i] === state[j]) return false;
    if (kind === 'other-state') return true;
    if (kind === 'opposite-words') return words[i] === words[j] && advantage[i] * advantage[j] < 0;
    return label[i] >= 0 && label[j] >= 0 && (label[i] !== label[j]) === (kind === 'labelled');
  };
  const pairs = new Uint8Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (!isSelected(i, j)) continue;
      pairs[i * n + j] = 1;
      pairs[j * n + i] = 1;
    }
  }
  return pairs;
}

/**
 * Exchanges the samples of a Gram matrix f64[n, n] at random, except for their norms: the cosine of samples i and j
 * becomes that of p_i and p_j. The diagonal and the set of the cosines stay, and the assignment of cosines to samples
 * is random. The result is positive semidefinite, as the matrix is.
 */
export function permuteCosines(gram: Float64Array, n: number, random: RandomStream): Float64Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  shuffle(random, order);
  const norms = Float64Array.from({ length: n }, (_, i) => Math.sqrt(gram[i * n + i]));
  const permuted = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const p = order[i];
    for (let j = 0; j < i; j++) {
      const q = order[j];
      const length = norms[p] * norms[q];
      const cosine = length > 0 ? gram[p * n + q] / length : 0;
      permuted[i * n + j] = cosine * norms[i] * norms[j];
      permuted[j * n + i] = permuted[i * n + j];
    }
    permuted[i * n + i] = gram[i * n + i];
  }
  return permuted;
}
