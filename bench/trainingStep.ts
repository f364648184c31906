/** A training step and inference of the workloads in steps.ts. */
import { actionLogProbs } from '../src/engine/policy/policy.ts';
import { loadStates } from '../src/engine/states/loadBatch.ts';
import { clearStates, createStateList, pushState } from '../src/engine/states/stateList.ts';
import type { Workload } from './steps.ts';

/** Small enough that a workload hardly changes over the many steps of a measurement. */
const TIMED_LEARNING_RATE = 1e-6;

export interface TrainingStep {
  /** One step. */
  step(learningRate?: number): void;
  /** Forward and backward only. Returns the loss and the address of the gradient vector. */
  gradient(): { loss: number; pointer: number };
}

/** Allocates the buffers of a training step and loads the states. */
export function trainingStep({ policy, list, states, taken, advantage }: Workload): TrainingStep {
  const { arena, network, weights, logProbs } = policy;
  const { kernels } = arena;
  const { batch, heads } = network;
  const takenPtr = arena.floats(states);
  const oldLogProbPtr = arena.floats(states);
  const advantagePtr = arena.floats(states);
  const weightPtr = arena.floats(states);
  const sumsPtr = arena.reserve(64);
  const gradientPtr = arena.floats(network.vectorSize);
  const firstMoment = arena.floats(network.size);
  const secondMoment = arena.floats(network.size);
  const { rowOffsets } = list;
  const beta1 = 0.9;
  const beta2 = 0.999;
  let beta1Power = 1;
  let beta2Power = 1;
  const order = Int32Array.from({ length: states }, (_, s) => s);
  loadStates(arena, batch, list, order, 0, states);
  arena.i32.set(taken, takenPtr >> 2);
  arena.write(advantagePtr, advantage);
  kernels.fill(weightPtr, states, 1 / states);
  kernels.fill(heads.classifier.grad, batch.actions, 0);
  /** Forward and backward of the clipped surrogate at ratio 1, which is the plain policy gradient. */
  const backward = (): void => {
    actionLogProbs(policy);
    const { f32 } = arena;
    for (let s = 0; s < states; s++) f32[(oldLogProbPtr >> 2) + s] = f32[(logProbs >> 2) + rowOffsets[s] + taken[s]];
    kernels.policyLoss(
      states,
      batch.rowOffsets,
      logProbs,
      takenPtr,
      oldLogProbPtr,
      0,
      advantagePtr,
      weightPtr,
      0.2,
      0.2,
      0,
      0,
      heads.logit.grad,
      sumsPtr,
      0,
    );
    arena.zero(gradientPtr, network.vectorSize * 4);
    network.backward(weights, gradientPtr);
    network.finish(weights, gradientPtr);
  };
  return {
    step(learningRate = TIMED_LEARNING_RATE) {
      backward();
      beta1Power *= beta1;
      beta2Power *= beta2;
      kernels.adamw(
        network.size,
        weights,
        gradientPtr,
        firstMoment,
        secondMoment,
        learningRate,
        beta1,
        beta2,
        1e-8,
        0,
        1 / (1 - beta1Power),
        1 / (1 - beta2Power),
      );
      network.prepare(weights);
    },
    gradient() {
      backward();
      let loss = 0;
      for (let s = 0; s < states; s++) loss -= (advantage[s] * arena.f32[(oldLogProbPtr >> 2) + s]) / states;
      return { loss, pointer: gradientPtr };
    },
  };
}

/** Log-probabilities of the actions for one state given as a JavaScript array, as in a program that selects actions. */
export function inference({ policy, list }: Workload): (vector: Float32Array) => Float32Array {
  const { arena, network } = policy;
  const one = createStateList(list.shape);
  const ids = Array.from({ length: list.shape.vocabularySize }, (_, i) => i);
  const order = [0];
  return (vector) => {
    clearStates(one);
    pushState(one, vector, ids);
    loadStates(arena, network.batch, one, order, 0, 1);
    actionLogProbs(policy);
    return arena.read(policy.logProbs, ids.length);
  };
}
