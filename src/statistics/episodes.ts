/** The mean of a number over episodes, with its interval. */
import { returnInterval, wilsonInterval } from './statistics.ts';

/** Mean over `episodes` episodes. */
export interface EpisodeMean {
  readonly mean: number;
  /** 95% interval of the mean; null for a single episode whose value is neither 0 nor 1. */
  readonly interval: readonly [number, number] | null;
  readonly episodes: number;
}

/**
 * The mean of one or more values with its 95% interval: Wilson's interval if all values are 0 or 1, otherwise
 * `returnInterval`.
 *
 * @throws RangeError if there is no value or one is not finite
 */
export function episodeMean(values: ArrayLike<number>): EpisodeMean {
  const list = Array.from(values);
  const episodes = list.length;
  const centre = list.reduce((sum, value) => sum + value, 0) / episodes;
  if (list.every((value) => value === 0 || value === 1)) {
    const { low, high } = wilsonInterval(list.filter((value) => value === 1).length, episodes);
    return { mean: centre, interval: [low, high], episodes };
  }
  if (episodes < 2) return { mean: centre, interval: null, episodes };
  const { low, high } = returnInterval(list);
  return { mean: centre, interval: [low, high], episodes };
}
