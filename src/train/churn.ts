/**
 * The churn penalty of a run (`churnCoef`): an update should not change the policy in states that it does not train on.
 * The change that an update makes is known only after it: KL(policy before update n || policy) has gradient 0 at update
 * n. The penalty therefore acts on the change of the previous update, with KL(policy before update n - 1 || policy).
 */
import type { Config } from '../config/config.ts';
import { churnLoss } from '../engine/learn/churnLoss.ts';
import type { WholeLoss } from '../engine/learn/update.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { Rollout } from '../rollout/rollout.ts';

/** Distinct states with the share of steps that each represents. */
export interface ReferenceStates {
  readonly states: Int32Array;
  readonly weights: Float32Array;
}

/**
 * The reference batch of an update: steps of the rollout whose state is in neither minibatch, the present one or that
 * of the previous update, whose change was intended. The steps are taken from the permutation of the pass, from the end
 * of the present minibatch on and then from its start, up to as many as the minibatch has.
 *
 * @param shuffled the permutation of the steps, of which steps [from, to) are the minibatch
 * @param previous steps of the minibatch of the previous update
 * @param first first equal state of each step
 * @returns null if no step is left
 */
export function referenceStates(
  shuffled: Int32Array,
  [from, to]: readonly [from: number, to: number],
  previous: Int32Array,
  first: Int32Array,
): ReferenceStates | null {
  const trained = new Uint8Array(first.length);
  for (const step of previous) trained[first[step]] = 1;
  for (let i = from; i < to; i++) trained[first[shuffled[i]]] = 1;
  const counts = new Map<number, number>();
  let taken = 0;
  for (let i = 0; i < shuffled.length && taken < to - from; i++) {
    const state = first[shuffled[(to + i) % shuffled.length]];
    if (trained[state]) continue;
    counts.set(state, (counts.get(state) ?? 0) + 1);
    taken++;
  }
  if (taken === 0) return null;
  return { states: Int32Array.from(counts.keys()), weights: Float32Array.from(counts.values(), (n) => n / taken) };
}

/** The state of the penalty within one iteration. */
export interface Churn {
  /** Starts an iteration: its first update has no previous one, and so no penalty. */
  begin(): void;
  /** Call it before each update: keeps the weights. */
  remember(): void;
  /** Address of the weights before the previous update, prepared. */
  earlier(): number;
  /**
   * Returns the function that makes the penalties of the updates of an iteration, in their order: of the minibatch
   * `part`, a subarray of the permutation of its pass. null for an update without a penalty.
   */
  penalties(rollout: Pick<Rollout, 'states' | 'first'>): (shuffled: Int32Array, part: Int32Array) => WholeLoss | null;
  /** Mean divergence over the updates of the iteration that had a penalty; null if none had. */
  mean(): number | null;
}

/** Allocates two weight vectors in the policy's arena; null if `churnCoef` is 0. */
export function createChurn(config: Pick<Config, 'churnCoef' | 'temperature'>, policy: Policy): Churn | null {
  const { churnCoef: coef, temperature } = config;
  if (coef === 0) return null;
  const { arena, network, weights } = policy;
  let earlier = arena.floats(network.vectorSize);
  let present = arena.floats(network.vectorSize);
  let divergences: number[] = [];
  return {
    begin() {
      divergences = [];
    },
    remember() {
      [earlier, present] = [present, earlier];
      // With the derived tables, so that the copy is prepared.
      arena.copy(present, weights, network.vectorSize * 4);
    },
    earlier: () => earlier,
    penalties({ states: list, first }) {
      let previous: Int32Array | null = null;
      return (shuffled, part) => {
        const from = (part.byteOffset - shuffled.byteOffset) / part.BYTES_PER_ELEMENT;
        const reference = previous && referenceStates(shuffled, [from, from + part.length], previous, first);
        previous = part;
        if (reference === null) return null;
        const set = { list, ...reference, coef, temperature };
        return churnLoss(
          set,
          () => earlier,
          (divergence) => divergences.push(divergence),
        );
      };
    },
    mean: () => (divergences.length === 0 ? null : divergences.reduce((sum, x) => sum + x, 0) / divergences.length),
  };
}
