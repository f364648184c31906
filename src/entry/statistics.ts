/**
 * Statistics of results: means and their intervals over seeds, bootstrap, paired differences.
 *
 * @module unbraid/statistics
 */

export {
  pairedBootstrap,
  performanceProfile,
  probabilityOfImprovement,
  type Resampling,
  type Strata,
  stratifiedBootstrap,
} from '../statistics/bootstrap.ts';
export {
  type Interval,
  interquartileMean,
  meanInterval,
  pairedDifference,
  wilsonInterval,
} from '../statistics/statistics.ts';
