/**
 * How much each training sample changes log pi of one action, to first order: TracIn (Pruthi et al. 2020, arXiv
 * 2002.08484). At one checkpoint a plain gradient step on c log pi(a_i | s_i) changes log pi(a | s) by c <g, g_i>, with
 * g = d log pi(a | s) / d parameters and g_i that of the sample. The influence of a sample is the sum over checkpoints.
 */
import type { Policy } from '../engine/policy/policy.ts';
import { appendStates, createStateList, type StateList } from '../engine/states/stateList.ts';
import { gramTotal } from './gram.ts';
import type { Samples } from './samples.ts';

/** One sample with a list of its own, which holds its state alone. */
export function copySample(from: StateList, state: number, action: number): Samples {
  const list = createStateList(from.shape, 1);
  appendStates(list, from, state, 1);
  return { list, states: [0], taken: [action] };
}

/** Key of a sample: equal states (`first`) with the same action have one gradient. */
function distinctSamples(
  { list, states, taken }: Samples,
  first: ArrayLike<number>,
): { readonly samples: Samples; readonly place: Int32Array } {
  const places = new Map<number, number>();
  const kept: number[] = [];
  const place = new Int32Array(states.length);
  for (let i = 0; i < states.length; i++) {
    // The row of the action in the first equal state.
    const row = list.rowOffsets[first[states[i]]] + taken[i];
    const known = places.get(row) ?? kept.length;
    if (known === kept.length) {
      places.set(row, known);
      kept.push(i);
    }
    place[i] = known;
  }
  const samples = { list, states: kept.map((i) => first[states[i]]), taken: kept.map((i) => taken[i]) };
  return { samples, place };
}

/**
 * f64[samples]: coefficient[i] * <g, g_i> under `policy.weights`, which must be prepared. Gradients are those of log pi
 * at temperature 1 by all parameters.
 *
 * @param target one sample, the explained action
 * @param first i32[list.states]: for each state of the samples' list the first equal state
 * @param coefficients f64[samples]: factor of log pi of the sample in the objective, times the step size
 * @throws as `gramMatrix` does
 */
export function influences(
  policy: Policy,
  target: Samples,
  samples: Samples,
  first: ArrayLike<number>,
  coefficients: Float64Array,
): Float64Array {
  const distinct = distinctSamples(samples, first);
  const products = gramTotal(policy, policy.weights, target, distinct.samples);
  return coefficients.map((coefficient, i) => coefficient * products[distinct.place[i]]);
}
