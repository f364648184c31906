/** The advantage of each step of a rollout: the advantage of its episode, changed by the terms of the method. */

import type { Config } from '../config/config.ts';
import { termsOf } from '../config/method.ts';
import { anchorState } from '../credit/advantages/anchorState.ts';
import { generalized, standardized } from '../credit/advantages/generalized.ts';
import { labelAdvantages } from '../credit/advantages/labelAdvantages.ts';
import { moments } from '../credit/advantages/moments.ts';
import { rewardToGo } from '../credit/advantages/rewardToGo.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { stateValues } from '../engine/policy/values.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { type Normalizers, scaledRewards } from './normalizers.ts';

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

/** What `ppo` predicted of a rollout, and the rewards that it counts. */
export interface Predicted {
  /** f32[states] of the policy that played. */
  readonly values: Float32Array;
  /** f32[episodes]: value of the state after the last step of truncated episodes, else 0; null: 0 for all. */
  readonly last: Float32Array | null;
  /** f64[states]: the rewards, where they are normalised. */
  readonly reward: Float64Array;
}

/**
 * What `ppo` predicts of a rollout with the weights that played it.
 *
 * @param repeats i32[states]: for each state the first equal state
 * @param returns moments by which rewards are normalised, to which those of the rollout are added; null: they are not
 */
export function predict(
  policy: Policy,
  rollout: Rollout,
  repeats: Int32Array,
  returns: Normalizers['returns'],
  { gaeDiscount }: Pick<Config, 'gaeDiscount'>,
): Predicted {
  const { finals, states } = rollout;
  let last: Float32Array | null = null;
  if (finals) {
    const own = Int32Array.from({ length: finals.states.states }, (_, s) => s);
    last = new Float32Array(rollout.games.length);
    for (const [s, value] of stateValues(policy, finals.states, own).entries()) last[finals.episode[s]] = value;
  }
  const reward = returns ? scaledRewards(returns, rollout, gaeDiscount) : rollout.reward;
  return { values: stateValues(policy, states, repeats), last, reward };
}

/** Advantages of the steps of `grpo`: those of their episodes, or of their rewards to go. */
function groupAdvantages(rollout: Rollout, episodes: Float32Array, config: Config): Float32Array {
  if (config.returns === 'to-go') {
    return rewardToGo(rollout, config.numGenerations, config.discount, config.scaleRewards);
  }
  return Float32Array.from({ length: rollout.states.states }, (_, s) => episodes[rollout.episode[s]]);
}

/**
 * Advantages of the method's base: of the values with `ppo`, else those of the group, with `gigpo` plus gigpoCoef times
 * the step's own.
 */
function baseAdvantages(
  rollout: Rollout,
  episodes: Float32Array,
  predicted: Predicted | null,
  config: Config,
): StepAdvantages {
  if (predicted) {
    const { values, last, reward } = predicted;
    const steps = { episode: rollout.episode, reward };
    const { advantages, targets } = generalized(steps, values, config.gaeDiscount, config.gaeLambda, last);
    return { advantage: standardized(advantages), values: { old: values, target: targets } };
  }
  const advantage = groupAdvantages(rollout, episodes, config);
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
 * @param predicted with `ppo`; else null
 */
export function stepAdvantages(
  rollout: Rollout,
  episodes: Float32Array,
  labels: Int8Array,
  predicted: Predicted | null,
  config: Config,
): StepAdvantages {
  const base = baseAdvantages(rollout, episodes, predicted, config);
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
