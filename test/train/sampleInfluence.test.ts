/** Samples that an explanation names, left out of the updates. */
import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { type Learner, update } from '../../src/engine/learn/update.ts';
import { takenLogProbs } from '../../src/engine/policy/policy.ts';
import { randomStream, shuffle } from '../../src/random.ts';
import { unpackCheckpoint } from '../../src/record/checkpoint.ts';
import type { NextUpdates } from '../../src/train/iterations.ts';
import { sampleInfluences, stepCoefficients } from '../../src/train/sampleInfluence.ts';
import { stepAfter } from '../../src/train/takeUpdates.ts';
import { runBounded } from '../../src/train/trainer.ts';
import { recordedRun, small } from './recordedRun.ts';

const changes = {
  ...{ iterations: 3, groupsPerIteration: 6, numGenerations: 6, coldStart: 40, coldStartUpdates: 60 },
  ...{ checkpointEvery: 1, couplingPairs: 0, evalEpisodes: 2 },
};
const config = resolveConfig({ ...small, ...changes });
const run = await recordedRun(changes);
const LEFT_OUT = 12;

/** Calls `visit` with the updates of iteration 3, which follow the checkpoint of iteration 2. */
async function beforeIteration3(visit: (next: NextUpdates) => void): Promise<void> {
  const files = run.checkpoints.get(2);
  if (!files) throw new Error('no checkpoint 2');
  const bound = { until: 2, extraCheckpoints: new Set<number>(), onNext: visit };
  await runBounded(config, { checkpoint: unpackCheckpoint(files, '2', 'none') }, bound);
}

function savedLearner(learner: Learner): () => void {
  const { arena, network, weights } = learner.policy;
  const vectors = [weights, learner.firstMoment, learner.secondMoment];
  const copies = vectors.map((vector) => arena.read(vector, network.size));
  const { updates, beta1Power, beta2Power } = learner;
  return () => {
    for (const [i, vector] of vectors.entries()) arena.write(vector, copies[i]);
    network.prepare(weights);
    Object.assign(learner, { updates, beta1Power, beta2Power });
  };
}

/** Takes the updates with AdamW; the samples in `leftOut` have weight 0. */
function takeUpdates({ learner, tasks }: NextUpdates, leftOut: ReadonlySet<number>): void {
  for (const { sets, contrastive } of tasks) {
    const [own, ...others] = sets;
    const weight = own.weight.map((w, i) => (leftOut.has(own.order[i]) ? 0 : w));
    update(learner, [{ ...own, weight }, ...others], contrastive, stepAfter(config, learner.updates));
  }
}

describe('the updates of the next iteration', () => {
  test('taken as they are, they give the checkpoint of that iteration', async () => {
    await beforeIteration3((next) => {
      takeUpdates(next, new Set());
      const { arena, network, weights } = next.learner.policy;
      const trained = unpackCheckpoint(run.checkpoints.get(3) as ReadonlyMap<string, Uint8Array>, '3', 'none');
      const found = arena.read(weights, network.size);
      for (const { name, offset, size } of network.parameters) {
        const values = trained.parameters.find((tensor) => tensor.name === name)?.values;
        expect(found.slice(offset / 4, offset / 4 + size)).toEqual(values);
      }
    });
  });

  test('coefficients: learning rate, weight and advantage, summed over the passes', async () => {
    await beforeIteration3((next) => {
      const { rollout, tasks } = next;
      const coefficients = stepCoefficients(next, config);
      const { advantage } = tasks[0].sets[0];
      const steps = rollout.states.states;
      // dapo: each sample has the weight minibatches / steps in one minibatch of each pass.
      const { learningRate, minibatches, numIterations } = config;
      for (const [s, c] of coefficients.entries()) {
        expect(c).toBeCloseTo((numIterations * learningRate * minibatches * advantage[s]) / steps, 9);
      }
    });
  });
});

test('without the named samples the updates raise the action less than without random samples', async () => {
  let compared = 0;
  await beforeIteration3((next) => {
    const { learner, rollout } = next;
    const { policy } = learner;
    const restore = savedLearner(learner);
    const count = rollout.states.states;
    const random = randomStream(7, 'test/leave out');
    for (const s of [0, Math.floor(count / 3), Math.floor(count / 2)]) {
      const target = { list: rollout.states, states: [s], taken: [rollout.taken[s]] };
      const influence = sampleInfluences(next, config, target);
      const order = [...influence.keys()].sort((a, b) => influence[b] - influence[a] || a - b);
      const logProbWithout = (leftOut: readonly number[]): number => {
        takeUpdates(next, new Set(leftOut));
        const [logProb] = takenLogProbs(policy, policy.weights, target.list, target.states, target.taken);
        restore();
        return logProb;
      };
      const all = logProbWithout([]);
      const helped = logProbWithout(order.slice(0, LEFT_OUT));
      const hindered = logProbWithout(order.slice(-LEFT_OUT));
      const others = Array.from({ length: 8 }, () => {
        const chosen = Int32Array.from({ length: count }, (_, i) => i);
        shuffle(random, chosen);
        return logProbWithout([...chosen.subarray(0, LEFT_OUT)]);
      });
      expect(helped).toBeLessThan(all);
      expect(helped).toBeLessThan(Math.min(...others));
      expect(hindered).toBeGreaterThan(all);
      expect(hindered).toBeGreaterThan(Math.max(...others));
      compared++;
    }
  });
  expect(compared).toBe(3);
});
