/**
 * Statistics over seeds and episodes. Every interval is a 95% interval.
 *
 * Only exactly rounded arithmetic is used, so the numbers of a report are bitwise identical in every runtime.
 */

import { isList, refuse, shown } from '../check/values.ts';

/** An estimate with the ends of its 95% interval, in the unit of the values. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The 0.975 quantile of the standard normal distribution. */
const Z975 = 1.959963984540054;

const SIMPSON_INTERVALS = 200;

/**
 * Smallest number of seeds for which an interval over seeds is shown. Below it the values themselves are shown: a t
 * interval of three success rates is often wider than the range of a rate, and a bootstrap of three has only ten
 * different samples.
 */
export const MIN_INTERVAL_SEEDS = 5;

/** Throws a RangeError that names `name`, unless there are at least `least` values and all are finite. */
export function requireValues(name: string, values: readonly number[], least: number): void {
  if (!isList(values)) refuse(name, 'values', 'an array of numbers', values, 'pass one for each run');
  if (values.length < least) {
    const noun = least === 1 ? 'value' : 'values';
    throw new RangeError(`${name}: needs at least ${least} ${noun}, got ${values.length}; add runs`);
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `${name}: value ${bad} must be finite, got ${shown(values[bad])}; leave out runs without a result`,
    );
  }
}

/** Arithmetic mean of at least one finite value. */
export function mean(values: readonly number[]): number {
  requireValues('mean', values, 1);
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation (divisor n - 1) of at least two finite values. */
export function standardDeviation(values: readonly number[]): number {
  requireValues('standardDeviation', values, 2);
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) * (value - centre);
  return Math.sqrt(sum / (values.length - 1));
}

function integerPower(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/**
 * The 0.975 quantile of Student's t distribution with `degrees` degrees of freedom (an integer >= 1); relative error
 * below 1e-9.
 *
 * With t = sqrt(v) tan(a), P(|T| < t) = W(v - 1)^-1 * integral of cos(x)^(v - 1) over [0, a], where W(n) is Wallis'
 * integral of cos^n over a quarter turn (Abramowitz and Stegun, 26.7). With w = tan(a / 2) the integrand is rational:
 * no transcendental function is needed.
 */
export function studentT975(degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`studentT975: degrees must be an integer >= 1, got ${degrees}; an interval needs two runs`);
  }
  const power = degrees - 1;
  let wallis = power % 2 === 0 ? Math.PI / 2 : 1;
  for (let n = power % 2 === 0 ? 2 : 3; n <= power; n += 2) wallis *= (n - 1) / n;

  const integrand = (w: number): number => (integerPower((1 - w * w) / (1 + w * w), power) * 2) / (1 + w * w);
  const probability = (w: number): number => {
    const step = w / SIMPSON_INTERVALS;
    let sum = integrand(0) + integrand(w);
    for (let i = 1; i < SIMPSON_INTERVALS; i++) sum += (i % 2 === 1 ? 4 : 2) * integrand(i * step);
    return (sum * step) / 3 / wallis;
  };

  // 52 bisections of [0, 1] determine w to its last bit.
  let low = 0;
  let high = 1;
  for (let i = 0; i < 52; i++) {
    const middle = (low + high) / 2;
    if (probability(middle) < 0.95) low = middle;
    else high = middle;
  }
  return (Math.sqrt(degrees) * 2 * low) / (1 - low * low);
}

