/** Decides in which states the observation has a hint; `env/hints.ts` has its place in an observation. */
import { index32 } from '../engine/kernels/address.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { closeKnownStates, forgetStates, meetStates, openKnownStates } from '../engine/states/knownStates.ts';
import { grown, type StateList } from '../engine/states/stateList.ts';
import type { EnvironmentSpec, Step } from '../env/environment.ts';
import { stepWithHint } from '../env/hints.ts';
import { randomStream } from '../random.ts';
import { scoreBatches } from './scores.ts';

/** Adds hints to the observations that a policy receives. */
export interface Hints {
  /** The first `count` steps, with a hint where the rule of the spec holds. */
  show(steps: readonly Step[], count: number): readonly Step[];
  /** Ends the use; the weights and the temperature must be the same until then. */
  close(): void;
}

/** Number of states whose decision is kept. Above it all are removed, which costs only time. */
const KEPT_STATES = 8192;

/**
 * The probability with which the policy takes an action that its classifier thinks bad, for each state of the loaded
 * batch, whose scores are computed: the sum of π(a|s) over the actions with a logit of the classifier below 0. Sums are
 * in double precision and in the order of the actions.
 */
function badProbabilities({ arena, network, logProbs }: Policy, out: Float64Array): void {
  const { i32, f32, kernels } = arena;
  const [offsets, logP] = [index32(network.batch.rowOffsets), index32(logProbs)];
  const logits = index32(network.heads.classifier.value);
  for (let s = 0; s < network.batch.states; s++) {
    let sum = 0;
    for (let row = i32[offsets + s]; row < i32[offsets + s + 1]; row++) {
      if (f32[logits + row] < 0) sum += kernels.exp1(f32[logP + row]);
    }
    // The rounded probabilities of all actions can add up to a little more than 1.
    out[s] = Math.min(1, sum);
  }
}

/**
 * The hints of an environment with `spec.hint`, for play with these weights; null for other environments. A decision
 * depends on the observation without the hint and on the admissible actions alone, so it is the same in any batch and
 * on any thread.
 *
 * - `classifier`: the hint appears where the policy takes an action that its classifier thinks bad with a probability
 *   above the threshold. Both read the observation without the hint.
 * - `random`: the hint appears in a fixed pseudo-random set of states. The threshold is the probability with which a
 *   state belongs to the set.
 *
 * Do not call it inside an `arena.mark()` section.
 */
export function openHints(policy: Policy, spec: EnvironmentSpec, temperature: number): Hints | null {
  const { hint } = spec;
  if (hint === undefined) return null;
  const { arena, network } = policy;
  const known = openKnownStates(arena, spec);
  const bad = new Float64Array(Math.max(1, network.batch.capacity.states));
  let hinted = new Uint8Array(0);

  const decideByClassifier = (): void =>
    scoreBatches(policy, known, temperature, (at, count) => {
      badProbabilities(policy, bad);
      for (let i = 0; i < count; i++) hinted[arena.i32[index32(at) + i]] = bad[i] > hint.threshold ? 1 : 0;
    });
  const decideByState = (): void => {
    const { addresses } = known.arrays;
    for (let i = 0; i < known.waiting; i++) {
      const s = arena.i32[index32(addresses.waiting) + i];
      const hash = arena.i32[index32(addresses.hash) + s] >>> 0;
      hinted[s] = randomStream(hash, 'hint').uniform() < hint.threshold ? 1 : 0;
    }
    known.waiting = 0;
  };

  return {
    show(steps, count) {
      if (known.states > KEPT_STATES) forgetStates(known);
      const from = known.states;
      meetStates(known, steps, count);
      hinted = grown(hinted, known.states);
      if (hint.by === 'classifier') decideByClassifier();
      else decideByState();
      const first = index32(known.arrays.addresses.first) + from;
      return steps
        .slice(0, count)
        .map((step, i) => (hinted[arena.i32[first + i]] === 1 ? stepWithHint(spec, step) : step));
    },
    close: () => closeKnownStates(known),
  };
}

/** The share of the states of a list whose observation has a hint. */
export function hintShare({ shape, states, stateOffsets, stateFeatures, vectors }: StateList): number {
  const { form, vocabularySize, stateSlots, vectorWidth } = shape;
  let count = 0;
  for (let s = 0; s < states; s++) {
    // The hint is the last feature, and its token the last word: features are token * slots + slot here.
    const end = stateOffsets[s + 1];
    const isHinted =
      form === 'vector'
        ? vectors[(s + 1) * vectorWidth - 1] === 1
        : end > stateOffsets[s] && stateFeatures[end - 1] >= (vocabularySize - 1) * stateSlots;
    if (isHinted) count++;
  }
  return count / states;
}
