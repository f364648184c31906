/** The job that measures the signs of group-relative advantages. */
import type { Interval } from '../../statistics/statistics.ts';
import type { JobKind } from '../job.ts';
import { measuredSigns, type RiskyGroup, type Signs } from './groupSignMath.ts';

export type SignInput = { readonly [K in keyof RiskyGroup]: number } & {
  readonly episodes: number;
  readonly seed: number;
};
type SignResult = { readonly [name in keyof Signs]: { readonly [K in keyof Interval]: number } };

export const groupSignKind: JobKind<SignInput, SignResult> = {
  name: 'group-sign',
  async run({ episodes, seed, ...action }) {
    const { sample, group } = measuredSigns(action, Math.floor(episodes / action.groupSize), seed);
    return { sample: { ...sample }, group: { ...group } };
  },
};
