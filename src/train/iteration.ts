/** One iteration: collect groups of episodes, judge them, update the policy. */
import { groupRelative } from '../advantage/groupRelative.ts';
import type { Environment } from '../env/environment.ts';
import type { LabelSource } from '../labels/labels.ts';
import { labelQuality } from '../labels/quality.ts';
import { balancedWeights, stateWeights } from '../objective/objective.ts';
import { cutBatches, loadStates } from '../policy/load.ts';
import { actionKey, actionLogProbs } from '../policy/policy.ts';
import { randomStream } from '../random.ts';
import { collect } from '../rollout/collect.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import { type Demonstrations, demonstrationSet } from './coldStart.ts';
import { type Config, termsOf } from './config.ts';
import { learningRateAt } from './schedule.ts';
import {
  type AdamwSettings,
  type ContrastiveSet,
  type Learner,
  type LossSet,
  type UpdateStats,
  update,
} from './update.ts';

/** Values of one line of metrics.jsonl; absent where there is nothing to say. */
export type Metrics = Record<string, number>;

export function adamwSettings(config: Config): AdamwSettings {
  return {
    learningRate: config.learningRate,
    beta1: config.adamBeta1,
    beta2: config.adamBeta2,
    epsilon: config.adamEpsilon,
    weightDecay: config.weightDecay,
    maxGradNorm: config.maxGradNorm,
  };
}

/** The iteration's games, each `numGenerations` times: rollouts of one group share everything but `rollout`. */
function groupGames(config: Config, games: readonly GameChoice[], iteration: number): GameChoice[] {
  const random = randomStream(config.seed, 'games/iteration', iteration);
  return Array.from({ length: config.groupsPerIteration }, () => games[random.below(games.length)]).flatMap((game) =>
    Array.from({ length: config.numGenerations }, (_, i) => ({
      ...game,
      rollout: iteration * config.numGenerations + i,
    })),
  );
}

/** A permutation of 0 .. n - 1 (Fisher-Yates). */
function permutation(n: number, seed: number, purpose: string, step: number): Int32Array {
  const random = randomStream(seed, purpose, step);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** log pi(taken | state) of the rollout's states under the weights at `reference`, which are prepared. */
function referenceLogProbs(learner: Learner, rollout: Rollout, reference: number, temperature: number): Float32Array {
  const { policy } = learner;
  const { arena, network } = policy;
  const { states } = rollout;
  const out = new Float32Array(states.states);
  const order = Int32Array.from({ length: states.states }, (_, i) => i);
  let from = 0;
  for (const to of cutBatches(states, order, network.batch.capacity)) {
    loadStates(arena, network.batch, states, order, from, to);
    actionLogProbs(policy, reference, temperature);
    for (let s = from; s < to; s++) {
      const row = arena.i32[(network.batch.rowOffsets >> 2) + s - from] + rollout.taken[s];
      out[s] = arena.f32[(policy.logProbs >> 2) + row];
    }
    from = to;
  }
  return out;
}

/** Labels with those of all but the taken actions removed. */
function onlyTaken(labels: Int8Array, rollout: Rollout): Int8Array {
  const kept = new Int8Array(labels.length).fill(-1);
  for (let s = 0; s < rollout.states.states; s++) {
    const row = rollout.states.rowOffsets[s] + rollout.taken[s];
    kept[row] = labels[row];
  }
  return kept;
}

/** Good and labelled rows of the states in `order`. */
function countLabels(
  list: Rollout['states'],
  labels: Int8Array,
  order: Int32Array,
): { good: number; labelled: number } {
  let good = 0;
  let labelled = 0;
  for (const s of order) {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) {
      if (labels[row] >= 0) labelled++;
      if (labels[row] === 1) good++;
    }
  }
  return { good, labelled };
}

/** 1 / (number of states with a good action) on those states, 0 on the others. */
function cloningWeights(list: Rollout['states'], labels: Int8Array, order: Int32Array): Float32Array {
  const weights = new Float32Array(order.length);
  let count = 0;
  order.forEach((s, i) => {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) {
      if (labels[row] === 1) {
        weights[i] = 1;
        count++;
        break;
      }
    }
  });
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) weights[i] = 1 / count;
  return weights;
}

