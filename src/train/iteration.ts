/** One iteration: collect groups of episodes, compute advantages and labels, update the policy. */

import type { Config } from '../config/config.ts';
import { termsOf, usesLabels } from '../config/method.ts';
import { groupRelative } from '../credit/advantages/groupRelative.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import { labelQuality } from '../credit/labels/quality.ts';
import { sumOfLosses } from '../engine/learn/churnLoss.ts';
import type { LossSums } from '../engine/learn/objective.ts';
import type { Learner, UpdateStats } from '../engine/learn/update.ts';
import { actionKey, type Policy, takenLogProbs } from '../engine/policy/policy.ts';
import { repeatsWithLabels } from '../engine/states/repeats.ts';
import type { Environment } from '../env/environment.ts';
import type { Episodes } from '../parallel/spread.ts';
import { randomStream } from '../random.ts';
import { type Hindsight, relabelFailed, requireAchieved } from '../rollout/hindsight.ts';
import { hintShare } from '../rollout/hints.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import { meanOf, successesOf } from '../rollout/success.ts';
import { explainedVariance, predict, stepAdvantages } from './advantages.ts';
import type { Churn } from './churn.ts';
import type { Demonstrations } from './coldStart.ts';
import { type Experience, experienceAdvantages } from './experience.ts';
import { hindsightMetrics, type RelabelledStates, relabelledStates } from './hindsight.ts';
import { minibatchTask, type PreparedRollout, permutation, permutationIn, type UpdateTask } from './minibatch.ts';
import { type Normalizers, observe } from './normalizers.ts';
import { labelWeightAt } from './schedule.ts';
import { stepMetrics, takeUpdates, type UpdateContext } from './takeUpdates.ts';
import { openUpdateDiagnostics } from './updateDiagnostics.ts';

/** Values of one line of metrics.jsonl. A key is absent where the value is not defined. */
export type Metrics = Record<string, number>;

/** The games of an iteration, each `numGenerations` times. Every episode of a run has its own `rollout` number. */
function groupGames(config: Config, games: readonly GameChoice[], iteration: number): GameChoice[] {
  const { seed, groupsPerIteration, numGenerations } = config;
  const random = randomStream(seed, 'games/iteration', iteration);
  const chosen = Array.from({ length: groupsPerIteration }, () => games[random.below(games.length)]);
  const first = iteration * groupsPerIteration * numGenerations;
  return chosen.flatMap((game, group) =>
    Array.from({ length: numGenerations }, (_, i) => ({ ...game, rollout: first + group * numGenerations + i })),
  );
}

/** The labels of the actions taken; all other actions have no label. */
function onlyTaken(labels: Int8Array, rollout: Rollout): Int8Array {
  const kept = new Int8Array(labels.length).fill(-1);
  for (let s = 0; s < rollout.states.states; s++) {
    const row = rollout.states.rowOffsets[s] + rollout.taken[s];
    kept[row] = labels[row];
  }
  return kept;
}

/** The config with the weights of the label losses scaled. */
function scaleLabelLosses(config: Config, factor: number): Config {
  if (factor === 1) return config;
  const { classifierCoef, cloningCoef, contrastiveCoef } = config;
  return {
    ...config,
    classifierCoef: classifierCoef * factor,
    cloningCoef: cloningCoef * factor,
    contrastiveCoef: contrastiveCoef * factor,
  };
}

/** log pi(taken | state) of the rollout's states under the reference policy. */
function referenceLogProbs(policy: Policy, reference: number, rollout: Rollout, temperature: number): Float32Array {
  const { states, taken } = rollout;
  const order = Int32Array.from({ length: states.states }, (_, s) => s);
  return takenLogProbs(policy, reference, states, order, taken, temperature);
}

/** The parts of a run that an iteration uses besides the learner. */
export interface IterationContext extends UpdateContext {
  readonly environments: readonly Environment[];
  readonly games: readonly GameChoice[];
  readonly labelSource: LabelSource;
  /** Experience graphs; null where the advantages do not use them. */
  readonly experience: Experience | null;
  readonly demonstrations: Demonstrations | null;
  /** Weights of the reference policy, prepared, or 0. */
  readonly reference: number;
  readonly normalizers: Normalizers;
  /** State of the churn penalty; null without one. */
  readonly churn: Churn | null;
  /** Records the probabilities of the tracked states after an iteration; null where nothing records them. */
  readonly track: ((iteration: number) => void) | null;
  readonly signal: AbortSignal | undefined;
}

function meanStats(stats: readonly UpdateStats[], key: keyof LossSums | 'gradNorm'): number {
  return stats.reduce((sum, s) => sum + s[key], 0) / Math.max(1, stats.length);
}

