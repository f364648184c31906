/** The term `decouple` in the danger-zone experiment. */

import { choleskySolver } from '../../coupling/choleskySolver.ts';
import { gramTotal } from '../../coupling/gram.ts';
import { decoupleAdvantages } from '../../coupling/remedies/decouple.ts';
import type { LossSet } from '../../engine/learn/shards.ts';
import type { Policy } from '../../engine/policy/policy.ts';

/**
 * The set with decoupled advantages under the present weights of the policy; without a lambda the set itself. The
 * minibatch is the whole set. Samples whose advantage is 0 are left out of the matrix.
 */
export function decoupledSet(policy: Policy, set: LossSet, decoupleLambda: number | undefined): LossSet {
  if (decoupleLambda === undefined) return set;
  const { list, order } = set;
  const states = order.filter((n) => set.advantage[n] !== 0);
  if (states.length === 0) return set;
  const taken = Int32Array.from(states, (n) => set.taken[n]);
  const gram = gramTotal(policy, policy.weights, { list, states, taken });
  const asked = Float64Array.from(states, (n) => set.advantage[n]);
  const decoupled = decoupleAdvantages(choleskySolver(policy.arena), gram, asked, null, decoupleLambda);
  const advantage = set.advantage.slice();
  for (const [i, n] of states.entries()) advantage[n] = decoupled.advantage[i];
  return { ...set, advantage };
}