/** Up to `contrastiveSamples` labelled rows of the states in `order`, drawn without replacement. */
function contrastiveSet(
  list: Rollout['states'],
  labels: Int8Array,
  order: Int32Array,
  config: Config,
  step: number,
): ContrastiveSet | null {
  const rows: number[] = [];
  for (const s of order) {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) if (labels[row] >= 0) rows.push(row);
  }
  if (rows.length < 2) return null;
  const chosen = permutation(rows.length, config.seed, 'contrastive', step).subarray(0, config.contrastiveSamples);
  return {
    list,
    rows: Int32Array.from(chosen, (i) => rows[i]),
    labels,
    temperature: config.contrastiveTemperature,
    coef: config.contrastiveCoef,
  };
}

/** What an iteration works with besides the learner. */
export interface IterationContext {
  readonly config: Config;
  readonly environments: readonly Environment[];
  readonly games: readonly GameChoice[];
  readonly labelSource: LabelSource;
  readonly demonstrations: Demonstrations | null;
  /** Weights of the reference policy, prepared, or 0. */
  readonly reference: number;
  readonly signal: AbortSignal | undefined;
}

/** The sets and contrastive rows of one minibatch. */
function minibatchTask(
  context: IterationContext,
  rollout: Rollout,
  order: Int32Array,
  advantage: Float32Array,
  refLogProb: Float32Array | null,
  labels: Int8Array,
  step: number,
): { sets: LossSet[]; contrastive: ContrastiveSet | null } {
  const { config, demonstrations } = context;
  const terms = termsOf(config.method);
  const { states } = rollout;
  const classifier = terms.includes('classifier') ? config.classifierCoef : 0;
  const cloning = terms.includes('cloning') ? config.cloningCoef : 0;
  const onDemonstrations = config.labels === 'demonstrations';
  const { good, labelled } = countLabels(states, labels, order);
  const weight = new Float32Array(order.length);
  stateWeights(
    config.lossType,
    rollout.episode,
    rollout.lengths,
    context.environments[0].spec.maxSteps,
    config.minibatches,
    order,
    weight,
  );
  const sets: LossSet[] = [
    {
      list: states,
      order,
      taken: rollout.taken,
      oldLogProb: rollout.logProb,
      refLogProb,
      advantage,
      weight,
      cloningWeight: cloning > 0 ? cloningWeights(states, labels, order) : null,
      labels,
      settings: {
        epsilon: config.epsilon,
        epsilonHigh: config.epsilonHigh ?? config.epsilon,
        beta: config.beta,
        entropyCoef: config.entropyCoef,
        temperature: config.temperature,
        cloningCoef: cloning,
        ...balancedWeights(good, labelled, classifier),
      },
    },
  ];
  const contrastOn = terms.includes('contrastive');
  if (!onDemonstrations) {
    return { sets, contrastive: contrastOn ? contrastiveSet(states, labels, order, config, step) : null };
  }
  if (!demonstrations || (classifier === 0 && cloning === 0 && !contrastOn)) return { sets, contrastive: null };
  const set = demonstrationSet(demonstrations, config.coldStartBatch, config, 'demonstration labels', step, {
    cloningCoef: cloning,
    goodWeight: 0,
    badWeight: 0,
  });
  const shown = countLabels(demonstrations.states, demonstrations.labels, set.order);
  sets.push({ ...set, settings: { ...set.settings, ...balancedWeights(shown.good, shown.labelled, classifier) } });
  const contrastive = contrastOn
    ? contrastiveSet(demonstrations.states, demonstrations.labels, set.order, config, step)
    : null;
  return { sets, contrastive };
}

function meanStats(stats: readonly UpdateStats[], key: keyof UpdateStats): number {
  return stats.reduce((sum, s) => sum + s[key], 0) / Math.max(1, stats.length);
}

