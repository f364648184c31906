/**
 * State values of policies with a value head: V(s) is the mean of w_v . e(s, a) + b over the admissible actions, or
 * w_v . v(s) + b where the values have a network of their own.
 */
import { index32 } from '../kernels/address.ts';
import type { Network, Tensor } from '../layers/network.ts';
import { cutBatches, loadStates } from '../states/loadBatch.ts';
import type { StateList } from '../states/stateList.ts';
import type { Policy } from './policy.ts';

/** The rows of the value head that state number `n` of the batch has: one, or one for each admissible action. */
export function valueRows({ arena, batch }: Network, head: Tensor, n: number): readonly [from: number, to: number] {
  if (head.rows === 'state') return [n, n + 1];
  const { i32 } = arena;
  const at = index32(batch.rowOffsets) + n;
  return [i32[at], i32[at + 1]];
}

/** Returns the value of state number `n` of the batch after a forward pass: the mean of its rows of the value head. */
export function batchValue(network: Network, head: Tensor, n: number): number {
  const { f32 } = network.arena;
  const [from, to] = valueRows(network, head, n);
  let sum = 0;
  for (let row = from; row < to; row++) sum += f32[index32(head.value) + row];
  return sum / (to - from);
}

/**
 * Returns the values of the states of a list under the weights of the policy.
 *
 * @param repeats i32[states]: for each state the first equal state. Equal states are computed once
 * @returns f32[states]
 * @throws if the policy has no value head, or a value is not finite
 */
export function stateValues(policy: Policy, list: StateList, repeats: Int32Array): Float32Array {
  const { arena, network, weights } = policy;
  const { batch, heads } = network;
  if (!heads.value)
    throw new Error('stateValues: the policy must have a value head, got none; build it with valueHead');
  const values = new Float32Array(list.states);
  const order = Int32Array.from({ length: list.states }, (_, s) => s).filter((s) => repeats[s] === s);
  let from = 0;
  for (const to of cutBatches(list, order, batch.capacity)) {
    loadStates(arena, batch, list, order, from, to);
    network.forward(weights);
    for (let n = 0; n < to - from; n++) {
      const value = batchValue(network, heads.value, n);
      if (!Number.isFinite(value)) {
        throw new Error(
          `stateValues: values must be finite, got ${value}; resume from an earlier checkpoint with a lower learningRate or valueCoef`,
        );
      }
      values[order[from + n]] = value;
    }
    from = to;
  }
  return values.map((_, s) => values[repeats[s]]);
}
