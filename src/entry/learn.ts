/**
 * A training loop of your own: states, log-probabilities, advantages, losses and AdamW steps on a policy.
 *
 * @module unbraid/learn
 */

export { type GroupRelative, groupRelative } from '../credit/advantages/groupRelative.ts';
export type { RewardScale } from '../credit/advantages/moments.ts';
export { type LossOptions, lossSet, type SampledSteps, updateChecked as update } from '../engine/learn/lossSet.ts';
export type { LossSettings, LossSums } from '../engine/learn/objective.ts';
export type { LossSet } from '../engine/learn/shards.ts';
export type { ScaledStep } from '../engine/learn/stepScale.ts';
export {
  type AdamwSettings,
  createLearner,
  type Learner,
  resetOptimizer,
  type UpdateStats,
} from '../engine/learn/update.ts';
export { loadParameters, parameterTensors } from '../engine/policy/parameters.ts';
export { actionKey, actionLogProbs, takenLogProbs } from '../engine/policy/policy.ts';
export { loadStates } from '../engine/states/loadBatch.ts';
export { clearStates, createStateList, inputShape, pushState, type StateList } from '../engine/states/stateList.ts';
export { type CollectOptions, collect } from '../rollout/collect.ts';