/** The episodes of iteration number `iteration` (from 1). */
export function episodesOf({ config, games, signal }: IterationContext, iteration: number): Episodes {
  const { seed, temperature } = config;
  const expert = usesLabels(config) && config.labels !== 'demonstrations';
  const finals = config.bootstrapTruncated && termsOf(config.method).includes('ppo');
  return {
    games: groupGames(config, games, iteration),
    options: { key: actionKey(seed, 'train', iteration), temperature, expert, finals, signal },
  };
}

/** The updates of an iteration before they are taken, and what was computed on the way to them. */
export interface PreparedUpdates {
  /** In the order in which they are taken. The first set of each holds the states of the rollout. */
  readonly tasks: readonly UpdateTask[];
  readonly prepared: PreparedRollout;
  readonly rewardStd: number;
  readonly deadShare: number;
  /** Environment steps taken to assign labels. */
  readonly envSteps: number;
  /** Factor of the label source on the weights of the label losses. */
  readonly labelWeight: number;
  /** Metrics of the experience graphs and of hindsight. */
  readonly metrics: Metrics;
}

/** With `hindsight`: the failed episodes of a rollout under goals that they achieved. */
async function hindsightOf(rollout: Rollout, context: IterationContext): Promise<Hindsight | null> {
  const { config, environments, signal } = context;
  if (!config.hindsight) return null;
  const environment = requireAchieved(environments[0]);
  const successes = successesOf(environment.spec, rollout) ?? rollout.returns;
  return relabelFailed(environment, rollout, successes, signal);
}

/** The states of relabelled episodes with the labels of the label source, which stores their steps. */
async function labelRelabelled(
  { rollout }: Hindsight,
  { config, labelSource }: IterationContext,
  iteration: number,
): Promise<RelabelledStates> {
  const { labels } = await labelSource.label(rollout, new Float32Array(rollout.games.length), iteration);
  return relabelledStates(rollout, config.classifierScope === 'taken' ? onlyTaken(labels, rollout) : labels);
}

/** Part m of `parts` parts of almost equal length. */
function partOf(order: Int32Array, m: number, parts: number): Int32Array {
  return order.subarray(Math.floor((m * order.length) / parts), Math.floor(((m + 1) * order.length) / parts));
}

/**
 * Computes the advantages, the labels and the minibatches of iteration number `iteration`. It changes what the label
 * source and the normalisers remember, and leaves the policy as it is.
 */
export async function prepareUpdates(
  rollout: Rollout,
  learner: Learner,
  context: IterationContext,
  iteration: number,
): Promise<PreparedUpdates> {
  const { config, demonstrations, labelSource, reference } = context;
  const { seed, minibatches, numIterations, temperature } = config;
  const { advantages, rewardStd, deadShare } = groupRelative(
    rollout.returns,
    config.numGenerations,
    config.scaleRewards,
  );
  const steps = rollout.states.states;
  // Before the label source stores the rollout: an abort must leave the state of the previous iteration.
  const hindsight = await hindsightOf(rollout, context);
  const {
    labels: all,
    envSteps,
    weight: labelWeight,
  } = usesLabels(config)
    ? await labelSource.label(rollout, advantages, iteration)
    : { labels: new Int8Array(rollout.states.actions).fill(-1), envSteps: 0, weight: 1 };
  const labels = config.classifierScope === 'taken' ? onlyTaken(all, rollout) : all;
  const refLogProb = reference ? referenceLogProbs(learner.policy, reference, rollout, temperature) : null;
  const { maxSteps } = context.environments[0].spec;
  const { first } = rollout;
  const repeats = usesLabels(config) ? repeatsWithLabels(rollout.states, first, labels) : first.slice(0, steps);
  const weighted = scaleLabelLosses(config, labelWeightAt(config, iteration) * labelWeight);
  const predicted = termsOf(config.method).includes('ppo')
    ? predict(learner.policy, rollout, repeats, context.normalizers.returns, config)
    : null;
  const { advantage: base, values } = stepAdvantages(rollout, advantages, labels, predicted, config);
  const ofGraphs = context.experience && experienceAdvantages(context.experience, rollout, config);
  const advantage = ofGraphs ? base.map((a, s) => a + ofGraphs.advantage[s]) : base;
  const relabelled = hindsight && (await labelRelabelled(hindsight, context, iteration));
  const metrics: Metrics = {
    ...ofGraphs?.metrics,
    ...(hindsight && relabelled && hindsightMetrics(hindsight, relabelled)),
  };
  const prepared = { rollout, advantage, values, refLogProb, labels, repeats, maxSteps };
  const tasks: UpdateTask[] = [];
  const penaltyOf = context.churn?.penalties(rollout);
  for (let pass = 0; pass < numIterations; pass++) {
    const passes = (iteration - 1) * numIterations + pass;
    const shuffled = permutationIn(learner.policy.arena, steps, seed, 'minibatches', passes);
    const again = relabelled && permutation(relabelled.rollout.states.states, seed, 'minibatches/hindsight', passes);
    for (let m = 0; m < minibatches; m++) {
      const part = partOf(shuffled, m, minibatches);
      if (part.length === 0) continue;
      const joined = relabelled && again && { states: relabelled, order: partOf(again, m, minibatches) };
      const task = minibatchTask(prepared, part, weighted, demonstrations, learner.updates + tasks.length, joined);
      const penalty = penaltyOf?.(shuffled, part) ?? null;
      tasks.push({ ...task, contrastive: sumOfLosses(task.contrastive, penalty) });
    }
  }
  return { tasks, prepared, rewardStd, deadShare, envSteps, labelWeight, metrics };
}

