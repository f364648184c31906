import { describe, expect, test } from 'vitest';
import { balancedWeights, stateWeights } from '../../../src/engine/learn/objective.ts';

describe('weights of the states, three episodes of 1, 2 and 5 steps, at most 10', () => {
  const lengths = [1, 2, 5];
  const episode = [0, 1, 1, 2, 2, 2, 2, 2];
  // As the trainer draws them: minibatches of 2 and 3 and 3 states in mixed order.
  const minibatches = [
    [6, 0],
    [1, 7, 3],
    [5, 2, 4],
  ];

  const weights = (lossType: 'grpo' | 'dr_grpo' | 'bnpo' | 'dapo', minibatch: number[], parts = 3): number[] => {
    const out = new Float32Array(minibatch.length);
    stateWeights(lossType, episode, lengths, 10, parts, minibatch, out);
    return [...out];
  };

  test('grpo: 1 / (episodes * steps of the episode), times the minibatches', () => {
    expect(weights('grpo', [6, 0])).toEqual([3 / 15, 1].map(Math.fround));
    expect(weights('grpo', [1, 7, 3])).toEqual([3 / 6, 3 / 15, 3 / 15].map(Math.fround));
  });

  test('dr_grpo: 1 / (episodes * maxSteps), times the minibatches', () => {
    expect(weights('dr_grpo', [6, 0])).toEqual([0.1, 0.1].map(Math.fround));
  });

  test('bnpo: 1 / states of the minibatch', () => {
    expect(weights('bnpo', [6, 0])).toEqual([0.5, 0.5]);
    expect(weights('bnpo', [1, 7, 3])).toEqual([1 / 3, 1 / 3, 1 / 3].map(Math.fround));
  });

  test('dapo: 1 / steps of the batch, times the minibatches', () => {
    expect(weights('dapo', [1, 7, 3])).toEqual([3 / 8, 3 / 8, 3 / 8]);
  });

  test.each([
    ['grpo', 1],
    ['dr_grpo', 8 / 30],
    ['dapo', 1],
  ] as const)('%s: the mean over the minibatches is the batch in one, of weight %f in all', (lossType, inAll) => {
    const whole = weights(lossType, [0, 1, 2, 3, 4, 5, 6, 7], 1);
    expect(whole.reduce((sum, x) => sum + x, 0)).toBeCloseTo(inAll, 6);
    for (const minibatch of minibatches) {
      const part = weights(lossType, minibatch);
      minibatch.forEach((s, i) => {
        expect(part[i] / 3).toBeCloseTo(whole[s], 6);
      });
    }
  });

  test('bnpo: each minibatch has weight 1', () => {
    for (const minibatch of minibatches) {
      expect(weights('bnpo', minibatch).reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 6);
    }
  });
});

describe('class-balanced weights', () => {
  test('good and bad rows weigh half of the coefficient each, whatever their shares', () => {
    for (const [good, labelled] of [
      [5, 10],
      [1, 40],
      [30, 31],
    ]) {
      const { goodWeight, badWeight } = balancedWeights(good, labelled, 0.8);
      expect(good * goodWeight).toBeCloseTo(0.4, 12);
      expect((labelled - good) * badWeight).toBeCloseTo(0.4, 12);
    }
  });

  test('a share of good below 0.02 or above 0.98 counts as that: a rare class does not outweigh everything', () => {
    expect(balancedWeights(1, 100, 1)).toEqual({ goodWeight: 0.5 / 0.02 / 100, badWeight: 0.5 / 0.98 / 100 });
    expect(balancedWeights(0, 100, 1)).toEqual({ goodWeight: 0.5 / 0.02 / 100, badWeight: 0.5 / 0.98 / 100 });
    expect(balancedWeights(100, 100, 1)).toEqual({ goodWeight: 0.5 / 0.98 / 100, badWeight: 0.5 / (1 - 0.98) / 100 });
  });

  test('nothing labelled, nothing weighed', () => {
    expect(balancedWeights(0, 0, 1)).toEqual({ goodWeight: 0, badWeight: 0 });
  });
});