/** Mean of at least two values with Student's t interval: mean +- t * s / sqrt(n). */
export function meanInterval(values: readonly number[]): Interval {
  requireValues('meanInterval', values, 2);
  const centre = mean(values);
  const half = (studentT975(values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return { mean: centre, low: centre - half, high: centre + half };
}

/**
 * Mean of at least two rates with a score interval, which is always within [0, 1]. The interval is all p for which
 *
 *     (mean - p)^2 <= t^2 f p (1 - p) / n,    f = s^2 / (mean (1 - mean))
 *
 * with the standard deviation s of the rates and Student's t. f is the variance of the rates divided by the variance of
 * a single trial, so this is Wilson's interval (1927) with the quasi-binomial variance of McCullagh and Nelder (1989).
 * Far from 0 and 1 it equals `meanInterval` to second order. As with `meanInterval`, equal rates have an interval of
 * length 0.
 *
 * @param rates each in [0, 1]
 * @throws RangeError if there are fewer than two or one is outside
 */
export function rateInterval(rates: readonly number[]): Interval {
  requireValues('rateInterval', rates, 2);
  const outside = rates.find((rate) => rate < 0 || rate > 1);
  if (outside !== undefined) {
    throw new RangeError(`rateInterval: rates must be in [0, 1], got ${outside}; use meanInterval for other values`);
  }
  const centre = mean(rates);
  const t = studentT975(rates.length - 1);
  const deviation = standardDeviation(rates);
  if (deviation === 0) return { mean: centre, low: centre, high: centre };
  const k = (t * t * deviation * deviation) / (centre * (1 - centre) * rates.length);
  const middle = (centre + k / 2) / (1 + k);
  const half = Math.sqrt(k * centre * (1 - centre) + (k * k) / 4) / (1 + k);
  return { mean: centre, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * `rateInterval` if all values are in [0, 1], otherwise `meanInterval`: the returns of some environments are not rates.
 */
export function returnInterval(values: readonly number[]): Interval {
  return values.every((value) => value >= 0 && value <= 1) ? rateInterval(values) : meanInterval(values);
}

/** Mean of `treated[i] - baseline[i]` with Student's t interval; entry i of both lists has the same seed. */
export function pairedDifference(treated: readonly number[], baseline: readonly number[]): Interval {
  for (const values of [treated, baseline]) requireValues('pairedDifference', values, 0);
  if (treated.length !== baseline.length) {
    throw new RangeError(
      `pairedDifference: both lists must have one value per seed, got ${treated.length} and ${baseline.length}; keep the seeds both have`,
    );
  }
  requireValues('pairedDifference', treated, 2);
  requireValues('pairedDifference', baseline, 2);
  return meanInterval(treated.map((value, i) => value - baseline[i]));
}

/** Mean of the sorted values without the floor(n / 4) smallest and the floor(n / 4) largest ones. */
export function interquartileMean(values: readonly number[]): number {
  requireValues('interquartileMean', values, 1);
  const cut = Math.floor(values.length / 4);
  return mean([...values].sort((a, b) => a - b).slice(cut, values.length - cut));
}

/** Wilson's score interval of a proportion (Wilson 1927); `mean` is successes / trials. */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (!Number.isInteger(trials) || trials < 1) {
    throw new RangeError(
      `wilsonInterval: trials must be an integer >= 1, got ${shown(trials)}; evaluate at least one episode`,
    );
  }
  if (!Number.isInteger(successes) || successes < 0 || successes > trials) {
    throw new RangeError(
      `wilsonInterval: successes must be an integer in [0, ${trials}], got ${shown(successes)}; pass counts, not rates`,
    );
  }
  const rate = successes / trials;
  const z2 = (Z975 * Z975) / trials;
  const centre = (rate + z2 / 2) / (1 + z2);
  const half = (Z975 * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials))) / (1 + z2);
  return { mean: rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Holm's correction of p values for multiple tests (Holm 1979): the probability of at least one false rejection is at
 * most the level.
 *
 * @param pValues each in [0, 1]
 * @param planned number of tests that were planned; those without a p value count as not significant
 * @returns corrected p values in the same order
 */
export function holmCorrection(pValues: readonly number[], planned = pValues.length): number[] {
  const bad = pValues.find((p) => !(p >= 0 && p <= 1));
  if (bad !== undefined)
    throw new RangeError(`holmCorrection: p values must be in [0, 1], got ${bad}; leave out others`);
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j]);
  const corrected = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (planned - rank) * pValues[i]));
    corrected[i] = largest;
  }
  return corrected;
}
