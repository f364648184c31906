/** Labels as advantages: a control that tests whether the labels also improve a policy gradient. */
import type { Rollout } from '../../rollout/rollout.ts';

/**
 * 1 where the action taken is labelled good, -1 where it is labelled bad, 0 where it has no label.
 *
 * @param labels i8[action rows]
 * @returns f32[states]
 */
export function labelAdvantages({ states, taken }: Pick<Rollout, 'states' | 'taken'>, labels: Int8Array): Float32Array {
  return Float32Array.from({ length: states.states }, (_, s) => {
    const label = labels[states.rowOffsets[s] + taken[s]];
    return label < 0 ? 0 : 2 * label - 1;
  });
}
