/** What every step of a rollout counts for in the policy loss: its episode's advantage and what the method makes of it. */
import { anchorState } from '../advantage/anchorState.ts';
import { labelAdvantages } from '../advantage/labelAdvantages.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { Config } from './config.ts';
import { termsOf } from './method.ts';

/**
 * The advantage of each step: that of its episode, with `gigpo` plus gigpoCoef times its own among steps in the same state. With
 * `label-advantages` the label of the action taken is added to it, as 1 or -1, or put in its place.
 *
 * @param episodes f32[episodes], group-relative advantages
 * @param labels i8[action rows]
 * @returns f32[states]
 */
export function stepAdvantages(
  rollout: Rollout,
  episodes: Float32Array,
  labels: Int8Array,
  config: Config,
): Float32Array {
  const terms = termsOf(config.method);
  const steps = rollout.states.states;
  let advantage = Float32Array.from({ length: steps }, (_, s) => episodes[rollout.episode[s]]);
  if (terms.includes('gigpo')) {
    const own = anchorState(rollout, config.numGenerations, config.gigpoDiscount, config.scaleRewards);
    advantage = advantage.map((a, s) => a + config.gigpoCoef * own[s]);
  }
  if (!terms.includes('label-advantages')) return advantage;
  const ofLabels = labelAdvantages(rollout, labels);
  return config.labelAdvantages === 'instead' ? ofLabels : advantage.map((a, s) => a + ofLabels[s]);
}
