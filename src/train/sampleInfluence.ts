/** How the samples of an iteration's updates change log pi of one action, to first order. */
import type { Config } from '../config/config.ts';
import { influences } from '../coupling/influence.ts';
import type { Samples } from '../coupling/samples.ts';
import type { NextUpdates } from './iterations.ts';
import { stepAfter } from './takeUpdates.ts';

/**
 * f64[states of the rollout]: the sum over the updates of learning rate * weight in the policy loss * advantage. At
 * probability ratio 1 a plain gradient step on the policy loss moves the parameters by this number times d log pi(taken
 * | state) / d parameters.
 */
export function stepCoefficients({ tasks, learner, rollout }: NextUpdates, config: Config): Float64Array {
  const coefficients = new Float64Array(rollout.states.states);
  for (const [i, task] of tasks.entries()) {
    const { learningRate } = stepAfter(config, learner.updates + i);
    const { order, weight, advantage } = task.sets[0];
    for (let k = 0; k < order.length; k++) coefficients[order[k]] += learningRate * weight[k] * advantage[order[k]];
  }
  return coefficients;
}

/**
 * f64[states of the rollout]: the influence of each sample of the rollout on log pi of the target, in nats to first
 * order. Steps of AdamW have another length and direction; clipping, entropy bonus and label losses are left out.
 *
 * @param target one sample
 */
export function sampleInfluences(next: NextUpdates, config: Config, target: Samples): Float64Array {
  const { rollout, learner } = next;
  const coefficients = stepCoefficients(next, config);
  // A sample with advantage 0 changes nothing.
  const active = Array.from(coefficients.keys()).filter((s) => coefficients[s] !== 0);
  const out = new Float64Array(coefficients.length);
  if (active.length === 0) return out;
  const samples = { list: rollout.states, states: active, taken: active.map((s) => rollout.taken[s]) };
  const own = Float64Array.from(active, (s) => coefficients[s]);
  const found = influences(learner.policy, target, samples, rollout.first, own);
  for (const [i, s] of active.entries()) out[s] = found[i];
  return out;
}
