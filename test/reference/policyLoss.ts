/**
 * Losses of the policy head in double precision; state n has the candidate actions offsets[n] to offsets[n + 1] - 1.
 */

/** log softmax(logits * temperatureInverse) over each state's actions with mask 1; -Infinity for the others. */
export function logSoftmax(
  offsets: ArrayLike<number>,
  logits: ArrayLike<number>,
  mask: ArrayLike<number> | undefined,
  temperatureInverse = 1,
): Float64Array {
  const out = new Float64Array(logits.length).fill(Number.NEGATIVE_INFINITY);
  for (let n = 0; n + 1 < offsets.length; n++) {
    const open: number[] = [];
    for (let r = offsets[n]; r < offsets[n + 1]; r++) if (!mask || mask[r] === 1) open.push(r);
    const top = Math.max(...open.map((r) => logits[r] * temperatureInverse));
    const sum = open.reduce((total, r) => total + Math.exp(logits[r] * temperatureInverse - top), 0);
    for (const r of open) out[r] = logits[r] * temperatureInverse - top - Math.log(sum);
  }
  return out;
}

export interface PolicyBatch {
  readonly offsets: readonly number[];
  readonly taken: readonly number[];
  readonly oldLogP: ArrayLike<number>;
  readonly refLogP: ArrayLike<number> | undefined;
  readonly advantages: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  readonly epsLow: number;
  readonly epsHigh: number;
  readonly beta: number;
  readonly entropyCoef: number;
}

export interface PolicyTerms {
  surrogate: number;
  kl: number;
  entropy: number;
  approxKl: number;
  clipped: number;
}

/** Weighted sums of the terms of the clipped surrogate loss, given log-probabilities. */
export function policyTerms(batch: PolicyBatch, logP: ArrayLike<number>): PolicyTerms {
  const sums = { surrogate: 0, kl: 0, entropy: 0, approxKl: 0, clipped: 0 };
  for (let n = 0; n < batch.taken.length; n++) {
    const weight = batch.weights[n];
    const advantage = batch.advantages[n];
    const lp = logP[batch.offsets[n] + batch.taken[n]];
    const logRatio = lp - batch.oldLogP[n];
    const ratio = Math.exp(logRatio);
    const bounded = Math.min(Math.max(ratio, 1 - batch.epsLow), 1 + batch.epsHigh);
    sums.surrogate -= weight * Math.min(ratio * advantage, bounded * advantage);
    if (ratio * advantage > bounded * advantage) sums.clipped += weight;
    sums.approxKl += weight * (ratio - 1 - logRatio);
    if (batch.refLogP) {
      const d = batch.refLogP[n] - lp;
      sums.kl += weight * (Math.exp(d) - d - 1);
    }
    for (let r = batch.offsets[n]; r < batch.offsets[n + 1]; r++) {
      if (logP[r] !== Number.NEGATIVE_INFINITY) sums.entropy -= weight * Math.exp(logP[r]) * logP[r];
    }
  }
  return sums;
}

/** The loss whose gradient the kernel writes. */
export function policyLoss(batch: PolicyBatch, logP: ArrayLike<number>): number {
  const { surrogate, kl, entropy } = policyTerms(batch, logP);
  return surrogate + batch.beta * kl - batch.entropyCoef * entropy;
}

/** Sum over states of -weight log(total probability of the actions labelled 1); states of weight 0 are skipped. */
export function cloningLoss(
  offsets: readonly number[],
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  logP: ArrayLike<number>,
): number {
  let loss = 0;
  for (let n = 0; n + 1 < offsets.length; n++) {
    if (weights[n] === 0) continue;
    const good: number[] = [];
    for (let r = offsets[n]; r < offsets[n + 1]; r++) if (labels[r] === 1) good.push(logP[r]);
    const top = Math.max(...good);
    loss -= weights[n] * (top + Math.log(good.reduce((total, l) => total + Math.exp(l - top), 0)));
  }
  return loss;
}

/** Sum over states of weight KL(old || policy), over all actions that the old policy can take. */
export function policyKl(
  offsets: readonly number[],
  logP: ArrayLike<number>,
  oldLogP: ArrayLike<number>,
  weights: ArrayLike<number>,
): number {
  let sum = 0;
  for (let n = 0; n + 1 < offsets.length; n++) {
    for (let r = offsets[n]; r < offsets[n + 1]; r++) {
      if (oldLogP[r] === Number.NEGATIVE_INFINITY) continue;
      sum += weights[n] * Math.exp(oldLogP[r]) * (oldLogP[r] - logP[r]);
    }
  }
  return sum;
}
