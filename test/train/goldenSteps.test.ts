import { expect, test } from 'vitest';
import { balancedWeights } from '../../src/engine/learn/objective.ts';
import { createLearner, update } from '../../src/engine/learn/update.ts';
import { errorOfLargest, openGolden, readGolden } from '../engine/policy/golden.ts';
import { type GoldenLosses, lossSet } from '../engine/policy/goldenLosses.ts';

test.each(['attention-slots', 'mlp'])(
  'ten AdamW steps on %s: losses and gradient norms against float64, error < 1e-5 of the largest',
  async (name) => {
    const losses = readGolden<GoldenLosses>(`${name}-losses`);
    const { steps } = losses;
    const opened = await openGolden(name);
    const learner = createLearner(opened.policy);
    const labels = losses.labels.flat();
    const good = labels.filter((label) => label === 1).length;
    const labelled = labels.filter((label) => label >= 0).length;
    const { entropyCoef, cloningCoef } = steps;
    const set = lossSet(
      opened,
      losses,
      { advantage: Float32Array.from(losses.advantages) },
      { entropyCoef, cloningCoef, ...balancedWeights(good, labelled, steps.classifierCoef) },
    );
    const totals: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < 10; step++) {
      const stats = update(learner, [set], null, { ...steps, epsilon: steps.adamEpsilon });
      // The classifier's weights hold its coefficient already.
      totals.push(stats.policy - entropyCoef * stats.entropy + stats.classifier + cloningCoef * stats.cloning);
      norms.push(stats.gradNorm);
    }
    expect(errorOfLargest(totals, steps.losses)).toBeLessThan(1e-5);
    expect(errorOfLargest(norms, steps.gradientNorms)).toBeLessThan(1e-5);
  },
);
