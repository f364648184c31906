/** Hash of the dynamic state: a node of the experience graph. */

import { threefry2x32 } from '../../random.ts';
import { INGREDIENTS, isIn, ROOMS, type World } from './world.ts';

/** Location of an ingredient: the number of a room, or one of these constants. */
const HELD = ROOMS;
const NOWHERE = ROOMS + 1;

const words = new Uint32Array(2);

/**
 * Hash below 2^53 of location, rooms seen, and the location of each ingredient. These values use 62 bits. One Threefry
 * block maps them one to one to 64 bits, of which 53 are kept.
 */
export function hashWorld({ location, seen, contents, held }: World): number {
  let high = location | (seen << 4);
  let low = 0;
  for (let ingredient = 0; ingredient < INGREDIENTS; ingredient++) {
    let where = isIn(held, ingredient) ? HELD : NOWHERE;
    for (let room = 0; room < ROOMS; room++) if (isIn(contents[room], ingredient)) where = room;
    if (ingredient < 8) low |= where << (4 * ingredient);
    else high |= where << (4 * (ingredient - 8) + 14);
  }
  threefry2x32(0, 0, high, low, words);
  return (words[0] >>> 11) * 0x1_0000_0000 + words[1];
}
