// Losses of the policy head. State n has the candidate actions offsets[n] .. offsets[n + 1]. logP holds their
// log-probabilities, -Infinity for a masked action. Sums for the run record are added to f64 slots.
import { at, getF, getI, setF } from './memory';
import { exp1, exp4, log1 } from './math';
import { load4, store4 } from './simd';
import { entropyFour, entropyTerms, possible } from './statesInStep';

// @ts-ignore: decorator
@inline
function addTo(stats: usize, slot: i32, x: f64): void {
  const p = stats + ((<usize>slot) << 3);
  store<f64>(p, load<f64>(p) + x);
}

/** The probability of a log-probability; exactly 0 for a masked action. */
// @ts-ignore: decorator
@inline
export function probability(logP: f32): f32 {
  return logP == -Infinity ? 0 : exp1(logP);
}

/**
 * Sets the gradients of one state to zero, except that the first element holds the entropy. `offsets` is the address of
 * the offset of the state.
 */
// @ts-ignore: decorator
@inline
function putEntropy(offsets: usize, d: usize, entropy: f32): void {
  const from = getI(offsets, 0);
  const to = getI(offsets, 1);
  for (let r = from; r < to; r += 4) store4(at(d, r), f32x4.splat(0), to - r);
  if (to > from) setF(d, from, entropy);
}

/** Stores the entropy of every state in the buffer that later holds its gradient. */
function putEntropies(states: i32, offsets: usize, logP: usize, d: usize): void {
  let n = 0;
  if (ASC_SHRINK_LEVEL == 0) {
    for (; n + 4 <= states; n += 4) {
      const entropies = entropyFour(at(offsets, n), logP);
      putEntropy(at(offsets, n), d, f32x4.extract_lane(entropies, 0));
      putEntropy(at(offsets, n + 1), d, f32x4.extract_lane(entropies, 1));
      putEntropy(at(offsets, n + 2), d, f32x4.extract_lane(entropies, 2));
      putEntropy(at(offsets, n + 3), d, f32x4.extract_lane(entropies, 3));
    }
  }
  for (; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let entropy: f32 = 0;
    // Add lane by lane in the order of actions, so that the sum does not depend on the alignment of the first action of
    // the state.
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      const terms = entropyTerms(at(logP, r), left);
      entropy -= f32x4.extract_lane(terms, 0);
      if (left > 1) entropy -= f32x4.extract_lane(terms, 1);
      if (left > 2) entropy -= f32x4.extract_lane(terms, 2);
      if (left > 3) entropy -= f32x4.extract_lane(terms, 3);
    }
    putEntropy(at(offsets, n), d, entropy);
  }
}

/**
 * Clipped surrogate with KL and entropy (GRPO, Shao et al., arXiv 2402.03300; the two clip bounds of DAPO, arXiv
 * 2503.14476):
 *   weight_n * ( -min(ratio A, clip(ratio, 1 - epsLow, 1 + epsHigh) A) + beta (e^d - d - 1) - entropyCoef H )
 *   with d = refLogP - logP
 * Overwrites dLogits with the gradient with respect to the scaled logits. ref is 0 if there is no reference policy.
 * State n has the samples sampleOffsets[n] .. sampleOffsets[n + 1] (one sample, n, if sampleOffsets is 0); taken,
 * oldLogP, ref, advantages and weights are indexed by sample. stats += [surrogate, KL to the reference, entropy, (ratio
 * - 1) - log ratio, clipped], each times weight; stats[5] += |gradient coefficient|.
 */
