// Features that the candidate actions of a state share: most tokens occur in the same slot of several candidates.
import { at, getI, setI } from './memory';

/**
 * The pairs of a state are the distinct features (token * slots + slot) of its candidates, in the order in which they
 * first appear. State n has the pairs pairOffsets[n] .. pairOffsets[n + 1], and tokens[pair] is the token of a pair.
 * Pairs are also sorted by slot, and within a slot by state: order[i] is the pair at position i, slot s has the
 * positions slotOffsets[s] .. slotOffsets[s + 1] (slots + 2 integers), and place[pair] and pairAt[feature] are the
 * position of a pair. newest: vocabulary * slots integers with any content. Returns the number of pairs, which is at
 * most the number of features.
 */
export function distinctPairs(
  states: i32,
  slots: i32,
  rowOffsets: usize,
  featureOffsets: usize,
  features: usize,
  newest: usize,
  pairOffsets: usize,
  tokens: usize,
  slotOffsets: usize,
  order: usize,
  place: usize,
  pairAt: usize,
): i32 {
  for (let s = 0; s < slots + 2; s++) setI(slotOffsets, s, 0);
  setI(pairOffsets, 0, 0);
  let pairs = 0;
  // `order` holds the feature of each pair until the positions are computed.
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
