/** Behaviour-cloning pretraining (`coldStart`): the policy imitates demonstrations before reinforcement learning. */

import type { Config } from '../config/config.ts';
import { demonstrationLabels } from '../credit/labels/demonstrations.ts';
import { flipLabels } from '../credit/labels/noise.ts';
import { countLabels } from '../engine/learn/lossSet.ts';
import { balancedWeights } from '../engine/learn/objective.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { type AdamwSettings, type Learner, resetOptimizer, updateOn } from '../engine/learn/update.ts';
import { findRepeats } from '../engine/states/repeats.ts';
import type { Environment } from '../env/environment.ts';
import { pauses } from '../eventLoop.ts';
import type { Spread } from '../parallel/spread.ts';
import { randomStream } from '../random.ts';
import { type ExpertPlay, playExpert } from '../rollout/expert.ts';
import type { GameChoice } from '../rollout/rollout.ts';

/** Demonstrations with their labels: the action shown is good, the other candidates are bad. */
export interface Demonstrations extends ExpertPlay {
  readonly labels: Int8Array;
  /** First equal state of each state; see `findRepeats`. */
  readonly repeats: Int32Array;
  /** f32[states] of zeros: the policy loss of these states is 0. */
  readonly zeros: Float32Array;
}

/** Plays `config.coldStart` demonstrations on the training games, in their order. */
export async function demonstrate(
  environment: Environment,
  games: readonly GameChoice[],
  config: Config,
  signal: AbortSignal | undefined,
  onEpisode: (done: number) => void,
): Promise<Demonstrations> {
  const chosen = Array.from({ length: config.coldStart }, (_, i) => ({
    ...games[i % games.length],
    rollout: Math.floor(i / games.length),
  }));
  onEpisode(0);
  const play = await playExpert(environment, chosen, {
    noise: config.demonstrationNoise,
    seed: config.seed,
    purpose: 'demonstrations',
    onEpisode,
    signal,
  });
  const labels = demonstrationLabels(play);
  return { ...play, labels, repeats: findRepeats(play.states, labels), zeros: new Float32Array(play.states.states) };
}

/** Demonstrations whose labels have the noise that the config asks for: the same for the whole run. */
export function withLabelNoise(demonstrations: Demonstrations, { labelNoise, seed }: Config): Demonstrations {
  const labels = flipLabels(demonstrations.labels.slice(), labelNoise, seed, 0);
  return { ...demonstrations, labels, repeats: findRepeats(demonstrations.states, labels) };
}

/** `count` demonstration states, sampled with replacement for one update, as a set on which only label losses act. */
export function demonstrationSet(
  demonstrations: Demonstrations,
  count: number,
  config: Config,
  purpose: string,
  step: number,
  coefs: { readonly cloningCoef: number; readonly goodWeight: number; readonly badWeight: number },
): LossSet {
  const { states, taken, labels, repeats, zeros } = demonstrations;
  const random = randomStream(config.seed, purpose, step);
  const order = Int32Array.from({ length: count }, () => random.below(states.states));
  return {
    list: states,
    order,
    taken,
    oldLogProb: zeros,
    refLogProb: null,
    advantage: zeros,
    weight: new Float32Array(count),
    cloningWeight: new Float32Array(count).fill(1 / count),
    labels,
    repeats,
    settings: { epsilon: 1, epsilonHigh: 1, beta: 0, entropyCoef: 0, temperature: 1, ...coefs },
  };
}

/** A set of demonstrations with the class-balanced classifier loss on its labels; see `balancedWeights`. */
export function withClassifier(set: LossSet, classifierCoef: number): LossSet {
  if (classifierCoef === 0 || set.labels === null) return set;
  const { good, labelled } = countLabels(set.list, set.labels, set.order);
  return { ...set, settings: { ...set.settings, ...balancedWeights(good, labelled, classifierCoef) } };
}

/**
 * Minimises -log pi(demonstrated action), with `coldStartClassifier` plus the classifier loss on the labels of the
 * demonstrations without `labelNoise`. The optimiser's moments are set to 0 afterwards.
 */
export async function cloneDemonstrations(
  spread: Spread,
  learner: Learner,
  demonstrations: Demonstrations,
  config: Config,
  adamw: AdamwSettings,
  onUpdate: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const settings = { ...adamw, learningRate: config.coldStartLearningRate };
  const coefs = { cloningCoef: 1, goodWeight: 0, badWeight: 0 };
  const { coldStartBatch: states, coldStartUpdates: updates } = config;
  const classifierCoef = config.coldStartClassifier ? config.classifierCoef : 0;
  const sets = Array.from({ length: updates }, (_, step) => [
    withClassifier(demonstrationSet(demonstrations, states, config, 'cold start', step, coefs), classifierCoef),
  ]);
  const phase = spread.updates(sets);
  const pause = signal && pauses(signal);
  try {
    for (let step = 0; step < updates; step++) {
      signal?.throwIfAborted();
      await updateOn(phase, learner, null, settings);
      onUpdate(step + 1);
      await pause?.(states);
    }
  } finally {
    phase.end();
  }
  resetOptimizer(learner);
}
