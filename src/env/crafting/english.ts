/**
 * English text of crafting, in the style of text games, with the information and the order of actions of the token
 * form.
 */

import {
  DROP,
  effectNames,
  formNames,
  ingredientNames,
  isIn,
  MIX,
  NO_STATION,
  roomNames,
  stationNames,
  TAKE,
  type World,
} from './world.ts';

function joined(nouns: readonly string[]): string {
  if (nouns.length === 0) return 'nothing';
  if (nouns.length === 1) return nouns[0];
  return `${nouns.slice(0, -1).join(', ')} and ${nouns[nouns.length - 1]}`;
}

const named = (ingredients: number): string[] => ingredientNames.filter((_, i) => isIn(ingredients, i));

/** The current observation. */
export function stateText(world: World): string {
  const { game, location: here } = world;
  const station = game.stations[here];
  const sentences: string[] = [];
  if (world.mixFailed) sentences.push('The mix fails.');
  sentences.push(`You are in the ${roomNames[here]}.`);
  if (station !== NO_STATION) sentences.push(`The ${stationNames[station]} is here.`);
  sentences.push(`You see ${joined(named(world.contents[here]))}.`);
  sentences.push(`You hold ${joined(named(world.held))}.`);
  sentences.push(`Task: make a ${effectNames[game.product.effect]} ${formNames[game.product.form]}.`);
  return sentences.join(' ');
}

/** One action, by its number (see `world.ts`). */
export function actionText(world: World, action: number): string {
  const { stations } = world.game;
  if (action < TAKE) {
    const room = `go to the ${roomNames[action]}`;
    if (!isIn(world.seen, action)) return `${room} (not visited)`;
    const things = named(world.contents[action]);
    if (stations[action] !== NO_STATION) things.unshift(`the ${stationNames[stations[action]]}`);
    return `${room} (visited: ${joined(things)})`;
  }
  if (action < DROP) return `take ${ingredientNames[action - TAKE]}`;
  if (action < MIX) return `drop ${ingredientNames[action - DROP]}`;
  return `mix ${joined(named(world.held))} at the ${stationNames[stations[world.location]]}`;
}