/**
 * Computes advantages and labels of the episodes of iteration number `iteration` and updates the policy.
 *
 * @param next the episodes that are collected directly after the update; null where an evaluation comes first
 * @returns the line for metrics.jsonl
 */
export async function learnFrom(
  rollout: Rollout,
  learner: Learner,
  context: IterationContext,
  iteration: number,
  next: Episodes | null,
): Promise<Metrics> {
  const { config, demonstrations, normalizers, spread, surgeon, decoupler, churn } = context;
  const { games } = rollout;
  const steps = rollout.states.states;
  const terms = termsOf(config.method);
  churn?.begin();
  const updates = await prepareUpdates(rollout, learner, context, iteration);
  const { tasks, prepared, rewardStd, deadShare, envSteps, labelWeight } = updates;
  const { values, labels } = prepared;
  const diagnostics = config.diagnostics
    ? await openUpdateDiagnostics(learner, spread, prepared, tasks, config, iteration)
    : null;
  const { stats, conflicts } = await takeUpdates(tasks, prepared, learner, context, next, {
    beforeUpdate: () => churn?.remember(),
    afterUpdate: (task) => diagnostics?.afterUpdate(task),
    beforeEnd() {
      if (normalizers.observations) observe(normalizers.observations, rollout, learner.policy);
    },
  });
  const successes = successesOf(context.environments[0].spec, rollout);
  const metrics: Metrics = {
    ...(successes && { 'charts/success': meanOf(successes) }),
    'charts/episodic_return': meanOf(rollout.returns),
    'charts/episodic_length': steps / games.length,
    'losses/policy_loss': meanStats(stats, 'policy'),
    'losses/approx_kl': meanStats(stats, 'approxKl'),
    'losses/clipfrac': meanStats(stats, 'clipFraction'),
    'losses/entropy': meanStats(stats, 'entropy'),
    'losses/grad_norm': meanStats(stats, 'gradNorm'),
    reward_std: rewardStd,
    frac_reward_zero_std: deadShare,
  };
  if (values) {
    metrics['losses/value'] = meanStats(stats, 'value');
    const explained = explainedVariance(values);
    if (explained !== null) metrics['losses/explained_variance'] = explained;
  }
  if (surgeon)
    metrics['conflict/negative_pairs'] = conflicts.reduce((sum, x) => sum + x, 0) / Math.max(1, conflicts.length);
  if (decoupler) Object.assign(metrics, decoupler.metrics());
  Object.assign(metrics, stepMetrics(stats));
  const moved = churn?.mean() ?? null;
  if (moved !== null) metrics['losses/churn'] = moved;
  if (config.beta > 0) metrics['losses/kl'] = meanStats(stats, 'kl');
  if (terms.includes('classifier')) metrics['losses/classifier'] = meanStats(stats, 'classifier');
  if (terms.includes('cloning')) metrics['losses/cloning'] = meanStats(stats, 'cloning');
  if (terms.includes('contrastive')) metrics['losses/contrastive'] = meanStats(stats, 'contrastive');
  if (config.hint !== 'off') metrics['charts/hint_share'] = hintShare(rollout.states);
  if (usesLabels(config)) {
    if (config.labels !== 'demonstrations') addLabelQuality(metrics, labels, rollout.expert);
    else if (demonstrations) addLabelQuality(metrics, demonstrations.labels, demonstrations.expert);
  }
  Object.assign(metrics, diagnostics?.metrics());
  if (envSteps > 0) metrics['labels/env_steps'] = envSteps;
  if (labelWeight !== 1) metrics['labels/weight'] = labelWeight;
  return Object.assign(metrics, updates.metrics);
}

function addLabelQuality(metrics: Metrics, labels: Int8Array, expert: Uint8Array): void {
  const quality = labelQuality(labels, expert.subarray(0, expert.length === 0 ? 0 : labels.length));
  if (quality.coverage !== null) metrics['labels/coverage'] = quality.coverage;
  if (quality.accuracy !== null) metrics['labels/accuracy'] = quality.accuracy;
  if (quality.truePositiveRate !== null) metrics['labels/true_positive_rate'] = quality.truePositiveRate;
  if (quality.falsePositiveRate !== null) metrics['labels/false_positive_rate'] = quality.falsePositiveRate;
}
