/** A source of labels of a user's own: what is left out gets a default, and what it returns is checked. */
import { checkObject, refuse } from '../../check/values.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import type { Labelling, LabelSource } from './labels.ts';
import { flipLabels } from './noise.ts';

/** See `LabelSource`. `save` and `restore` are needed only by a source with a memory, and only together. */
export interface CustomLabelSource {
  /**
   * Labels the candidate actions of a rollout: i8[rollout.states.actions], 1 good, 0 bad, -1 no label. Action rows of
   * state s are `rollout.states.rowOffsets[s]` up to `rowOffsets[s + 1]`.
   *
   * @param advantages f32[episodes]
   * @param iteration from 1
   * @returns the labels, or an object with them, the environment steps that they took, and the weight in [0, 1] of
   *   their losses
   */
  label(
    rollout: Rollout,
    advantages: Float32Array,
    iteration: number,
  ): Int8Array | Partial<Labelling> | Promise<Int8Array | Partial<Labelling>>;
  /** What a resumed run needs. */
  save?(): Record<string, Float64Array>;
  /** Takes back what `save` returned. */
  restore?(saved: Record<string, Float64Array>): void;
}

const caller = 'labelSource';

function checkLabels(labels: unknown, actions: number): Int8Array {
  if (!(labels instanceof Int8Array && labels.length === actions)) {
    refuse(
      caller,
      'labels',
      `an Int8Array of ${actions} labels, one for each action row`,
      labels,
      'size it by rollout.states.actions',
    );
  }
  for (const label of labels) {
    if (label < -1 || label > 1) refuse(caller, 'labels', '1 (good), 0 (bad) or -1 (no label)', label, 'check label()');
  }
  return labels;
}

/**
 * The complete source, with the noise of the config.
 *
 * @throws if `label` is no function, or only one of `save` and `restore` is there; when it labels, if it returns
 *   anything else
 */
export function completeLabelSource(
  given: CustomLabelSource,
  config: { readonly labelNoise: number; readonly seed: number },
): LabelSource {
  checkObject(caller, 'the source', given, 'return an object with a label function');
  if (typeof given.label !== 'function') refuse(caller, 'label', 'a function', given.label, 'implement it');
  if ((given.save === undefined) !== (given.restore === undefined)) {
    const [there, missing] = given.save === undefined ? ['restore', 'save'] : ['save', 'restore'];
    refuse(caller, missing, `a function beside ${there}`, undefined, 'a source with a memory needs both');
  }
  return {
    async label(rollout, advantages, iteration) {
      const result = await given.label(rollout, advantages, iteration);
      checkObject(caller, 'the result of label', result, 'return an Int8Array');
      const { labels, envSteps = 0, weight = 1 } = result instanceof Int8Array ? { labels: result } : result;
      if (!(Number.isSafeInteger(envSteps) && envSteps >= 0)) {
        refuse(caller, 'envSteps', 'an integer >= 0', envSteps, 'return the environment steps that the labels took');
      }
      if (!(weight >= 0 && weight <= 1)) refuse(caller, 'weight', 'in [0, 1]', weight, 'leave it out for 1');
      const checked = checkLabels(labels, rollout.states.actions);
      return { labels: flipLabels(checked, config.labelNoise, config.seed, iteration), envSteps, weight };
    },
    save: () => given.save?.() ?? {},
    restore: (saved) => given.restore?.(saved),
  };
}
