/** Statistics of results of your own: success of two methods at equal seeds, in two environments. */
import { interquartileMean, pairedBootstrap, probabilityOfImprovement, wilsonInterval } from 'unbraid/statistics';

/** Success by environment and, within it, by seed. */
const treated = [
  [0.61, 0.58, 0.66, 0.7, 0.55, 0.63],
  [0.31, 0.42, 0.36, 0.4, 0.33, 0.29],
];
const baseline = [
  [0.5, 0.52, 0.55, 0.61, 0.49, 0.5],
  [0.3, 0.35, 0.31, 0.41, 0.3, 0.3],
];
const resampling = { seed: 1, resamples: 2000 };
const shown = ({ mean, low, high }: { mean: number; low: number; high: number }): string =>
  `${mean.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;

console.log('interquartile mean:', interquartileMean(treated.flat()).toFixed(2));
console.log('gain at equal seeds:', shown(pairedBootstrap(treated, baseline, interquartileMean, resampling)));
console.log('probability of improvement:', shown(probabilityOfImprovement(treated, baseline, resampling)));
console.log('127 of 200 games solved:', shown(wilsonInterval(127, 200)));

// Output:
// interquartile mean: 0.49
// gain at equal seeds: 0.06 [0.04, 0.08]
// probability of improvement: 0.78 [0.60, 0.95]
// 127 of 200 games solved: 0.64 [0.57, 0.70]
