/**
 * Distinct features (token * slots + slot) of each state's candidates, in order of first appearance; `places` sort them
 * by slot, then state.
 */
export function distinctPairs(
  slots: number,
  rowOffsets: ArrayLike<number>,
  featureOffsets: ArrayLike<number>,
  features: readonly number[],
): { offsets: number[]; tokens: number[]; slotOffsets: number[]; order: number[]; at: number[] } {
  const offsets = [0];
  const pairs: { state: number; feature: number }[] = [];
  const pairOf = features.map(() => -1);
  for (let state = 0; state + 1 < rowOffsets.length; state++) {
    for (let f = featureOffsets[rowOffsets[state]]; f < featureOffsets[rowOffsets[state + 1]]; f++) {
      let pair = pairs.findIndex((p) => p.state === state && p.feature === features[f]);
      if (pair < 0) pair = pairs.push({ state, feature: features[f] }) - 1;
      pairOf[f] = pair;
    }
    offsets.push(pairs.length);
  }
  const order: number[] = [];
  const slotOffsets = [0];
  for (let slot = 0; slot < slots; slot++) {
    for (const [pair, { feature }] of pairs.entries()) if (feature % slots === slot) order.push(pair);
    slotOffsets.push(order.length);
  }
  return {
    offsets,
    tokens: pairs.map(({ feature }) => Math.floor(feature / slots)),
    slotOffsets,
    order,
    at: pairOf.map((pair) => order.indexOf(pair)),
  };
}
