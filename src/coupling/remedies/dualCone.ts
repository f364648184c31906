/**
 * Projection onto the dual cone of gradients g_1 ... g_n, the vectors d with <g_i, d> >= 0 for all i, in weights of the
 * gradients: the projection of sum_i u_i g_i is sum_i v_i g_i with v = argmin v^T G v subject to v >= u, G their Gram
 * matrix (Quinton and Rey, "Jacobian descent for multi-objective optimization", 2024, arXiv 2406.16232, proposition 1).
 *
 * The quadratic programme is solved by an active-set method after Lawson and Hanson ("Solving least squares problems",
 * 1974, chapter 23), written for a Gram matrix: tasks above their bound are free and solve (G v)_i = 0 exactly, the
 * others stay at u_i. Which task is freed or bound next depends only on the numbers, and ties go to the lowest index,
 * so the result is bitwise identical in all runtimes.
 */

const EPSILON = 1 / 2 ** 52;

/**
 * Rows `from` and later of the Cholesky factor of gram[tasks, tasks]; earlier rows are kept. O(rows * k^2) for k tasks.
 */
function factorize(gram: Float64Array, n: number, tasks: readonly number[], from: number, factor: Float64Array): void {
  for (let r = from; r < tasks.length; r++) {
    for (let c = 0; c <= r; c++) {
      let rest = gram[tasks[r] * n + tasks[c]];
      for (let k = 0; k < c; k++) rest -= factor[r * n + k] * factor[c * n + k];
      if (c < r) {
        factor[r * n + c] = rest / factor[c * n + c];
        continue;
      }
      if (!(rest > n * EPSILON * gram[tasks[r] * n + tasks[r]])) {
        throw new RangeError(
          `upGrad: gram must be positive semidefinite, got pivot ${rest} for task ${tasks[r]}; pass dot products of the gradients or raise regularization`,
        );
      }
      factor[r * n + r] = Math.sqrt(rest);
    }
  }
}

/**
 * The weights of the free tasks at which (G v)_i = 0 for each free task i while all other tasks stay at their bound.
 */
function solveFree(
  gram: Float64Array,
  n: number,
  bounds: Float64Array,
  free: readonly number[],
  isFree: Uint8Array,
  factor: Float64Array,
): Float64Array {
  const solution = new Float64Array(free.length);
  for (let r = 0; r < free.length; r++) {
    let rest = 0;
    for (let j = 0; j < n; j++) if (isFree[j] === 0) rest -= gram[free[r] * n + j] * bounds[j];
    for (let k = 0; k < r; k++) rest -= factor[r * n + k] * solution[k];
    solution[r] = rest / factor[r * n + r];
  }
  for (let r = free.length - 1; r >= 0; r--) {
    let rest = solution[r];
    for (let k = r + 1; k < free.length; k++) rest -= factor[k * n + r] * solution[k];
    solution[r] = rest / factor[r * n + r];
  }
  return solution;
}

/** The task with the most negative (G v)_i among the tasks that are not skipped; -1 if none is negative. */
function mostOpposed(gram: Float64Array, n: number, v: Float64Array, skipped: (task: number) => boolean): number {
  let most = -1;
  let least = 0;
  for (let i = 0; i < n; i++) {
    if (skipped(i)) continue;
    let product = 0;
    for (let j = 0; j < n; j++) product += gram[i * n + j] * v[j];
    if (product < least) {
      most = i;
      least = product;
    }
  }
  return most;
}

/**
 * argmin v^T G v subject to v >= bounds.
 *
 * @param gram f64[n, n], positive definite
 * @param bounds f64[n]
 * @param maxSteps largest number of times that a task is freed; about n is usual
 * @throws RangeError if gram is not positive definite or the method needs more steps
 */
export function projectOntoDualCone(
  gram: Float64Array,
  bounds: Float64Array,
  maxSteps = 10 * bounds.length + 10,
): Float64Array {
  const n = bounds.length;
  const v = Float64Array.from(bounds);
  const isFree = new Uint8Array(n);
  const barred = new Uint8Array(n);
  const factor = new Float64Array(n * n);
  let free: number[] = [];
  for (let step = 0; ; step++) {
    const task = mostOpposed(gram, n, v, (i) => isFree[i] === 1 || barred[i] === 1);
    if (task < 0) return v;
    if (step === maxSteps) {
      throw new RangeError(`upGrad: the projection needs more than ${maxSteps} steps; raise regularization`);
    }
    free.push(task);
    isFree[task] = 1;
    factorize(gram, n, free, free.length - 1, factor);
    let solution = solveFree(gram, n, bounds, free, isFree, factor);
    if (!(solution[free.length - 1] > bounds[task])) {
      // The product is negative by rounding only. Without this, the task would be bound and freed again without end.
      free.pop();
      isFree[task] = 0;
      barred[task] = 1;
      continue;
    }
    for (;;) {
      // Fraction of the step to the solution at which a task reaches its bound; 2 for a task that does not reach it.
      const shares = free.map((i, r) => (solution[r] < bounds[i] ? (v[i] - bounds[i]) / (v[i] - solution[r]) : 2));
      const share = Math.min(...shares);
      if (share > 1) break;
      for (let r = 0; r < free.length; r++) {
        const i = free[r];
        v[i] = shares[r] === share ? bounds[i] : Math.max(bounds[i], v[i] + share * (solution[r] - v[i]));
        isFree[i] = shares[r] === share ? 0 : 1;
      }
      free = free.filter((i) => isFree[i] === 1);
      factorize(gram, n, free, shares.indexOf(share), factor);
      solution = solveFree(gram, n, bounds, free, isFree, factor);
    }
    for (let r = 0; r < free.length; r++) v[free[r]] = solution[r];
    barred.fill(0);
  }
}
