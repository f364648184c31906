// Losses of the policy head. State n has candidate actions offsets[n] .. offsets[n + 1]; logP holds their log-probabilities, -Infinity
// where an action is masked. Sums for the record go to f64 slots.
import { at, getF, getI, setF } from './memory';
import { exp1, exp4, log1 } from './math';
import { loadTail, maxLanes, storeTail } from './simd';

// @ts-ignore: decorator
@inline
function addTo(stats: usize, slot: i32, x: f64): void {
  const p = stats + ((<usize>slot) << 3);
  store<f64>(p, load<f64>(p) + x);
}

/** Four floats at p, of which `left` belong to the state. */
// @ts-ignore: decorator
@inline
function load4(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadTail(p, left);
}

// @ts-ignore: decorator
@inline
function store4(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeTail(p, v, left);
}

/** All bits of a lane set where the log-probability is not that of a masked action. */
// @ts-ignore: decorator
@inline
function possible(logP: v128): v128 {
  return f32x4.ne(logP, f32x4.splat(-Infinity));
}

/** Probability of a log-probability; exactly 0 for a masked action. */
// @ts-ignore: decorator
@inline
function probability(logP: f32): f32 {
  return logP == -Infinity ? 0 : exp1(logP);
}

/** logP = log softmax(temperatureInverse * logits) over each state's actions with mask byte 1 (mask 0: all). logP may be logits. */
export function logSoftmax(states: i32, offsets: usize, logits: usize, mask: usize, temperatureInverse: f32, logP: usize): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let top: f32 = -Infinity;
    if (mask) {
      for (let r = from; r < to; r++) {
        const x: f32 = load<u8>(mask + <usize>r) ? getF(logits, r) * temperatureInverse : -Infinity;
        setF(logP, r, x);
        top = max(top, x);
      }
    } else {
      let tops = f32x4.splat(-Infinity);
      let r = from;
      for (; r + 4 <= to; r += 4) {
        const x = f32x4.mul(v128.load(at(logits, r)), f32x4.splat(temperatureInverse));
        v128.store(at(logP, r), x);
        tops = f32x4.max(tops, x);
      }
      top = maxLanes(tops);
      for (; r < to; r++) {
        const x = getF(logits, r) * temperatureInverse;
        setF(logP, r, x);
        top = max(top, x);
      }
    }
    let sum: f32 = 0;
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      const x = left >= 4 ? v128.load(at(logP, r)) : loadTail(at(logP, r), left);
      const e = exp4(f32x4.sub(x, f32x4.splat(top)));
      // A masked action adds e^-87: nothing, for the sum is at least 1. Lanes beyond the last action must not count.
      sum += f32x4.extract_lane(e, 0);
      if (left > 1) sum += f32x4.extract_lane(e, 1);
      if (left > 2) sum += f32x4.extract_lane(e, 2);
      if (left > 3) sum += f32x4.extract_lane(e, 3);
    }
    // (x - top) - log(sum), not x - (top + log(sum)): large logits would round the second term away.
    const first = f32x4.splat(top);
    const second = f32x4.splat(log1(sum));
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      if (left >= 4) v128.store(at(logP, r), f32x4.sub(f32x4.sub(v128.load(at(logP, r)), first), second));
      else storeTail(at(logP, r), f32x4.sub(f32x4.sub(loadTail(at(logP, r), left), first), second), left);
    }
  }
}

/**
 * Clipped surrogate with KL and entropy (GRPO, Shao et al., arXiv 2402.03300; the two clip bounds of DAPO, arXiv 2503.14476):
 *   weight_n * ( -min(ratio A, clip(ratio, 1 - epsLow, 1 + epsHigh) A) + beta (e^d - d - 1) - entropyCoef H ),  d = refLogP - logP
 * dLogits is overwritten with the gradient (of the scaled logits). ref is 0 for none. State n has the samples sampleOffsets[n] ..
 * sampleOffsets[n + 1] (sampleOffsets 0: sample n); taken, oldLogP, ref, advantages and weights are by sample.
 * stats += [surrogate, KL to the reference, entropy, (ratio - 1) - log ratio, clipped] each times weight; stats[5] += |gradient coefficient|.
 */
export function policyLoss(states: i32, offsets: usize, logP: usize, taken: usize, oldLogP: usize, ref: usize, advantages: usize, weights: usize, epsLow: f32, epsHigh: f32, beta: f32, entropyCoef: f32, dLogits: usize, stats: usize, sampleOffsets: usize): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let entropy: f32 = 0;
    // Lane by lane in the order of actions, so that the sum is the same wherever the state's first action lies.
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      const l = load4(at(logP, r), left);
      const terms = v128.and(f32x4.mul(exp4(l), l), possible(l));
      entropy -= f32x4.extract_lane(terms, 0);
      if (left > 1) entropy -= f32x4.extract_lane(terms, 1);
      if (left > 2) entropy -= f32x4.extract_lane(terms, 2);
      if (left > 3) entropy -= f32x4.extract_lane(terms, 3);
      store4(at(dLogits, r), f32x4.splat(0), left);
    }
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
 * Cloning of a set: -coef log(total probability of the actions labelled 1), on states that have one (weights[n] must be 0 on others).
 * dLogits += the gradient; stats[0] += the unscaled loss times weight.
 */
export function cloningLoss(states: i32, offsets: usize, logP: usize, labels: usize, weights: usize, coef: f32, dLogits: usize, stats: usize): void {
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

/** dLogits of log pi(taken | state): onehot(taken) - pi, the seed of per-sample gradients. */
export function logProbGradient(states: i32, offsets: usize, logP: usize, taken: usize, dLogits: usize): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const chosen = from + getI(taken, n);
    for (let r = from; r < getI(offsets, n + 1); r++) setF(dLogits, r, (r == chosen ? <f32>1 : <f32>0) - probability(getF(logP, r)));
  }
}
