/** Numbers that the canvas shows of a policy. */
import { actionCount, type PlaneState } from '../plane/scene.ts';

/** Mean probability of the right action over trained or held-out states, weighted by frequency; 0 without any. */
export function successOf(states: readonly PlaneState[], probabilities: ArrayLike<number>, trained: boolean): number {
  let sum = 0;
  let weight = 0;
  for (const [i, s] of states.entries()) {
    if (s.trained !== trained) continue;
    sum += s.frequency * probabilities[i * actionCount + s.right];
    weight += s.frequency;
  }
  return weight > 0 ? sum / weight : 0;
}

/** Pearson's correlation; null where one of the two does not vary. */
export function correlation(a: Float64Array, b: Float64Array): number | null {
  const n = a.length;
  const mean = (x: Float64Array): number => x.reduce((sum, v) => sum + v, 0) / n;
  const [meanA, meanB] = [mean(a), mean(b)];
  let both = 0;
  let ofA = 0;
  let ofB = 0;
  for (let i = 0; i < n; i++) {
    const [dA, dB] = [a[i] - meanA, b[i] - meanB];
    both += dA * dB;
    ofA += dA * dA;
    ofB += dB * dB;
  }
  return ofA > 0 && ofB > 0 ? both / Math.sqrt(ofA * ofB) : null;
}

/** The largest of 1, 2 and 5 times a power of ten that is at most x, for scales; x above 0. */
export function roundBelow(x: number): number {
  let unit = 1e-9;
  while (unit * 10 <= x) unit *= 10;
  const factor = x >= 5 * unit ? 5 : x >= 2 * unit ? 2 : 1;
  return Number((factor * unit).toPrecision(1));
}
