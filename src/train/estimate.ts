/**
 * Estimates how long a run takes, from its config alone. `unbraid verify` uses the estimate before it replays a run
 * that it received: the result.json of that run may state any time.
 *
 * The constants are times of one thread of an otherwise idle Intel Xeon at about 2.8 GHz;
 * docs/decisions/0017-programs-named-in-files.md has the measurements. For the built-in environments at default
 * settings, other widths and other label sources, the estimate is within a factor of three of the measured time. The
 * step time of an environment in another program is unknown; 0.05 ms is assumed for vectors, 0.5 ms for other forms.
 */

import type { Config } from '../config/config.ts';
import { surgeryOf, termsOf, usesLabels } from '../config/method.ts';
import { networkSize, shapeOf } from '../config/workload.ts';
import { isBuiltIn } from '../env/names.ts';

/** Seconds per state for an environment's part in it: the step, the observation and its tokens. */
const stepSeconds = { slots: 2.5e-6, vector: 5e-6, sequence: 35e-6 } as const;
/** The same for another program: games in text take longer than programs that compute vectors. */
const programStepSeconds = { slots: 500e-6, vector: 50e-6, sequence: 500e-6 } as const;

/** Floating-point operations per second when acting and when learning. Learning computes equal states once. */
const playRate = 50e9;
const learnRate = 16e9;

/**
 * Seconds in an update: for each state whatever the network, for each update, and for each float of the gradient
 * vector.
 */
const learnSeconds = 2e-6;
const updateSeconds = 50e-6;
const vectorSeconds = 3e-9;

/** Seconds per parameter to hash and write a checkpoint. */
const checkpointSeconds = 30e-9;

/** Cost of a pair in a coupling measurement: seconds whatever the network, and passes through the network. */
const pairSeconds = 300e-6;
const passesPerPair = 160;

/** Seconds to sample and store one game. */
const gameSeconds = 0.2e-6;

/** Factor between the expected time and the time in the best case. */
const slack = 1.3;

/** Number of times that something due every `every` iterations happens; 0 means never. */
function timesIn(iterations: number, every: number): number {
  return every > 0 ? Math.floor(iterations / every) : 0;
}

/** Time on `threads` threads divided by the time on one: the part that does not run in parallel stays. */
function threadShare(threads: number): number {
  return 1 / (1 + 0.6 * (threads - 1));
}

/** Seconds that parts of a run take. */
export interface RunSeconds {
  /** All that comes before the cold start: games, environments, the vocabulary. */
  readonly start: number;
  readonly coldStart: number;
  /** One evaluation of the splits, and one measurement of the coupling. */
  readonly evaluation: number;
  readonly coupling: number;
  /** The baseline of random play. */
  readonly random: number;
  /** One iteration without its evaluations and checkpoint. */
  readonly iteration: number;
  readonly checkpoint: number;
}

