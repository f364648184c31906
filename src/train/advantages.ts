/** The advantage of each step of a rollout: the advantage of its episode, changed by the terms of the method. */

import type { Config } from '../config/config.ts';
import { termsOf } from '../config/method.ts';
import { anchorState } from '../credit/advantages/anchorState.ts';
import { generalized, standardized } from '../credit/advantages/generalized.ts';
import { labelAdvantages } from '../credit/advantages/labelAdvantages.ts';
import { moments } from '../credit/advantages/moments.ts';
import type { Rollout } from '../rollout/rollout.ts';

/**
 * f32[states] each: predicted values of the states when their episodes were played, and the targets of these values.
 */
export interface StateValues {
  readonly old: Float32Array;
  readonly target: Float32Array;
}

export interface StepAdvantages {
  /** f32[states] */
  readonly advantage: Float32Array;
  /** null without `ppo`. */
  readonly values: StateValues | null;
}

/**
 * Advantages of the method's base: of the values with `ppo`, else those of episodes, with `gigpo` plus gigpoCoef times
 * the step's own.
 */
function baseAdvantages(
  rollout: Rollout,
  episodes: Float32Array,
  values: Float32Array | null,
  config: Config,
): StepAdvantages {
  if (values) {
    const { advantages, targets } = generalized(rollout, values, config.gaeDiscount, config.gaeLambda);
    return { advantage: standardized(advantages), values: { old: values, target: targets } };
  }
  const advantage = new Float32Array(rollout.states.states);
  for (let s = 0; s < advantage.length; s++) advantage[s] = episodes[rollout.episode[s]];
  if (!termsOf(config.method).includes('gigpo')) return { advantage, values: null };
  const own = anchorState(rollout, config.numGenerations, config.gigpoDiscount, config.scaleRewards);
  return { advantage: advantage.map((a, s) => a + config.gigpoCoef * own[s]), values: null };
}

/**
 * The advantage of each step. With `label-advantages` the label of the action taken is added as 1 or -1, or replaces
 * the advantage.
 *
 * @param episodes f32[episodes], group-relative advantages
 * @param labels i8[action rows]
 * @param values f32[states] of the policy that played, with `ppo`; else null
 */
export function stepAdvantages(
  rollout: Rollout,
  episodes: Float32Array,
  labels: Int8Array,
  values: Float32Array | null,
  config: Config,
): StepAdvantages {
  const base = baseAdvantages(rollout, episodes, values, config);
  if (!termsOf(config.method).includes('label-advantages')) return base;
  const ofLabels = labelAdvantages(rollout, labels);
  const advantage = config.labelAdvantages === 'instead' ? ofLabels : base.advantage.map((a, s) => a + ofLabels[s]);
  return { ...base, advantage };
}

/** Explained variance: 1 - var(targets - values) / var(targets); null where the targets do not vary. */
export function explainedVariance({ old, target }: StateValues): number | null {
  const { std } = moments(target, 0, target.length);
  const unknown =
    moments(
      target.map((t, s) => t - old[s]),
      0,
      target.length,
    ).std / std;
  return std > 0 ? 1 - unknown * unknown : null;
}
