/** Labels on the states of demonstrations, not on those of rollouts. */
import type { StateList } from '../../engine/states/stateList.ts';

/** The action demonstrated is good (1), the other candidates are bad (0): i8[action rows of the demonstrations]. */
export function demonstrationLabels(demonstrations: {
  readonly states: StateList;
  /** Index of the action demonstrated in each state. */
  readonly taken: Int32Array;
}): Int8Array {
  const { states, taken } = demonstrations;
  const labels = new Int8Array(states.actions);
  for (let n = 0; n < states.states; n++) labels[states.rowOffsets[n] + taken[n]] = 1;
  return labels;
}
