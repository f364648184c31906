/** An expert that uses only what the agent has seen. */

import {
  applianceOf,
  EXAMINE,
  hasRequiredState,
  isIn,
  isUsable,
  LAMP,
  OPEN,
  PUT,
  TAKE,
  typeOf,
  type World,
} from './world.ts';

/**
 * Indices into `actions` of the actions that the expert would take. Any of them is acceptable.
 *
 * The expert explores until it has seen a usable task object, and takes it. It carries the object to the appliance if
 * the task needs one, then to the target or the lamp. It puts down any other object that it holds.
 *
 * @param actions `possibleActions(world)`
 */
export function expertChoices(world: World, actions: readonly number[]): number[] {
  const { game, location: here, held } = world;
  const go = (wanted: (place: number) => boolean) => indicesOf(actions, (action) => action < OPEN && wanted(action));
  const only = (wanted: number) => indicesOf(actions, (action) => action === wanted);
  const putHere = () => only(isIn(world.open, here) ? PUT : OPEN);
  const explore = () => {
    if (!isIn(world.open, here)) return only(OPEN);
    const unseen = go((place) => !isIn(world.seen, place));
    return unseen.length > 0 ? unseen : go(() => true);
  };

  if (held >= 0 && !isUsable(world, held)) return putHere();
  if (held >= 0) {
    const appliance = applianceOf[game.task];
    if (appliance >= 0 && !hasRequiredState(world, held)) {
      // Each appliance has only one action that uses it, so a processing action here is the correct one.
      if (typeOf(here) === appliance) return indicesOf(actions, (action) => action > PUT && action < LAMP);
      return go((place) => typeOf(place) === appliance);
    }
    if (game.task === EXAMINE) {
      if (here === game.lamp) return only(LAMP);
      return isIn(world.seen, game.lamp) ? go((place) => place === game.lamp) : explore();
    }
    return typeOf(here) === game.target ? putHere() : go((place) => typeOf(place) === game.target);
  }
  if (isKnownSource(world, here)) return only(TAKE + game.object);
  const known = go((place) => isKnownSource(world, place));
  return known.length > 0 ? known : explore();
}

/** Whether the agent has seen, in this place, a usable task object that is not yet in its target. */
function isKnownSource(world: World, place: number): boolean {
  if (!isIn(world.seen, place) || typeOf(place) === world.game.target) return false;
  for (let i = 0; i < world.objectPlace.length; i++) {
    if (world.objectPlace[i] === place && isUsable(world, i)) return true;
  }
  return false;
}

function indicesOf(actions: readonly number[], wanted: (action: number) => boolean): number[] {
  const indices: number[] = [];
  for (let i = 0; i < actions.length; i++) if (wanted(actions[i])) indices.push(i);
  return indices;
}
