/** The term `decouple` in the danger-zone experiment. */

import { choleskySolver } from '../../coupling/choleskySolver.ts';
import { gramTotal } from '../../coupling/gram.ts';
import { decoupleAdvantages } from '../../coupling/remedies/decouple.ts';
import {
  type PairFeatures,
  type PairKind,
  permuteCosines,
  selectPairs,
} from '../../coupling/remedies/decouplePairs.ts';
import type { LossSet } from '../../engine/learn/shards.ts';
import type { Policy } from '../../engine/policy/policy.ts';
import type { RandomStream } from '../../random.ts';

/** Strength of the term and the pairs that it takes apart. */
export interface DecoupledPairs {
  readonly lambda: number;
  readonly pairs: PairKind;
}

/**
 * The set with decoupled advantages under the present weights of the policy. The minibatch is the whole set. Samples
 * whose advantage is 0 are left out of the matrix.
 *
 * @param features of all samples of the list, without their advantages
 * @param random permutes the cosines of the control `permuted`
 */
export function decoupledSet(
  policy: Policy,
  set: LossSet,
  { lambda, pairs }: DecoupledPairs,
  features: Omit<PairFeatures, 'advantage'>,
  random: RandomStream,
): LossSet {
  const { list, order } = set;
  const states = order.filter((n) => set.advantage[n] !== 0);
  if (states.length === 0) return set;
  const of = (values: ArrayLike<number>): Int32Array => Int32Array.from(states, (n) => values[n]);
  const measured = gramTotal(policy, policy.weights, { list, states, taken: of(set.taken) });
  const gram = pairs === 'permuted' ? permuteCosines(measured, states.length, random) : measured;
  const asked = Float64Array.from(states, (n) => set.advantage[n]);
  const own = { state: of(features.state), words: of(features.words), label: of(features.label), advantage: asked };
  const selected = selectPairs(pairs, own, gram);
  const decoupled = decoupleAdvantages(choleskySolver(policy.arena), gram, asked, selected, lambda);
  const advantage = set.advantage.slice();
  for (const [i, n] of states.entries()) advantage[n] = decoupled.advantage[i];
  return { ...set, advantage };
}