/** @param threads that share the work, at least 1 */
export function partSeconds(config: Config, threads = 1): RunSeconds {
  const { method, labels, shuffledSource } = config;
  const { actions, steps, form } = shapeOf(config);
  const { flops, parameters, vector } = networkSize(config);
  const step = stepSeconds[form] + (isBuiltIn(config.env) ? 0 : programStepSeconds[form]);
  // With hints, each state is also scored without one.
  const play = step + ((config.hint === 'off' ? 1 : 2) * flops) / playRate;
  const learn = learnSeconds + flops / learnRate;
  const update = updateSeconds + vectorSeconds * vector;
  const episodes = config.groupsPerIteration * config.numGenerations;
  const states = episodes * steps;
  const source = labels === 'shuffled' ? shuffledSource : labels;
  const uses = (wanted: string): boolean => usesLabels(config) && source === wanted;
  const share = slack * threadShare(threads);

  const updates = config.numIterations * Math.min(config.minibatches, states);
  // Gradient surgery computes the gradient of each task and the dot products between them.
  const tasks = surgeryOf(method) === null ? 0 : config.conflictTasks === 'sign' ? 2 : config.groupsPerIteration;
  const surgery = updates * tasks * (update + (2 * tasks * parameters) / learnRate);
  const compared = Math.min(config.contrastiveSamples, states * actions);
  const contrastive = termsOf(method).includes('contrastive')
    ? (updates * compared * compared * 6 * config.embedding) / learnRate
    : 0;
  const critic = uses('critic')
    ? config.criticUpdates * (update + config.criticBatch * learn) + config.criticSteps * gameSeconds
    : 0;
  const tried = config.counterfactualStates * actions * config.counterfactualRollouts * steps;
  const counterfactual = uses('counterfactual') ? tried * play : 0;
  // About a sixth of the states are distinct in their minibatch and have an advantage.
  const samples = termsOf(method).includes('decouple') ? states / 6 : 0;
  const products = Math.min(samples, config.decoupleChunk) * parameters;
  const decoupling = config.numIterations * samples * (5 * learn + products / learnRate);
  // A scaled step is measured by about four forward passes, each with a third of the work of learning.
  const scaling = config.updateKl === null ? 0 : 1.3 * config.numIterations;
  const passes =
    config.numIterations + scaling + (config.beta > 0 ? 0.5 : 0) + (termsOf(method).includes('ppo') ? 0.5 : 0);
  // The reference batch of the churn penalty: two forward passes, and a backward pass.
  const churn = config.churnCoef > 0 ? (4 / 3) * config.numIterations * states * learn : 0;
  // Fifteen products per matrix, whose inner dimension is at most the hidden width.
  const muon =
    config.optimizer === 'muon'
      ? (updates * 30 * parameters * Math.max(config.hidden, config.embedding)) / learnRate
      : 0;
  const minibatches = config.numIterations * config.minibatches * gameSeconds;

  const vocabulary = form === 'sequence' ? config.vocabularyEpisodes * steps * step : 0;
  const opened = episodes * 10 * gameSeconds + config.trainGames * 3 * gameSeconds;
  // Pretraining samples its states from demonstrations, whose environment steps cost less than the network's passes.
  const demonstrated = config.coldStart > 0 ? config.coldStart * steps * step : 0;
  const cloned = config.coldStart > 0 ? config.coldStartUpdates * (update + config.coldStartBatch * learn) : 0;
  const splits = config.evalSplits === 'all' ? 3 : config.evalSplits.split('+').length;
  return {
    start: slack * (vocabulary + opened + demonstrated) + 0.1,
    coldStart: share * cloned,
    evaluation: share * splits * config.evalEpisodes * steps * play,
    random: slack * splits * config.randomEpisodes * steps * step,
    coupling: share * config.couplingPairs * (pairSeconds + (passesPerPair * flops) / learnRate),
    iteration:
      share * (states * (play + passes * learn) + updates * update) +
      slack * (surgery + contrastive + decoupling + critic + counterfactual + churn + muon + minibatches) +
      500e-6,
    checkpoint: slack * checkpointSeconds * parameters,
  };
}

/**
 * Seconds that a replay of `config` takes up to iteration `until`; Infinity where the sum exceeds the range of numbers.
 *
 * @param threads that share the work, at least 1
 */
export function estimateSeconds(config: Config, until: number = config.iterations, threads = 1): number {
  const part = partSeconds(config, threads);
  const iterations = Math.min(until, config.iterations);
  // At the start and, where the run ends, at the end.
  const ends = until >= config.iterations ? 2 : 1;
  const evaluations = ends - (config.evalAtStart ? 0 : 1) + timesIn(iterations, config.evalEvery);
  const couplings = ends + timesIn(iterations, config.couplingEvery);
  const checkpoints = ends + timesIn(iterations, config.checkpointEvery);
  return (
    part.start +
    part.coldStart +
    part.random +
    evaluations * part.evaluation +
    couplings * part.coupling +
    iterations * part.iteration +
    checkpoints * part.checkpoint
  );
}
