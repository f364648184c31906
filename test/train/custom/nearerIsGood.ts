/** Labels for the corridor: moving towards the goal is good. It counts its rollouts, to have a memory. */
import type { CustomLabelSource } from '../../../src/credit/labels/custom.ts';

export default function nearerIsGood(): CustomLabelSource {
  let rollouts = 0;
  return {
    label({ states }) {
      rollouts++;
      return Int8Array.from({ length: states.actions }, (_, row) => {
        const state = states.rowOffsets.findLastIndex((offset, s) => s < states.states && offset <= row);
        const right = states.actionFeatures[states.actionOffsets[row]] === 1;
        return Number(right === states.vectors[state * states.shape.vectorWidth + 8] > 0);
      });
    },
    save: () => ({ rollouts: Float64Array.of(rollouts) }),
    restore(saved) {
      rollouts = saved.rollouts[0];
    },
  };
}
