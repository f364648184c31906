/**
 * Vector form: the state as one vector of zeros and ones, for a policy over a fixed set of actions.
 *
 * Segments: task 6, task object 12, target 12 + none, receptacle type 12, instance 2, closed or open 2, held object
 * none + 12, its state none + 4, one of two placed 2, lamp here 2, last action without effect 2, visible objects 12.
 * Then for each of the 24 places: present, visited, and 13 bits of the contents that the agent has seen (12 objects and
 * the lamp).
 */

import { countPlaced, isIn, PLACE_TWO, PLACES, typeOf, type World } from './world.ts';

const TASK = 0;
const OBJECT = TASK + 6;
const TARGET = OBJECT + 12;
const RECEPTACLE = TARGET + 13;
const INSTANCE = RECEPTACLE + 12;
const DOOR = INSTANCE + 2;
const HELD = DOOR + 2;
const HELD_STATE = HELD + 13;
const PLACED = HELD_STATE + 5;
const LAMP = PLACED + 2;
const EFFECT = LAMP + 2;
const VISIBLE = EFFECT + 2;
const MEMORY = VISIBLE + 12;
const MEMORY_WIDTH = 15;

export const VECTOR_WIDTH = MEMORY + PLACES * MEMORY_WIDTH;

/** The state, `VECTOR_WIDTH` numbers. */
export function stateVector(world: World): Float32Array {
  const { game, location: here, held } = world;
  const vector = new Float32Array(VECTOR_WIDTH);
  const open = isIn(world.open, here);
  vector[TASK + game.task] = 1;
  vector[OBJECT + game.object] = 1;
  vector[TARGET + (game.target < 0 ? 12 : game.target)] = 1;
  vector[RECEPTACLE + typeOf(here)] = 1;
  vector[INSTANCE + (here & 1)] = 1;
  vector[DOOR + (open ? 1 : 0)] = 1;
  vector[HELD + (held < 0 ? 0 : 1 + game.kinds[held])] = 1;
  vector[HELD_STATE + (held < 0 ? 0 : 1 + world.objectState[held])] = 1;
  vector[PLACED + (game.task === PLACE_TWO && countPlaced(world) > 0 ? 1 : 0)] = 1;
  vector[LAMP + (here === game.lamp ? 1 : 0)] = 1;
  vector[EFFECT + (world.nothingHappened ? 1 : 0)] = 1;
  if (open) setKinds(vector, VISIBLE, world.contents[here]);
  for (let i = 0; i < game.places.length; i++) {
    const place = game.places[i];
    const memory = MEMORY + place * MEMORY_WIDTH;
    vector[memory] = 1;
    if (!isIn(world.seen, place)) continue;
    vector[memory + 1] = 1;
    setKinds(vector, memory + 2, world.contents[place]);
    if (place === game.lamp) vector[memory + 14] = 1;
  }
  return vector;
}

function setKinds(vector: Float32Array, base: number, kinds: number): void {
  for (let rest = kinds; rest !== 0; rest &= rest - 1) vector[base + 31 - Math.clz32(rest & -rest)] = 1;
}
