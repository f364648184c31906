/** Labels on the states of demonstrations. The states of rollouts have no labels. */
import type { StateList } from '../../engine/states/stateList.ts';

/** i8[action rows of the demonstrations]: the demonstrated action is good (1), the other candidates are bad (0). */
export function demonstrationLabels(demonstrations: {
  readonly states: StateList;
  /** i32[states], index of the demonstrated action. */
  readonly taken: Int32Array;
}): Int8Array {
  const { states, taken } = demonstrations;
  const labels = new Int8Array(states.actions);
  for (let n = 0; n < states.states; n++) labels[states.rowOffsets[n] + taken[n]] = 1;
  return labels;
}
