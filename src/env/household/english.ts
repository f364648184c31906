/**
 * English text of the household, in the style of text games, with the information and the order of actions of the token
 * form.
 */

import {
  CLEAN,
  COOL,
  countPlaced,
  EXAMINE,
  HEAT,
  hasDoor,
  isIn,
  OPEN,
  objectNames,
  PLACE_TWO,
  PUT,
  receptacleNames,
  TAKE,
  typeOf,
  type World,
} from './world.ts';

const adjectives = ['', 'hot ', 'cold ', 'clean '];
const taskAdjectives = ['', '', 'clean ', 'hot ', 'cold ', ''];
/** Receptacle types with the preposition "in" instead of "on": cabinet, drawer, fridge, microwave, sink, garbagecan. */
const containers = [0, 1, 5, 6, 7, 10];
const irregularPlurals: Record<string, string> = { potato: 'potatoes', tomato: 'tomatoes', knife: 'knives' };

const withArticle = (noun: string): string => `${'aeiou'.includes(noun[0]) ? 'an' : 'a'} ${noun}`;

const placeName = (place: number): string => `${receptacleNames[typeOf(place)]} ${(place & 1) + 1}`;

const preposition = (type: number): string => (containers.includes(type) ? 'in' : 'on');

function joined(nouns: readonly string[]): string {
  if (nouns.length === 0) return 'nothing';
  if (nouns.length === 1) return nouns[0];
  return `${nouns.slice(0, -1).join(', ')} and ${nouns[nouns.length - 1]}`;
}

const thingsIn = (kinds: number): string[] => objectNames.filter((_, kind) => (kinds >>> kind) & 1).map(withArticle);

function taskText({ game }: World): string {
  const object = objectNames[game.object];
  if (game.task === EXAMINE) return `look at ${withArticle(object)} under the lamp`;
  const target = receptacleNames[game.target];
  const where = `${preposition(game.target)} the ${target}`;
  if (game.task === PLACE_TWO) return `put two ${irregularPlurals[object] ?? `${object}s`} ${where}`;
  return `put ${withArticle(taskAdjectives[game.task] + object)} ${where}`;
}

/** The current observation. */
export function stateText(world: World): string {
  const { game, location: here, held } = world;
  const name = placeName(here);
  const open = isIn(world.open, here);
  const sentences: string[] = [];
  if (world.nothingHappened) sentences.push('Nothing happens.');
  sentences.push(`You are at ${name}.`);
  if (hasDoor(here)) sentences.push(`It is ${open ? 'open' : 'closed'}.`);
  if (open) {
    const where = preposition(typeOf(here)) === 'in' ? 'In' : 'On';
    sentences.push(`${where} ${name} you see ${joined(thingsIn(world.contents[here]))}.`);
  }
  if (here === game.lamp) sentences.push('The lamp is here.');
  const holding =
    held < 0 ? 'nothing' : withArticle(adjectives[world.objectState[held]] + objectNames[game.kinds[held]]);
  sentences.push(`You hold ${holding}.`);
  if (game.task === PLACE_TWO && countPlaced(world) > 0) sentences.push('One of the two is in place.');
  sentences.push(`Task: ${taskText(world)}.`);
  return sentences.join(' ');
}

/** One action, by its number (see `world.ts`). */
export function actionText(world: World, action: number): string {
  const { game, location: here, held } = world;
  if (action < OPEN) {
    if (!isIn(world.seen, action)) return `go to ${placeName(action)} (not visited)`;
    const things = thingsIn(world.contents[action]);
    if (action === game.lamp) things.push('the lamp');
    return `go to ${placeName(action)} (visited: ${joined(things)})`;
  }
  const name = placeName(here);
  if (action === OPEN) return `open ${name}`;
  if (action < PUT) return `take ${objectNames[action - TAKE]} from ${name}`;
  const object = held < 0 ? '' : objectNames[game.kinds[held]];
  if (action === PUT) return `put ${object} ${preposition(typeOf(here))} ${name}`;
  if (action === HEAT) return `heat ${object} with ${name}`;
  if (action === COOL) return `cool ${object} with ${name}`;
  if (action === CLEAN) return `clean ${object} with ${name}`;
  return 'use the lamp';
}
