/**
 * The squeezing effect on three actions, one good and two bad (Ren and Sutherland, "Learning Dynamics of LLM
 * Finetuning", 2024, arXiv 2407.10490): change of each probability of a softmax policy in one gradient step, in closed
 * form and as computed by the engine.
 */

import { sumGradient } from '../../coupling/spillover.ts';
import { index32 } from '../../engine/kernels/address.ts';
import { createArena } from '../../engine/kernels/createArena.ts';
import { createNetwork } from '../../engine/layers/createNetwork.ts';
import { tokenTable } from '../../engine/layers/embedding.ts';
import { linear } from '../../engine/layers/linear.ts';
import { slotLinear } from '../../engine/layers/slotLinear.ts';
import { batchCapacity, finiteLogProbs, type Policy, policyOn } from '../../engine/policy/policy.ts';
import { loadStates } from '../../engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState } from '../../engine/states/stateList.ts';
import { createLookAlike } from '../../env/lookAlike.ts';

/** Probabilities of the good action, of the bad one that is punished, and of the other bad one. */
export type Three = readonly [good: number, punished: number, other: number];

/**
 * The objective that a step ascends. `punish` is minus log pi of the punished action. `expected` is the mean, over the
 * policy's own actions, of advantage times log pi, for a return of 1 of the good action and 0 of the others.
 */
export type StepKind = 'punish' | 'expected';

/** Weight of the gradient of log pi of each action in the step. */
function actionWeights(kind: StepKind, p: Three): Three {
  if (kind === 'punish') return [0, -1, 0];
  return [p[0] * (1 - p[0]), -p[0] * p[1], -p[0] * p[2]];
}

/** Change of each logit per unit of step size: sum_a weight_a (1{a = b} - p_b). */
export function logitChange(kind: StepKind, p: Three): Three {
  const weights = actionWeights(kind, p);
  const total = weights[0] + weights[1] + weights[2];
  return p.map((x, b) => weights[b] - total * x) as unknown as Three;
}

/** d p_b / d step size = p_b (change of logit b - mean change of logits under p). */
export function initialRate(kind: StepKind, p: Three): Three {
  const change = logitChange(kind, p);
  const mean = p[0] * change[0] + p[1] * change[1] + p[2] * change[2];
  return p.map((x, b) => x * (change[b] - mean)) as unknown as Three;
}

export interface Squeezer {
  /** Probabilities after one step by softmax algebra: p_b exp(step * change_b), normalised. */
  closedForm(kind: StepKind, p: Three, stepSize: number): Three;
  /**
   * Probabilities after a forward pass, backward pass and optimiser step of a network whose parameters are the three
   * logits.
   */
  measured(kind: StepKind, p: Three, stepSize: number): Three;
}

/** A policy with free logits as parameters: the embeddings are identities, and only the layer after them is trained. */
async function tabularPolicy(): Promise<Policy> {
  const { spec } = createLookAlike({ actionCount: 3, vectorWidth: 3 });
  const shape = inputShape(spec);
  const network = createNetwork(await createArena(), shape, batchCapacity(shape, 1, 3), (b) => {
    const table = tokenTable(b, 'actions', 3);
    const embedding = slotLinear(b, 'logits', 'action', table, 1, { bias: false });
    const logit = linear(b, 'policyHead', embedding, 1, { bias: false });
    return { embedding, logit, classifier: linear(b, 'classifierHead', embedding, 1, { bias: false }) };
  });
  return policyOn(network);
}

export async function createSqueezer(): Promise<Squeezer> {
  const policy = await tabularPolicy();
  const { arena, network, weights, logProbs } = policy;
  const { kernels } = arena;
  const offset = (name: string): number => network.parameters.find((p) => p.name === name)?.offset as number;
  const list = createStateList(network.batch.shape);
  pushState(list, new Float32Array(3), [0, 1, 2]);
  const g = arena.floats(network.vectorSize);
  const logits = weights + offset('logits.weight');
  return {
    closedForm(kind, p, stepSize) {
      const change = logitChange(kind, p);
      const raised = p.map((x, b) => x * kernels.exp1(stepSize * change[b]));
      const sum = raised[0] + raised[1] + raised[2];
      return raised.map((x) => x / sum) as unknown as Three;
    },
    measured(kind, p, stepSize) {
      arena.zero(weights, network.vectorSize * 4);
      for (let a = 0; a < 3; a++) {
        arena.f32[index32(weights + offset('actions')) + 4 * a] = 1;
        arena.f32[index32(logits) + a] = kernels.log1(p[a]);
      }
      arena.f32[index32(weights + offset('policyHead.weight'))] = 1;
      network.prepare(weights);
      const step = actionWeights(kind, p);
      for (let a = 0; a < 3; a++) {
        sumGradient(policy, weights, { list, states: [0], taken: [a] }, g);
        kernels.addScaled(3, stepSize * step[a], g + offset('logits.weight'), logits, 1);
      }
      network.prepare(weights);
      loadStates(arena, network.batch, list, [0], 0, 1);
      finiteLogProbs(policy);
      return [0, 1, 2].map((a) => kernels.exp1(arena.f32[index32(logProbs) + a])) as unknown as Three;
    },
  };
}

/** All starts (i, j, k) / resolution with i + j + k = resolution and i, j, k > 0. */
export function gridOfStarts(resolution: number): Three[] {
  const starts: Three[] = [];
  for (let i = 1; i < resolution; i++) {
    for (let j = 1; i + j < resolution; j++) {
      starts.push([i / resolution, j / resolution, (resolution - i - j) / resolution]);
    }
  }
  return starts;
}
