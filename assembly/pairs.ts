// What the candidate actions of a state have in common: most of their tokens stand in the same slots of several candidates.
import { at, getI, setI } from './memory';

/**
 * The distinct features (token * slots + slot) of each state's candidates, in the order in which they first appear: its pairs. Pairs of state
 * n are pairOffsets[n] .. pairOffsets[n + 1]; tokens[pair] is the token. Sorted by slot, and within a slot by state, pair order[i] comes at
 * i, slot s has slotOffsets[s] .. slotOffsets[s + 1] (slots + 2 integers), and pairAt[feature] and place[pair] tell the place of the pair.
 * newest: vocabulary * slots integers in any state. Returns the number of pairs, at most that of features.
 */
export function distinctPairs(states: i32, slots: i32, rowOffsets: usize, featureOffsets: usize, features: usize, newest: usize, pairOffsets: usize, tokens: usize, slotOffsets: usize, order: usize, place: usize, pairAt: usize): i32 {
  for (let s = 0; s < slots + 2; s++) setI(slotOffsets, s, 0);
  setI(pairOffsets, 0, 0);
  let pairs = 0;
  // `order` holds the feature of each pair until the places are known.
  for (let n = 0; n < states; n++) {
    const first = pairs;
    const to = getI(featureOffsets, getI(rowOffsets, n + 1));
    for (let f = getI(featureOffsets, getI(rowOffsets, n)); f < to; f++) {
      const feature = getI(features, f);
      let pair = getI(newest, feature);
      if (pair < first || pair >= pairs || getI(order, pair) != feature) {
        pair = pairs++;
        const token = feature / slots;
        const slot = feature - token * slots;
        setI(newest, feature, pair);
        setI(order, pair, feature);
        setI(tokens, pair, token);
        setI(place, pair, slot);
        setI(slotOffsets, slot + 2, getI(slotOffsets, slot + 2) + 1);
      }
      setI(pairAt, f, pair);
    }
    setI(pairOffsets, n + 1, pairs);
  }
  for (let s = 0; s < slots; s++) setI(slotOffsets, s + 2, getI(slotOffsets, s + 2) + getI(slotOffsets, s + 1));
  for (let pair = 0; pair < pairs; pair++) {
    const slot = getI(place, pair);
    const to = getI(slotOffsets, slot + 1);
    setI(slotOffsets, slot + 1, to + 1);
    setI(order, to, pair);
    setI(place, pair, to);
  }
  const from = getI(featureOffsets, getI(rowOffsets, 0));
  const to = getI(featureOffsets, getI(rowOffsets, states));
  for (let f = from; f < to; f++) setI(pairAt, f, getI(place, getI(pairAt, f)));
  return pairs;
}
