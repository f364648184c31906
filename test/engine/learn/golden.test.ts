import { describe, expect, test } from 'vitest';
import { balancedWeights, stateWeights } from '../../../src/engine/learn/objective.ts';
import type { LossSet } from '../../../src/engine/learn/shards.ts';
import { createLearner, type UpdateStats, update, type WholeLoss } from '../../../src/engine/learn/update.ts';
import { errorOfLargest, gradients, type Opened, openGolden, readGolden, worstParameter } from '../policy/golden.ts';
import { contrastiveOf, type GoldenLosses, lossSet, still } from '../policy/goldenLosses.ts';

const lossTypes = ['grpo', 'dr_grpo', 'bnpo', 'dapo'] as const;

/** Largest error of single precision that a test below allows, over the largest magnitude of the tensor. */
const TOLERANCE = 1e-5;

/** The losses of the sets and the gradient of their sum by parameter, without a step. */
function lossAndGradient(
  { policy }: Opened,
  sets: LossSet[],
  contrastive: WholeLoss | null = null,
): { stats: UpdateStats; gradient: Record<string, Float32Array> } {
  const learner = createLearner(policy);
  const stats = update(learner, sets, contrastive, still);
  return { stats, gradient: gradients(policy, learner.gradients[0]) };
}

function weightsOf(losses: GoldenLosses, lossType: (typeof lossTypes)[number]): Float32Array {
  const { episode, lengths, maxSteps, minibatches } = losses;
  const all = lengths.flatMap((length, e) => Array.from({ length }, () => e));
  const out = new Float32Array(episode.length);
  stateWeights(
    lossType,
    all,
    lengths,
    maxSteps,
    minibatches,
    episode.map((_, i) => i),
    out,
  );
  return out;
}

describe.each(['attention-slots', 'mlp'])('losses on %s against float64 automatic differentiation', (name) => {
  const losses = readGolden<GoldenLosses>(`${name}-losses`);
  const expectLoss = (key: string, value: number, gradient: Record<string, Float32Array>): void => {
    expect(errorOfLargest([value], [losses.values[key]])).toBeLessThan(TOLERANCE);
    expect(worstParameter(gradient, losses.gradients[key])).toBeLessThan(TOLERANCE);
  };
  const advantage = Float32Array.from(losses.advantages);

  test.each(lossTypes)('%s: weight of each state, relative error < 1e-6', (lossType) => {
    expect(errorOfLargest(weightsOf(losses, lossType), losses.weights[lossType])).toBeLessThan(1e-6);
  });

  test.each(lossTypes)('%s: clipped surrogate and its gradient, error < 1e-5 of the largest', async (lossType) => {
    const opened = await openGolden(name);
    const set = lossSet(opened, losses, { advantage, weight: weightsOf(losses, lossType) }, {});
    const { stats, gradient } = lossAndGradient(opened, [set]);
    expectLoss(lossType, stats.policy, gradient);
  });

  test('approximate KL and clipped share of the minibatch, relative error < 1e-5', async () => {
    const opened = await openGolden(name);
    const { stats } = lossAndGradient(opened, [lossSet(opened, losses, { advantage }, {})]);
    expect(errorOfLargest([stats.approxKl], [losses.approxKl])).toBeLessThan(TOLERANCE);
    expect(stats.clipFraction).toBeCloseTo(losses.clipFraction, 6);
  });

  test('KL to the reference (k3) and its gradient, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    const { stats, gradient } = lossAndGradient(opened, [lossSet(opened, losses, {}, { beta: 1 })]);
    expectLoss('kl', stats.kl, gradient);
  });

  test('entropy and its gradient, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    // The bonus lowers the loss: a coefficient of -1 leaves the gradient of the entropy itself.
    const { stats, gradient } = lossAndGradient(opened, [lossSet(opened, losses, {}, { entropyCoef: -1 })]);
    expectLoss('entropy', stats.entropy, gradient);
  });

  test('class-balanced binary cross-entropy and its gradient, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    const labels = losses.labels.flat();
    const good = labels.filter((label) => label === 1).length;
    const labelled = labels.filter((label) => label >= 0).length;
    const settings = balancedWeights(good, labelled, 1);
    const { stats, gradient } = lossAndGradient(opened, [lossSet(opened, losses, {}, settings)]);
    expectLoss('classifier', stats.classifier, gradient);
    expect(stats.classifierLabelled).toBe(labelled);
  });

  test('cloning of the good actions and its gradient, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    const { stats, gradient } = lossAndGradient(opened, [lossSet(opened, losses, {}, { cloningCoef: 1 })]);
    expectLoss('cloning', stats.cloning, gradient);
  });

  test('supervised contrastive loss of chosen embeddings and its gradient, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    const { stats, gradient } = lossAndGradient(opened, [], contrastiveOf(opened, losses, 1));
    expectLoss('contrastive', stats.contrastive, gradient);
  });

  test('losses add: surrogate, KL, entropy, classifier, cloning and contrastive at once, error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    const labels = losses.labels.flat();
    const counts = [1, 0].map((kind) => labels.filter((label) => label === kind).length);
    const balanced = balancedWeights(counts[0], counts[0] + counts[1], 0.5);
    const settings = { beta: 0.04, entropyCoef: 0.02, cloningCoef: 0.1, ...balanced };
    const { gradient } = lossAndGradient(
      opened,
      [lossSet(opened, losses, { advantage }, settings)],
      contrastiveOf(opened, losses, 0.05),
    );
    const shares = { bnpo: 1, kl: 0.04, entropy: -0.02, classifier: 0.5, cloning: 0.1, contrastive: 0.05 };
    const sum = Object.fromEntries(
      Object.entries(losses.gradients.bnpo).map(([parameter, first]) => [
        parameter,
        first.map((_, i) =>
          Object.entries(shares).reduce(
            (total, [key, share]) => total + share * losses.gradients[key][parameter][i],
            0,
          ),
        ),
      ]),
    );
    expect(worstParameter(gradient, sum)).toBeLessThan(TOLERANCE);
  });

  test('a minibatch of several shards: the five states sixty-one times over give the same gradient, error < 1e-5', async () => {
    const opened = await openGolden(name);
    const repeats = 61;
    const order = Int32Array.from({ length: 5 * repeats }, (_, i) => i % 5);
    const weight = new Float32Array(order.length).fill(1 / order.length);
    const { stats, gradient } = lossAndGradient(opened, [lossSet(opened, losses, { advantage, order, weight }, {})]);
    expectLoss('bnpo', stats.policy, gradient);
  });
});

test('class weights are .5/p and .5/(1-p) over the labelled rows, p kept in [.02, .98], relative error < 1e-8', () => {
  for (const { good, labelled, weights } of readGolden<GoldenLosses>('mlp-losses').classWeights) {
    const { goodWeight, badWeight } = balancedWeights(good, labelled, 0.5);
    expect(
      errorOfLargest(
        [goodWeight, badWeight],
        [0.5, 0.5].map((c, i) => (c * weights[i]) / labelled),
      ),
    ).toBeLessThan(1e-8);
  }
});

test('no labelled row: both class weights are 0', () => {
  expect(balancedWeights(0, 0, 0.5)).toEqual({ goodWeight: 0, badWeight: 0 });
});