export function policyLoss(
  states: i32,
  offsets: usize,
  logP: usize,
  taken: usize,
  oldLogP: usize,
  ref: usize,
  advantages: usize,
  weights: usize,
  epsLow: f32,
  epsHigh: f32,
  beta: f32,
  entropyCoef: f32,
  dLogits: usize,
  stats: usize,
  sampleOffsets: usize,
): void {
  putEntropies(states, offsets, logP, dLogits);
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    const entropy: f32 = to > from ? getF(dLogits, from) : 0;
    if (to > from) setF(dLogits, from, 0);
    let slopes: f32 = 0;
    let total: f32 = 0;
    const last = sampleOffsets ? getI(sampleOffsets, n + 1) : n + 1;
    for (let m = sampleOffsets ? getI(sampleOffsets, n) : n; m < last; m++) {
      const chosen = from + getI(taken, m);
      const weight = getF(weights, m);
      const advantage = getF(advantages, m);
      const lp = getF(logP, chosen);
      const logRatio = lp - getF(oldLogP, m);
      const ratio = exp1(logRatio);
      const plain = ratio * advantage;
      const clipped = min(max(ratio, 1 - epsLow), 1 + epsHigh) * advantage;
      let slope: f32 = plain <= clipped ? -plain : 0;
      let kl: f32 = 0;
      if (ref) {
        const d = getF(ref, m) - lp;
        const e = exp1(d);
        kl = e - d - 1;
        slope += beta * (1 - e);
      }
      setF(dLogits, chosen, getF(dLogits, chosen) + weight * slope);
      slopes += weight * slope;
      total += weight;
      addTo(stats, 0, <f64>weight * <f64>-min(plain, clipped));
      addTo(stats, 1, <f64>weight * <f64>kl);
      addTo(stats, 2, <f64>weight * <f64>entropy);
      addTo(stats, 3, <f64>weight * <f64>(ratio - 1 - logRatio));
      if (plain > clipped) addTo(stats, 4, <f64>weight);
      addTo(stats, 5, <f64>abs(weight * slope));
    }
    const bonus = f32x4.splat(total * entropyCoef);
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      const l = load4(at(logP, r), left);
      const can = possible(l);
      const p = v128.and(exp4(l), can);
      const d = f32x4.sub(load4(at(dLogits, r), left), f32x4.mul(p, f32x4.splat(slopes)));
      const more = f32x4.mul(f32x4.mul(bonus, p), f32x4.add(l, f32x4.splat(entropy)));
      store4(at(dLogits, r), f32x4.add(d, v128.and(more, can)), left);
    }
  }
}

/**
 * Behaviour cloning with a set of actions: -coef log(total probability of the actions labelled 1). weights[n] must be 0
 * for a state without such an action. dLogits += the gradient; stats[0] += the loss without coef times weight.
 */
export function cloningLoss(
  states: i32,
  offsets: usize,
  logP: usize,
  labels: usize,
  weights: usize,
  coef: f32,
  dLogits: usize,
  stats: usize,
): void {
  for (let n = 0; n < states; n++) {
    const weight = getF(weights, n);
    if (weight == 0) continue;
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let top: f32 = -Infinity;
    for (let r = from; r < to; r++) if (load<i8>(labels + <usize>r) == 1) top = max(top, getF(logP, r));
    let sum: f32 = 0;
    for (let r = from; r < to; r++) if (load<i8>(labels + <usize>r) == 1) sum += probability(getF(logP, r) - top);
    const logGood = top + log1(sum);
    const scale = coef * weight;
    for (let r = from; r < to; r++) {
      const l = getF(logP, r);
      let d = probability(l);
      if (load<i8>(labels + <usize>r) == 1) d -= probability(l - logGood);
      setF(dLogits, r, getF(dLogits, r) + scale * d);
    }
    addTo(stats, 0, <f64>weight * <f64>-logGood);
  }
}

/** dLogits of log pi(taken | state): onehot(taken) - pi. This is the starting gradient of per-sample gradients. */
export function logProbGradient(states: i32, offsets: usize, logP: usize, taken: usize, dLogits: usize): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const chosen = from + getI(taken, n);
    for (let r = from; r < getI(offsets, n + 1); r++)
      setF(dLogits, r, (r == chosen ? <f32>1 : <f32>0) - probability(getF(logP, r)));
  }
}
