/** Soft behaviour cloning: a policy that takes the bad action with a probability of choice. */
import { type Learner, type LossSet, resetOptimizer, update } from '../train/update.ts';
import type { TwoStates } from './twoStates.ts';

/** p(good | s) at the start. */
const GOOD_START = 0.35;

const UPDATES = 250;

/** States of each kind per update, and updates until all observations have been shown. */
const SHOWN = 36;
const CYCLE = 12;

/** Observations of each state that `softStart` needs. */
export const CLONED = SHOWN * CYCLE;

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: Infinity };

const settings = {
  epsilon: 1,
  epsilonHigh: 1,
  beta: 0,
  entropyCoef: 0,
  temperature: 1,
  cloningCoef: 1,
  goodWeight: 0,
  badWeight: 0,
};

/**
 * Trains new weights until p(action 0 | s') is about `start` and p(action 0 | s) about 0.35, the other actions sharing the rest alike.
 *
 * The loss is the cross-entropy sum_a t(a) * -log pi(a | x) to those targets t, meant over s and s'. Each update shows equally many
 * states with each action, weighted by A t(a), and each state meets every action in turn, which has that loss as its mean.
 */
export function softStart(learner: Learner, states: TwoStates, start: number): void {
  const { policy } = learner;
  const { network, weights } = policy;
  const { cloning: list } = states;
  const { vocabularySize: actions } = list.shape;
  network.initialise(weights, states.seed);
  network.prepare(weights);
  resetOptimizer(learner);
  const target = (need: number, action: number): number => {
    const first = need === 1 ? start : GOOD_START;
    return action === 0 ? first : (1 - first) / (actions - 1);
  };
  const nothing = {
    taken: new Int32Array(list.states),
    oldLogProb: new Float32Array(list.states),
    refLogProb: null,
    advantage: new Float32Array(list.states),
    weight: new Float32Array(2 * SHOWN),
  };
  for (let step = 0; step < UPDATES; step++) {
    const turn = Math.floor(step / CYCLE);
    const order = new Int32Array(2 * SHOWN);
    const cloningWeight = new Float32Array(2 * SHOWN);
    const labels = new Int8Array(list.actions);
    for (let i = 0; i < 2 * SHOWN; i++) {
      const need = i < SHOWN ? 0 : 1;
      const s = need * CLONED + (step % CYCLE) * SHOWN + (i % SHOWN);
      const action = (s + turn) % actions;
      order[i] = s;
      labels[list.rowOffsets[s] + action] = 1;
      cloningWeight[i] = (actions * target(need, action)) / (2 * SHOWN);
    }
    const set: LossSet = { ...nothing, list, order, cloningWeight, labels, settings };
    update(learner, [set], null, adamw);
  }
}
