/** Samples (s, a) of a policy, and the backward pass of log pi(a | s) over them. */

import { checkObject, isInteger, isList, refuse, shown } from '../check/values.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { Rows } from '../engine/layers/network.ts';
import { clearOtherHeads } from '../engine/policy/heads.ts';
import { finiteLogProbs, type Policy } from '../engine/policy/policy.ts';
import { cutBatches, loadStates } from '../engine/states/loadBatch.ts';
import type { StateList } from '../engine/states/stateList.ts';
import type { Pieces } from '../eventLoop.ts';

/** Samples (s, a): indices into a list of states and, for each state, the index of the action among its candidates. */
export interface Samples {
  readonly list: StateList;
  readonly states: ArrayLike<number>;
  readonly taken: ArrayLike<number>;
}

/** Number of rows that a state of the list has in a tensor with this kind of rows. */
export function rowsOfState(list: StateList, state: number, rows: Rows): number {
  const actions = list.rowOffsets[state + 1] - list.rowOffsets[state];
  if (rows === 'state') return 1;
  if (rows === 'stateSlot') return list.shape.stateSlots;
  return rows === 'action' ? actions : actions * list.shape.actionSlots;
}

export function totalRows({ list, states }: Pick<Samples, 'list' | 'states'>, rows: Rows): number {
  let total = 0;
  for (let i = 0; i < states.length; i++) total += rowsOfState(list, states[i], rows);
  return total;
}

/** @throws if samples are empty or name a state or an action that does not exist */
export function checkSamples(samples: Samples): void {
  checkObject('gramMatrix', 'samples', samples, 'pass { list, states, taken }');
  const { list, states, taken } = samples;
  checkObject('gramMatrix', 'samples.list', list, 'create it with createStateList and pushState');
  for (const [name, indices] of Object.entries({ states, taken })) {
    if (!isList(indices))
      refuse('gramMatrix', `samples.${name}`, 'an array of integers', indices, 'pass one per sample');
  }
  if (states.length === 0)
    throw new RangeError('gramMatrix: samples must not be empty, got 0; raise the number of samples');
  if (taken.length !== states.length) {
    throw new RangeError(`gramMatrix: taken must have ${states.length} elements as states has, got ${taken.length}`);
  }
  for (let i = 0; i < states.length; i++) {
    if (!isInteger(states[i], 0, list.states - 1)) {
      throw new RangeError(`gramMatrix: states must be in [0, ${list.states}), got ${shown(states[i])}`);
    }
    const actions = rowsOfState(list, states[i], 'action');
    if (!isInteger(taken[i], 0, actions - 1)) {
      throw new RangeError(
        `gramMatrix: taken must be in [0, ${actions}) for state ${states[i]}, got ${shown(taken[i])}`,
      );
    }
  }
}

/** Samples number `from` to `to` - 1. */
export function sliceSamples({ list, states, taken }: Samples, from: number, to: number): Samples {
  const part = (all: ArrayLike<number>): Int32Array => {
    const list = new Int32Array(to - from);
    for (let i = from; i < to; i++) list[i - from] = all[i];
    return list;
  };
  return { list, states: part(states), taken: part(taken) };
}

/**
 * In pieces of one batch: the forward and backward passes of log pi(taken | state) over the samples. Each backward pass
 * adds its gradients to the vector at address `g` unless `g` is 0. After each backward pass this calls `visit` with the
 * number of the batch's first sample.
 */
export function* gradientBatches(
  policy: Policy,
  weights: number,
  samples: Samples,
  g: number,
  visit: (first: number) => void,
): Pieces<void> {
  const { network, arena } = policy;
  const { batch, heads } = network;
  let from = 0;
  for (const to of cutBatches(samples.list, samples.states, batch.capacity)) {
    loadStates(arena, batch, samples.list, samples.states, from, to);
    finiteLogProbs(policy, weights);
    for (let i = from; i < to; i++) arena.i32[index32(policy.taken) + i - from] = samples.taken[i];
    arena.kernels.logProbGradient(batch.states, batch.rowOffsets, policy.logProbs, policy.taken, heads.logit.grad);
    clearOtherHeads(network);
    network.backward(weights, g);
    visit(from);
    yield to - from;
    from = to;
  }
}
