/** An expert that uses the recipes, but only the rooms that the agent has seen. */

import { DROP, isIn, lowest, MIX, neededFor, stationFor, TAKE, type World } from './world.ts';

/**
 * Indices into `actions` of the actions that the expert would take. Any of them is acceptable.
 *
 * The expert drops ingredients that the recipe does not need and explores until it has seen a missing ingredient. It
 * takes that ingredient, and carries both to the station.
 *
 * @param actions `possibleActions(world)`
 */
export function expertChoices(world: World, actions: readonly number[]): number[] {
  const { game, location: here, held, seen, contents } = world;
  const needed = neededFor(game.product);
  const station = stationFor(game.product);
  const those = (wanted: (action: number) => boolean) => indicesOf(actions, wanted);
  const goWhere = (wanted: (room: number) => boolean) => {
    const known = those((action) => action < TAKE && isIn(seen, action) && wanted(action));
    return known.length > 0 ? known : those((action) => action < TAKE && !isIn(seen, action));
  };

  const wrong = held & ~needed;
  if (wrong !== 0) return those((action) => action === DROP + lowest(wrong));
  const missing = needed & ~held;
  if (missing === 0) {
    if (game.stations[here] === station) return those((action) => action === MIX);
    return goWhere((room) => game.stations[room] === station);
  }
  if ((contents[here] & missing) === 0) return goWhere((room) => (contents[room] & missing) !== 0);
  return those((action) => action >= TAKE && action < DROP && isIn(missing, action - TAKE));
}

function indicesOf(actions: readonly number[], wanted: (action: number) => boolean): number[] {
  const indices: number[] = [];
  for (let i = 0; i < actions.length; i++) if (wanted(actions[i])) indices.push(i);
  return indices;
}
