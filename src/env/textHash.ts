import { threefry2x32 } from '../random.ts';

const word = new Uint32Array(2);

/**
 * Hash of a text: an integer in [0, 2^53), equal in every runtime.
 *
 * Davies-Meyer chaining (state = state xor block(state, four characters)) over the Threefry block of `random.ts`, with
 * the length in the last block. It is not resistant to attacks. Two of n texts collide by chance with a probability of
 * about n^2 / 2^54.
 */
export function textHash(text: string): number {
  let state0 = 0;
  let state1 = 0;
  const absorb = (block0: number, block1: number): void => {
    threefry2x32(block0, block1, state0, state1, word);
    state0 = (state0 ^ word[0]) >>> 0;
    state1 = (state1 ^ word[1]) >>> 0;
  };
  // charCodeAt past the end is NaN, which the shift and the bitwise or convert to 0.
  const pair = (at: number): number => (text.charCodeAt(at) << 16) | text.charCodeAt(at + 1);
  for (let at = 0; at < text.length; at += 4) absorb(pair(at), pair(at + 2));
  absorb(text.length, 0xffff_ffff);
  return (state1 & 0x1f_ffff) * 0x1_0000_0000 + state0;
}
