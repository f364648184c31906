/** Log-probabilities of states as they come: each distinct state is computed once, whichever episodes meet in it. */
import type { Step } from '../env/environment.ts';
import { cutBatches, loadStates } from '../policy/load.ts';
import { drawActions, finiteLogProbs, type Policy } from '../policy/policy.ts';
import { clearStateIndex, createStateIndex, firstEqual, type StateIndex } from './repeats.ts';
import { clearStates, grown, pushState, type StateList } from './states.ts';

/** Holds for one version of the weights and one temperature. */
export interface Scores {
  readonly list: StateList;
  readonly index: StateIndex;
  /** f32[action rows of the list], known for states that are the first of their kind. */
  logProbs: Float32Array;
  /** The first of their kind that wait for theirs. */
  waiting: Int32Array;
  waitingCount: number;
}

export function createScores(list: StateList): Scores {
  return {
    list,
    index: createStateIndex(),
    logProbs: new Float32Array(0),
    waiting: new Int32Array(256),
    waitingCount: 0,
  };
}

/** Forgets all states. */
export function clearScores(scores: Scores): void {
  clearStates(scores.list);
  clearStateIndex(scores.index);
  scores.waitingCount = 0;
}

/**
 * Appends a state to the list.
 *
 * @returns the number of the first state like it, its own where it is new
 * @throws what `pushState` throws
 */
export function addState(
  scores: Scores,
  observation: Step['observation'],
  admissibleActions: Step['info']['admissibleActions'],
): number {
  const { list } = scores;
  const s = list.states;
  pushState(list, observation, admissibleActions);
  const first = firstEqual(scores.index, list, s);
  if (first === s) {
    scores.waiting = grown(scores.waiting, scores.waitingCount + 1);
    scores.waiting[scores.waitingCount++] = s;
  }
  return first;
}

/**
 * Computes what waits, batch by batch.
 *
 * @throws if a log-probability is not finite
 */
export function scoreWaiting(policy: Policy, scores: Scores, temperature: number): void {
  const { arena, network } = policy;
  const { list } = scores;
  const order = scores.waiting.subarray(0, scores.waitingCount);
  scores.logProbs = grown(scores.logProbs, list.actions);
  let from = 0;
  for (const to of cutBatches(list, order, network.batch.capacity)) {
    loadStates(arena, network.batch, list, order, from, to);
    finiteLogProbs(policy, policy.weights, temperature);
    const { f32 } = arena;
    let at = policy.logProbs >> 2;
    for (let i = from; i < to; i++) {
      const end = list.rowOffsets[order[i] + 1];
      for (let row = list.rowOffsets[order[i]]; row < end; row++) scores.logProbs[row] = f32[at++];
    }
    from = to;
  }
  scores.waitingCount = 0;
}

/** Where draws go: the action and its log-probability of each state, from index `at` on. */
export interface Draws {
  readonly taken: Int32Array;
  readonly logProb: Float32Array;
}

/**
 * Draws an action for each of the states `first[0..count)`, whose log-probabilities are known; the batch of the policy is lost.
 *
 * @param key of the stream; see `streamKey`
 * @param counters of each draw
 */
export function drawScored(
  policy: Policy,
  { list, logProbs }: Scores,
  first: Int32Array,
  count: number,
  key: readonly [number, number],
  counters: Int32Array,
  draws: Draws,
  at: number,
): void {
  const { arena, network } = policy;
  const { rowOffsets, capacity } = network.batch;
  const { i32, f32 } = arena;
  const offsetsAt = rowOffsets >> 2;
  const logProbsAt = policy.logProbs >> 2;
  const countersAt = policy.indices >> 2;
  const takenAt = policy.taken >> 2;
  const takenLogProbAt = policy.takenLogProb >> 2;
  i32[offsetsAt] = 0;
  let from = 0;
  let row = 0;
  for (let i = 0; i < count; i++) {
    const end = list.rowOffsets[first[i] + 1];
    for (let r = list.rowOffsets[first[i]]; r < end; r++) f32[logProbsAt + row++] = logProbs[r];
    const n = i + 1 - from;
    i32[offsetsAt + n] = row;
    i32[countersAt + n - 1] = counters[i];
    const next = i + 1 < count ? list.rowOffsets[first[i + 1] + 1] - list.rowOffsets[first[i + 1]] : 0;
    if (i + 1 < count && n < capacity.states && row + next <= capacity.actions) continue;
    drawActions(policy, n, key);
    for (let j = 0; j < n; j++) {
      draws.taken[at + from + j] = i32[takenAt + j];
      draws.logProb[at + from + j] = f32[takenLogProbAt + j];
    }
    from = i + 1;
    row = 0;
  }
}
