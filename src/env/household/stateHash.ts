/**
 * Hash of the dynamic state, which is a node of the experience graph. Two 32-bit multiplicative hashes, without
 * strings.
 */

import { PLACES, type World } from './world.ts';

/**
 * Hash below 2^53 of location, open and seen places, objects with place and state, and the held object. Objects of one
 * kind are interchangeable.
 */
export function hashWorld(world: World): number {
  const { kinds } = world.game;
  let high = mix(world.open, 0x9e3779b1) ^ mix(world.seen * 32 + world.location, 0x85ebca77);
  let low = mix(world.open, 0xc2b2ae3d) ^ mix(world.seen * 32 + world.location, 0x27d4eb2f);
  // A sum does not depend on the order of the objects.
  for (let i = 0; i < kinds.length; i++) {
    const place = i === world.held ? PLACES : world.objectPlace[i];
    const code = 1 + kinds[i] + 12 * (world.objectState[i] + 4 * place);
    high = (high + mix(code, 0x165667b1)) | 0;
    low = (low + mix(code, 0xd3a2646d)) | 0;
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

function mix(value: number, multiplier: number): number {
  let hash = Math.imul(value ^ (value >>> 15), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 16);
}