/**
 * Runs iteration number `iteration` (from 1).
 *
 * @returns the line for metrics.jsonl and the environment steps taken
 */
export async function runIteration(
  learner: Learner,
  context: IterationContext,
  iteration: number,
): Promise<{ metrics: Metrics; steps: number }> {
  const { config, labelSource, reference } = context;
  const { seed, minibatches, numIterations, temperature } = config;
  const games = groupGames(config, context.games, iteration);
  const key = actionKey(seed, 'train', iteration);
  const rollout = await collect(learner.policy, context.environments, games, {
    key,
    temperature,
    signal: context.signal,
  });
  const { advantages, rewardStd, deadShare } = groupRelative(
    rollout.returns,
    config.numGenerations,
    config.scaleRewards,
  );
  const usesLabels = config.method !== 'grpo';
  const steps = rollout.states.states;
  const all = usesLabels
    ? labelSource.label(rollout, advantages, iteration)
    : new Int8Array(rollout.states.actions).fill(-1);
  const labels = config.classifierScope === 'taken' ? onlyTaken(all, rollout) : all;
  const advantage = Float32Array.from({ length: steps }, (_, s) => advantages[rollout.episode[s]]);
  const refLogProb = reference ? referenceLogProbs(learner, rollout, reference, temperature) : null;
  const totalUpdates = config.iterations * numIterations * minibatches;
  const stats: UpdateStats[] = [];
  for (let pass = 0; pass < numIterations; pass++) {
    const order = permutation(steps, seed, 'minibatches', (iteration - 1) * numIterations + pass);
    for (let m = 0; m < minibatches; m++) {
      const part = order.subarray(Math.floor((m * steps) / minibatches), Math.floor(((m + 1) * steps) / minibatches));
      if (part.length === 0) continue;
      const { sets, contrastive } = minibatchTask(
        context,
        rollout,
        part,
        advantage,
        refLogProb,
        labels,
        learner.updates,
      );
      const learningRate = learningRateAt(config, learner.updates, totalUpdates);
      stats.push(update(learner, sets, contrastive, { ...adamwSettings(config), learningRate }));
    }
  }
  const metrics: Metrics = {
    'charts/success': rollout.returns.reduce((sum, x) => sum + x, 0) / games.length,
    'charts/episodic_return': rollout.returns.reduce((sum, x) => sum + x, 0) / games.length,
    'charts/episodic_length': steps / games.length,
    'losses/policy_loss': meanStats(stats, 'policy'),
    'losses/approx_kl': meanStats(stats, 'approxKl'),
    'losses/clipfrac': meanStats(stats, 'clipFraction'),
    'losses/entropy': meanStats(stats, 'entropy'),
    'losses/grad_norm': meanStats(stats, 'gradNorm'),
    reward_std: rewardStd,
    frac_reward_zero_std: deadShare,
  };
  const terms = termsOf(config.method);
  if (config.beta > 0) metrics['losses/kl'] = meanStats(stats, 'kl');
  if (terms.includes('classifier')) metrics['losses/classifier'] = meanStats(stats, 'classifier');
  if (terms.includes('cloning')) metrics['losses/cloning'] = meanStats(stats, 'cloning');
  if (terms.includes('contrastive')) metrics['losses/contrastive'] = meanStats(stats, 'contrastive');
  if (usesLabels && config.labels !== 'demonstrations') addLabelQuality(metrics, labels, rollout);
  return { metrics, steps };
}

function addLabelQuality(metrics: Metrics, labels: Int8Array, rollout: Rollout): void {
  const quality = labelQuality(labels, rollout.expert.subarray(0, rollout.expert.length === 0 ? 0 : labels.length));
  if (quality.coverage !== null) metrics['labels/coverage'] = quality.coverage;
  if (quality.accuracy !== null) metrics['labels/accuracy'] = quality.accuracy;
  if (quality.truePositiveRate !== null) metrics['labels/true_positive_rate'] = quality.truePositiveRate;
  if (quality.falsePositiveRate !== null) metrics['labels/false_positive_rate'] = quality.falsePositiveRate;
}
