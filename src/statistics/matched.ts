/**
 * Compares two methods at equal success: tests whether a second variable y (coupling) differs at equal x (success).
 * Points of one run are dependent; runs with different seeds are independent.
 */
import { type Resampling, stratifiedBootstrap } from './bootstrap.ts';
import { swapPValue } from './permutation.ts';

/** Points [x, y] of a run, any number of them. */
type Points = readonly (readonly [number, number])[];

/** Two runs with the same seed: one of the method, one of the baseline. */
export interface RunPair {
  readonly treated: Points;
  readonly baseline: Points;
}

export interface MatchedDifference {
  /**
   * y of the method minus y of the baseline at equal x. `low` and `high` are the ends of its 95% interval, from
   * resampled seeds.
   */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /**
   * Two-sided p value of a permutation test that swaps the two runs within seeds: all swaps for up to 12 seeds (4096),
   * otherwise 10,000 sampled ones.
   */
  readonly pValue: number;
  /** Range of x that both methods reached. Points outside are excluded. */
  readonly range: readonly [number, number];
  /** Number of points within the range. */
  readonly points: number;
  /** Number of seeds with points of both runs in the range. */
  readonly seeds: number;
}

const within = (points: Points, [low, high]: readonly [number, number]): Points =>
  points.filter(([x]) => x >= low && x <= high);

function commonRange(pairs: readonly RunPair[]): [number, number] {
  const xs = (side: keyof RunPair): number[] => pairs.flatMap((pair) => pair[side].map(([x]) => x));
  const [treated, baseline] = [xs('treated'), xs('baseline')];
  return [Math.max(Math.min(...treated), Math.min(...baseline)), Math.min(Math.max(...treated), Math.max(...baseline))];
}

/** Solves a symmetric system by Gaussian elimination with pivoting; null where it is singular. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  const scale = Math.max(...matrix.flat().map(Math.abs));
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    if (Math.abs(rows[pivot][k]) <= 1e-12 * scale) return null;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n];
    for (let j = i + 1; j < n; j++) sum -= rows[i][j] * x[j];
    x[i] = sum / rows[i][i];
  }
  return x;
}

/**
 * d of the least-squares fit y = a + b x + c x^2 + d [method]. All runs have equal weight, for any number of points.
 * Null where the fit cannot separate the effect of x from that of the method.
 */
function fittedDifference(pairs: readonly RunPair[], swapped: (pair: number) => boolean): number | null {
  const normal = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
  const right = new Array<number>(4).fill(0);
  const add = (points: Points, method: number): void => {
    for (const [x, y] of points) {
      const row = [1, x, x * x, method];
      for (let i = 0; i < 4; i++) {
        right[i] += (row[i] * y) / points.length;
        for (let j = 0; j < 4; j++) normal[i][j] += (row[i] * row[j]) / points.length;
      }
    }
  };
  for (const [i, { treated, baseline }] of pairs.entries()) {
    add(treated, swapped(i) ? 0 : 1);
    add(baseline, swapped(i) ? 1 : 0);
  }
  return solve(normal, right)?.[3] ?? null;
}

/**
 * The difference in y at equal x between two methods, from runs paired by seed. The method is an analysis of covariance
 * with a common curve of degree two, over the range of x that both methods reach.
 *
 * @returns null where fewer than three seeds have points of both runs in that range, or where the fit has no unique
 * solution
 */
export function matchedDifference(pairs: readonly RunPair[], resampling: Resampling): MatchedDifference | null {
  const range = commonRange(pairs);
  const kept = pairs
    .map(({ treated, baseline }) => ({ treated: within(treated, range), baseline: within(baseline, range) }))
    .filter(({ treated, baseline }) => treated.length > 0 && baseline.length > 0);
  if (kept.length < 3) return null;
  const value = fittedDifference(kept, () => false);
  if (value === null) return null;
  const indices = kept.map((_, i) => i);
  const { low, high } = stratifiedBootstrap(
    [indices],
    // A resample whose fit has no unique solution counts as the estimate itself.
    (sampled) =>
      fittedDifference(
        sampled.map((i) => kept[i]),
        () => false,
      ) ?? value,
    resampling,
  );
  return {
    ...{ value, low, high, range },
    pValue: swapPValue(kept.length, value, (swapped) => fittedDifference(kept, swapped), resampling.seed),
    points: kept.reduce((sum, { treated, baseline }) => sum + treated.length + baseline.length, 0),
    seeds: kept.length,
  };
}
