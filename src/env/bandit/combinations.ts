/** Assigns (need, scenario) combinations to splits. */
import type { Split } from '../environment.ts';

export const NEEDS = 4;
export const SCENARIOS = 6;

export interface Combination {
  /** Index of the good action. */
  readonly need: number;
  readonly scenario: number;
}

/**
 * 16 combinations for train and in-domain, the 8 others for out-of-domain. Both groups contain every need and every
 * scenario.
 */
export function combinations(split: Split): Combination[] {
  const heldOut = split === 'out-of-domain';
  const all: Combination[] = [];
  for (let need = 0; need < NEEDS; need++) {
    for (let scenario = 0; scenario < SCENARIOS; scenario++) {
      if (((need + scenario) % 3 === 0) === heldOut) all.push({ need, scenario });
    }
  }
  return all;
}
