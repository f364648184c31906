/** A golden file of losses, and the sets that make `update` compute one of them on its five states. */

import { contrastiveLoss } from '../../../src/engine/learn/contrastive.ts';
import type { LossSet } from '../../../src/engine/learn/shards.ts';
import type { AdamwSettings, WholeLoss } from '../../../src/engine/learn/update.ts';
import type { Opened } from './golden.ts';

export interface GoldenLosses {
  readonly advantages: number[];
  readonly oldLogProbs: number[];
  readonly refLogProbs: number[];
  readonly epsilon: number;
  readonly epsilonHigh: number;
  readonly episode: number[];
  readonly lengths: number[];
  readonly maxSteps: number;
  readonly minibatches: number;
  readonly labels: number[][];
  readonly contrastiveRows: number[];
  readonly contrastiveTemperature: number;
  readonly approxKl: number;
  readonly clipFraction: number;
  readonly classWeights: readonly { good: number; labelled: number; weights: [number, number] }[];
  readonly weights: Record<'grpo' | 'dr_grpo' | 'bnpo' | 'dapo', number[]>;
  readonly values: Record<string, number>;
  readonly gradients: Record<string, Record<string, number[]>>;
  readonly steps: {
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly adamEpsilon: number;
    readonly maxGradNorm: number;
    readonly entropyCoef: number;
    readonly classifierCoef: number;
    readonly cloningCoef: number;
    readonly losses: number[];
    readonly gradientNorms: number[];
  };
}

/** Leaves the parameters and the gradient as they are. */
export const still: AdamwSettings = {
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: Number.POSITIVE_INFINITY,
};

/** The golden states with every loss switched off; `changes` switches on what a test is about. */
export function lossSet(
  { golden, list }: Opened,
  losses: GoldenLosses,
  changes: Partial<Omit<LossSet, 'settings'>>,
  settings: Partial<LossSet['settings']>,
): LossSet {
  return {
    list,
    order: Int32Array.from([0, 1, 2, 3, 4]),
    taken: Int32Array.from(golden.taken),
    oldLogProb: Float32Array.from(losses.oldLogProbs),
    refLogProb: Float32Array.from(losses.refLogProbs),
    advantage: new Float32Array(5),
    weight: new Float32Array(5).fill(1 / 5),
    cloningWeight: cloningWeights(losses.labels),
    labels: Int8Array.from(losses.labels.flat()),
    repeats: null,
    ...changes,
    settings: {
      epsilon: losses.epsilon,
      epsilonHigh: losses.epsilonHigh,
      beta: 0,
      entropyCoef: 0,
      temperature: golden.temperature,
      cloningCoef: 0,
      goodWeight: 0,
      badWeight: 0,
      ...settings,
    },
  };
}

/** 1 / (states with a good action) on those states, 0 on others. */
function cloningWeights(labels: readonly number[][]): Float32Array {
  const has = labels.map((row) => (row.includes(1) ? 1 : 0));
  const states = has.reduce((sum: number, x) => sum + x, 0);
  return Float32Array.from(has, (x) => x / states);
}

export function contrastiveOf({ list }: Opened, losses: GoldenLosses, coef: number): WholeLoss {
  return contrastiveLoss({
    list,
    rows: Int32Array.from(losses.contrastiveRows),
    labels: Int8Array.from(losses.labels.flat()),
    temperature: losses.contrastiveTemperature,
    coef,
  });
}
