/**
 * Running moments by which rewards and observations are normalised. They are updated once per iteration, from its whole
 * rollout, with sums in the order of its states: the number of threads does not change a bit.
 */

import type { Config } from '../config/config.ts';
import { termsOf } from '../config/method.ts';
import { normalizeBy } from '../engine/policy/observations.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { EnvironmentSpec } from '../env/environment.ts';
import type { Rollout } from '../rollout/rollout.ts';

/** Added to variances before the square root, as in Gymnasium. */
const VARIANCE_FLOOR = 1e-8;

/** By column: number of values, their mean, and the sum of their squared distances from it. */
interface Moments {
  count: number;
  /** f64[columns] each. */
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

/** What a run normalises; null where its config does not ask for it. */
export interface Normalizers {
  readonly returns: Moments | null;
  readonly observations: Moments | null;
}

function createMoments(columns: number): Moments {
  return { count: 0, mean: new Float64Array(columns), squares: new Float64Array(columns) };
}

export function createNormalizers(config: Config, spec: EnvironmentSpec): Normalizers {
  const { method, normalizeRewards, normalizeObservations } = config;
  return {
    returns: normalizeRewards && termsOf(method).includes('ppo') ? createMoments(1) : null,
    observations: normalizeObservations && spec.form === 'vector' ? createMoments(spec.vectorWidth) : null,
  };
}

/**
 * Adds `rows` rows of values: their own moments in two passes, joined with the earlier ones (Chan, Golub and LeVeque,
 * 1983, "Algorithms for computing the sample variance", equation 2.1).
 *
 * @param values f[rows, columns]
 */
function addRows(moments: Moments, values: Float32Array | Float64Array, rows: number): void {
  const { count, mean, squares } = moments;
  const columns = mean.length;
  const total = count + rows;
  for (let c = 0; c < columns; c++) {
    let sum = 0;
    for (let i = c; i < rows * columns; i += columns) sum += values[i];
    const own = sum / rows;
    let ownSquares = 0;
    for (let i = c; i < rows * columns; i += columns) ownSquares += (values[i] - own) * (values[i] - own);
    const shift = own - mean[c];
    mean[c] += (shift * rows) / total;
    squares[c] += ownSquares + (shift * shift * count * rows) / total;
  }
  moments.count = total;
}

/** sqrt(variance + 1e-8) of a column; 1 where all of its values are equal. */
function deviation({ count, squares }: Moments, column: number): number {
  return squares[column] > 0 ? Math.sqrt(squares[column] / count + VARIANCE_FLOOR) : 1;
}

/**
 * The rewards of a rollout divided by the running standard deviation of the discounted return G_t = r_t + discount *
 * G_(t - 1), to which those of the rollout are added first. The reward itself is not shifted.
 *
 * @returns f64[states]
 */
export function scaledRewards(moments: Moments, rollout: Rollout, discount: number): Float64Array {
  const { states } = rollout.states;
  const returns = new Float64Array(states);
  const sofar = new Float64Array(rollout.games.length);
  for (let s = 0; s < states; s++) {
    const e = rollout.episode[s];
    returns[s] = sofar[e] = rollout.reward[s] + discount * sofar[e];
  }
  addRows(moments, returns, states);
  const divisor = deviation(moments, 0);
  return Float64Array.from({ length: states }, (_, s) => rollout.reward[s] / divisor);
}

/** Adds the observations of a rollout, and writes the new mean and scale to the buffers of the policy. */
export function observe(moments: Moments, { states }: Rollout, policy: Policy): void {
  addRows(moments, states.vectors, states.states);
  const scale = moments.mean.map((_, c) => 1 / deviation(moments, c));
  normalizeBy(policy, moments.mean, scale);
}

/** Tensors of a checkpoint, by name: f64[1 + 2 * columns] each, count, means and sums of squares. */
export function saveNormalizers(normalizers: Normalizers): Record<string, Float64Array> {
  const saved: Record<string, Float64Array> = {};
  for (const [name, moments] of Object.entries(normalizers) as [keyof Normalizers, Moments | null][]) {
    if (moments) saved[name] = Float64Array.of(moments.count, ...moments.mean, ...moments.squares);
  }
  return saved;
}

/** @throws if a tensor is missing, has another length, or holds a number that no run can have saved */
export function restoreNormalizers(normalizers: Normalizers, saved: Record<string, ArrayLike<number>>): void {
  for (const [name, moments] of Object.entries(normalizers) as [keyof Normalizers, Moments | null][]) {
    if (!moments) continue;
    const values = Array.from(saved[name] ?? []);
    const columns = moments.mean.length;
    const good = values.every((x, i) => Number.isFinite(x) && (i >= 1 && i <= columns ? true : x >= 0));
    if (values.length !== 1 + 2 * columns || !good) {
      throw new Error(
        `restoreLearner: normalizers/${name} must be ${1 + 2 * columns} finite numbers, counts and squares >= 0, got ${values.length === 0 ? 'none' : 'others'}; use an earlier checkpoint`,
      );
    }
    moments.count = values[0];
    moments.mean.set(values.slice(1, 1 + columns));
    moments.squares.set(values.slice(1 + columns));
  }
}
