import { describe, expect, it } from 'vitest';
import {
  holmCorrection,
  interquartileMean,
  mean,
  meanInterval,
  pairedDifference,
  rateInterval,
  returnInterval,
  standardDeviation,
  studentT975,
  wilsonInterval,
} from '../../src/statistics/statistics.ts';

// The expected numbers come from SciPy 1.17.1 with `x` and `y` as below:
//   stats.t.ppf(.975, v); np.std(x, ddof=1); stats.t.interval(.95, 7, np.mean(x), stats.sem(x)); the same of y - x;
//   stats.trim_mean(x, .25); stats.binomtest(k, n).proportion_ci(.95, 'wilson')
const x = [0.42, 0.51, 0.37, 0.73, 0.44, 0.58, 0.29, 0.66];
const y = [0.71, 0.69, 0.52, 0.8, 0.7, 0.61, 0.33, 0.9];

describe('studentT975', () => {
  it.each([
    [1, 12.706204736174694],
    [2, 4.302652729749462],
    [3, 3.1824463052837078],
    [4, 2.7764451051977934],
    [7, 2.364624251592784],
    [14, 2.144786687917804],
    [29, 2.045229642132703],
    [100, 1.9839715185235518],
    [1000, 1.9623390808264083],
  ])('with %i degrees of freedom: relative error < 1e-9', (degrees, expected) => {
    expect(Math.abs(studentT975(degrees) / expected - 1)).toBeLessThan(1e-9);
  });

  it('rejects a single run', () => {
    expect(() => studentT975(0)).toThrow(
      'studentT975: degrees must be an integer >= 1, got 0; an interval needs two runs',
    );
  });
});

describe('mean and spread', () => {
  it('mean, sample standard deviation and t interval equal SciPy to 1e-12', () => {
    expect(mean(x)).toBeCloseTo(0.5, 12);
    expect(standardDeviation(x)).toBeCloseTo(0.1492840054584358, 12);
    const interval = meanInterval(x);
    expect(interval.mean).toBeCloseTo(0.5, 12);
    expect(interval.low).toBeCloseTo(0.3751954481720637, 9);
    expect(interval.high).toBeCloseTo(0.6248045518279364, 9);
  });

  it('paired difference: mean and interval of y - x', () => {
    const interval = pairedDifference(y, x);
    expect(interval.mean).toBeCloseTo(0.1575, 12);
    expect(interval.low).toBeCloseTo(0.07203755938625976, 9);
    expect(interval.high).toBeCloseTo(0.24296244061374023, 9);
  });

  it('interquartile mean drops floor(n / 4) values from each end, in any order of the values', () => {
    expect(interquartileMean(x)).toBeCloseTo(0.4875, 12);
    expect(interquartileMean(x.slice(0, 7))).toBeCloseTo(0.464, 12);
    expect(interquartileMean([...x].reverse())).toBe(interquartileMean(x));
    expect(x[0]).toBe(0.42);
  });

  it('throws an error that names the invalid value', () => {
    expect(() => mean([])).toThrow('mean: needs at least 1 value, got 0; add runs');
    expect(() => meanInterval([0.5])).toThrow('meanInterval: needs at least 2 values, got 1; add runs');
    expect(() => standardDeviation([0.5, Number.NaN])).toThrow(
      'standardDeviation: value 1 must be finite, got NaN; leave out runs without a result',
    );
    expect(() => pairedDifference([1, 2], [1])).toThrow(
      'pairedDifference: both lists must have one value per seed, got 2 and 1; keep the seeds both have',
    );
  });
});

describe('rateInterval', () => {
  it('ends where the distance to the mean is t standard errors of a mean with the end as its true rate', () => {
    for (const rates of [x, y, [0.97, 0.94, 1, 1, 0.99], [0, 0, 0.01, 0, 0], [0.02, 0.95, 0.5]]) {
      const { mean: centre, low, high } = rateInterval(rates);
      const n = rates.length;
      const overTrials = standardDeviation(rates) ** 2 / (centre * (1 - centre));
      for (const end of [low, high]) {
        const error = Math.sqrt((overTrials * end * (1 - end)) / n);
        expect(Math.abs(centre - end) / error).toBeCloseTo(studentT975(n - 1), 6);
      }
      expect([0 <= low, low < centre, centre < high, high <= 1]).toEqual([true, true, true, true]);
    }
  });

  it('stays within [0, 1] where the t interval does not, and is close to it far from the ends', () => {
    const three = [0.12, 0.38, 0.71];
    expect([meanInterval(three).low < 0, meanInterval(three).high > 1]).toEqual([true, true]);
    const { low, high } = rateInterval(three);
    expect([low > 0, high < 1, low < 0.12, high > 0.71]).toEqual([true, true, true, true]);
    const twenty = Array.from({ length: 20 }, (_, i) => 0.5 + (i - 9.5) / 200);
    expect(rateInterval(twenty).low).toBeCloseTo(meanInterval(twenty).low, 4);
    expect(rateInterval(twenty).high).toBeCloseTo(meanInterval(twenty).high, 4);
  });

  it('equal rates have an interval of length zero; a value outside is rejected', () => {
    expect(rateInterval([1, 1, 1])).toEqual({ mean: 1, low: 1, high: 1 });
    expect(rateInterval([0, 0])).toEqual({ mean: 0, low: 0, high: 0 });
    expect(() => rateInterval([0.5, 1.5])).toThrow(
      new RangeError('rateInterval: rates must be in [0, 1], got 1.5; use meanInterval for other values'),
    );
    expect(() => rateInterval([0.5])).toThrow('rateInterval: needs at least 2 values, got 1; add runs');
  });

  it('returnInterval is the t interval of returns that are not rates', () => {
    expect(returnInterval(x)).toEqual(rateInterval(x));
    expect(returnInterval([-1, 2, 3])).toEqual(meanInterval([-1, 2, 3]));
  });
});

describe('holmCorrection', () => {
  it('multiplies by the number of remaining p values, and is never below that of a smaller p value', () => {
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm')
    const corrected = holmCorrection([0.01, 0.04, 0.03, 0.005]);
    for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(p, 12);
    expect(holmCorrection([0.6, 0.7])).toEqual([1, 1]);
    // Six tests were planned: .005 x 6, .01 x 5, .03 x 4.
    const early = holmCorrection([0.01, 0.03, 0.005], 6);
    [0.05, 0.12, 0.03].forEach((p, i) => {
      expect(early[i]).toBeCloseTo(p, 12);
    });
    expect(holmCorrection([])).toEqual([]);
  });

  it('rejects a number that is not a p value', () => {
    expect(() => holmCorrection([0.1, Number.NaN])).toThrow(
      'holmCorrection: p values must be in [0, 1], got NaN; leave out others',
    );
  });
});

describe('wilsonInterval', () => {
  it.each([
    [0, 10, 0, 0.27753279986288926],
    [7, 10, 0.39677814746114526, 0.892208732593699],
    [150, 225, 0.6027283150990514, 0.7250095012324085],
    [225, 225, 0.9832134489943798, 1],
  ])('%i of %i equals SciPy to 1e-12', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval.mean).toBe(successes / trials);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });

  it('rejects rates and empty samples', () => {
    expect(() => wilsonInterval(0.7, 10)).toThrow(
      'wilsonInterval: successes must be an integer in [0, 10], got 0.7; pass counts, not rates',
    );
    expect(() => wilsonInterval(0, 0)).toThrow(
      'wilsonInterval: trials must be an integer >= 1, got 0; evaluate at least one episode',
    );
  });
});
