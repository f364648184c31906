/** Goals as numbers: the combinations of task, object and target that another game with the same layout could have. */

import type { Split } from '../environment.ts';
import { type Combination, combinations } from './games.ts';
import { objectNames, PLACE_TWO, receptacleNames, startWorld, typeOf, type World } from './world.ts';

const OBJECTS = objectNames.length;
/** Receptacle types, and none. */
const TARGETS = receptacleNames.length + 1;

const goalOf = ({ task, object, target }: Combination): number => (task * OBJECTS + object) * TARGETS + target + 1;

const bySplit: Readonly<Record<Split, readonly Combination[]>> = {
  train: combinations('train'),
  'in-domain': combinations('in-domain'),
  'out-of-domain': combinations('out-of-domain'),
};

/**
 * The combinations of the split whose objects and target exist in the game, except its own. As in generated games, no
 * object of the task starts in its target. Combinations of other splits are left out: training must not show those that
 * are held out.
 */
export function otherGoals({ game }: World, split: Split): number[] {
  const { places, kinds, kindPlaces } = game;
  const fits = ({ task, object, target }: Combination): boolean => {
    let count = 0;
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] !== object) continue;
      if (typeOf(kindPlaces[i]) === target) return false;
      count++;
    }
    return count >= (task === PLACE_TWO ? 2 : 1) && (target < 0 || places.some((place) => typeOf(place) === target));
  };
  return bySplit[split].filter((combination) => goalOf(combination) !== goalOf(game) && fits(combination)).map(goalOf);
}

/** The start of the game with the goal of this number. */
export function startWith({ game }: World, goal: number): World {
  const pair = Math.floor(goal / TARGETS);
  return startWorld({
    ...game,
    task: Math.floor(pair / OBJECTS),
    object: pair % OBJECTS,
    target: (goal % TARGETS) - 1,
  });
}
