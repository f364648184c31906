/**
 * Vector form: the state as one vector of zeros and ones, for a policy over a fixed set of actions.
 *
 * Segments: effect 6, form 6, room 10, held ingredients 12, whether the last action was a failed mix 1. Then for each
 * of the 10 rooms: present, visited, and the contents that the agent has seen (3 stations and 12 ingredients).
 */

import { effectNames, formNames, INGREDIENTS, isIn, lowest, ROOMS, STATIONS, type World } from './world.ts';

const EFFECT = 0;
const FORM = EFFECT + effectNames.length;
const ROOM = FORM + formNames.length;
const HELD = ROOM + ROOMS;
const MIX_FAILED = HELD + INGREDIENTS;
const MEMORY = MIX_FAILED + 1;
const MEMORY_WIDTH = 2 + STATIONS + INGREDIENTS;

export const VECTOR_WIDTH = MEMORY + ROOMS * MEMORY_WIDTH;

/** The state, `VECTOR_WIDTH` numbers. */
export function stateVector(world: World): Float32Array {
  const { game, contents } = world;
  const vector = new Float32Array(VECTOR_WIDTH);
  vector[EFFECT + game.product.effect] = 1;
  vector[FORM + game.product.form] = 1;
  vector[ROOM + world.location] = 1;
  setIngredients(vector, HELD, world.held);
  if (world.mixFailed) vector[MIX_FAILED] = 1;
  for (const room of game.rooms) {
    const memory = MEMORY + room * MEMORY_WIDTH;
    vector[memory] = 1;
    if (!isIn(world.seen, room)) continue;
    vector[memory + 1] = 1;
    if (game.stations[room] >= 0) vector[memory + 2 + game.stations[room]] = 1;
    setIngredients(vector, memory + 2 + STATIONS, contents[room]);
  }
  return vector;
}

function setIngredients(vector: Float32Array, base: number, ingredients: number): void {
  for (let rest = ingredients; rest !== 0; rest &= rest - 1) vector[base + lowest(rest)] = 1;
}
