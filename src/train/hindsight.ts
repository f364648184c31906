/**
 * Relabelled episodes in an update (`hindsight`): the losses of classifier and cloning act on their labelled states.
 * They have no policy loss, because no policy sampled their actions under the new goals.
 */

import type { Config } from '../config/config.ts';
import { labelQuality } from '../credit/labels/quality.ts';
import { cloningWeights, countLabels } from '../engine/learn/lossSet.ts';
import { balancedWeights } from '../engine/learn/objective.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { findRepeats } from '../engine/states/repeats.ts';
import type { Hindsight } from '../rollout/hindsight.ts';
import type { Rollout } from '../rollout/rollout.ts';

/** The states of relabelled episodes, ready for an update. */
export interface RelabelledStates {
  readonly rollout: Rollout;
  /** i8[action rows]: 1 good, 0 bad, -1 no label. */
  readonly labels: Int8Array;
  /** First equal state of each state; see `findRepeats`. */
  readonly repeats: Int32Array;
  /** f32[states] of zeros: the policy loss of these states is 0. */
  readonly zeros: Float32Array;
}

export function relabelledStates(rollout: Rollout, labels: Int8Array): RelabelledStates {
  const { states } = rollout;
  return { rollout, labels, repeats: findRepeats(states, labels), zeros: new Float32Array(states.states) };
}

/** The cloning weights of two sets as if they were one: 1 / (number of states with a good action in both). */
function joinedWeights(first: Float32Array, second: Float32Array): [Float32Array, Float32Array] {
  const count = [first, second].reduce((sum, weights) => sum + weights.reduce((n, w) => n + (w > 0 ? 1 : 0), 0), 0);
  const joined = (weights: Float32Array): Float32Array => weights.map((w) => (w > 0 ? 1 / count : 0));
  return [joined(first), joined(second)];
}

/**
 * The set of an update and a second one with relabelled states, on which the label losses alone act. Both have the
 * weights that they would have as one set: each labelled action row, and each state with a good action, counts once.
 *
 * @param own set of the rollout
 * @param order relabelled states of this update
 * @param coefs weights of the label losses; 0 for a term that the method lacks
 */
export function withRelabelled(
  own: LossSet,
  { rollout, labels, repeats, zeros }: RelabelledStates,
  order: Int32Array,
  { cloningCoef, classifierCoef }: Pick<Config, 'cloningCoef' | 'classifierCoef'>,
): [LossSet, LossSet] {
  const list = rollout.states;
  const both = [countLabels(own.list, own.labels as Int8Array, own.order), countLabels(list, labels, order)];
  const good = both.reduce((sum, counts) => sum + counts.good, 0);
  const labelled = both.reduce((sum, counts) => sum + counts.labelled, 0);
  const balanced = balancedWeights(good, labelled, classifierCoef);
  const [ownCloning, cloning] = own.cloningWeight
    ? joinedWeights(own.cloningWeight, cloningWeights(list, labels, order))
    : [null, null];
  const { temperature } = own.settings;
  return [
    { ...own, cloningWeight: ownCloning, settings: { ...own.settings, ...balanced } },
    {
      ...{ list, order, labels, repeats, taken: rollout.taken, oldLogProb: zeros, refLogProb: null, advantage: zeros },
      weight: new Float32Array(order.length),
      cloningWeight: cloning,
      settings: { epsilon: 1, epsilonHigh: 1, beta: 0, entropyCoef: 0, temperature, cloningCoef, ...balanced },
    },
  ];
}

/** The metrics of the relabelled episodes of an iteration. */
export function hindsightMetrics(
  { share }: Hindsight,
  { rollout, labels }: RelabelledStates,
): Readonly<Record<string, number>> {
  const { accuracy } = labelQuality(labels, rollout.expert);
  return {
    ...(share !== null && { 'hindsight/relabelled': share }),
    'hindsight/states': rollout.states.states,
    ...(accuracy !== null && { 'hindsight/accuracy': accuracy }),
  };
}
