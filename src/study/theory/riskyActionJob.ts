/** The job that measures the advantage of a risky action. */
import type { Interval } from '../../statistics/statistics.ts';
import type { JobKind } from '../job.ts';
import { measuredAdvantage, type RiskyAction } from './riskyActionMath.ts';

/** A risky action at one probability, as in `measuredAdvantage`. */
export type RiskyInput = Omit<RiskyAction, 'scaleRewards'> & { readonly episodes: number; readonly seed: number };
type JsonInterval = { readonly [K in keyof Interval]: number };
export type RiskyResult = { readonly none: JsonInterval; readonly group: JsonInterval };

export const riskyKind: JobKind<RiskyInput, RiskyResult> = {
  name: 'risky-action',
  async run({ episodes, seed, ...action }) {
    const groups = Math.floor(episodes / action.groupSize);
    const of = (scaleRewards: 'none' | 'group'): JsonInterval => ({
      ...measuredAdvantage({ ...action, scaleRewards }, groups, seed),
    });
    return { none: of('none'), group: of('group') };
  },
};
