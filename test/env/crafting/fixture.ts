/**
 * A small world with a cooling ink (mint, soot, mortar): mortar in the kitchen, press in the cellar, all ingredients in
 * the hall.
 */

import { act, NO_STATION, roomNames, startWorld, type World } from '../../../src/env/crafting/world.ts';

export const [CELLAR, HALL, KITCHEN] = [1, 3, 4];
export const [MINT, SOOT, OIL] = [3, 9, 11];

/** The world after the actions with these numbers, a wrong mix being harmless. */
export function inkWorld(...actions: number[]): World {
  const world = startWorld({
    product: { effect: 3, form: 3 },
    rooms: [CELLAR, HALL, KITCHEN],
    stations: roomNames.map((_, room) => (room === KITCHEN ? 1 : room === CELLAR ? 2 : NO_STATION)),
    start: HALL,
    contents: roomNames.map((_, room) => (room === HALL ? (1 << MINT) | (1 << SOOT) | (1 << OIL) : 0)),
  });
  for (const action of actions) act(world, action, false);
  return world;
}
