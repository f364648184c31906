/** How often the episodes of a rollout repeat an action, and how often an action changes nothing. */
import { actionWords } from '../coupling/samplePairs.ts';
import type { StateList } from '../engine/states/stateList.ts';
import type { Rollout } from '../rollout/rollout.ts';

/** Shares of steps. */
export interface ActionRates {
  /**
   * Of the steps after the first of their episode: the action equals the action one step before. null without such a
   * step.
   */
  readonly repeated: number | null;
  /** Of the same steps: the episode has taken an equal action in a state with this hash before. */
  readonly repeatedInState: number | null;
  /** Of all steps: the state hash after the action is the one before it. */
  readonly noEffect: number;
}

/**
 * A text that equal actions share. In slots with meanings all tokens count, because the first three do not distinguish
 * two places of one kind. In a text memory marks do not count, because a second try has other marks.
 */
function identityOf(list: StateList, row: number): string {
  const { shape, actionFeatures, actionOffsets } = list;
  if (shape.form === 'vector' || shape.layout === 'sequence') return actionWords(list, row);
  return actionFeatures.subarray(actionOffsets[row], actionOffsets[row + 1]).join(' ');
}

/** The rates of a rollout with at least one step. */
export function actionRates(rollout: Rollout): ActionRates {
  const { states, episode, step, taken, hash, nextHash } = rollout;
  const last: string[] = [];
  const seen: Set<string>[] = [];
  let [later, repeated, repeatedInState, noEffect] = [0, 0, 0, 0];
  // The states of an episode follow each other in the order of its steps.
  for (let s = 0; s < states.states; s++) {
    const e = episode[s];
    const action = identityOf(states, states.rowOffsets[s] + taken[s]);
    const inState = `${hash[s]} ${action}`;
    if (step[s] === 0) seen[e] = new Set();
    else {
      later++;
      if (action === last[e]) repeated++;
      if (seen[e].has(inState)) repeatedInState++;
    }
    if (nextHash[s] === hash[s]) noEffect++;
    last[e] = action;
    seen[e].add(inState);
  }
  return {
    repeated: later === 0 ? null : repeated / later,
    repeatedInState: later === 0 ? null : repeatedInState / later,
    noEffect: noEffect / states.states,
  };
}
