/** What an update costs whatever the machine: calls across the border to WebAssembly, and memory of JavaScript. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { median } from '../../bench/sampling.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { engineModule, instantiateKernels, type Kernels } from '../../src/engine/kernels/load.ts';
import { createLearner, update } from '../../src/engine/learn/update.ts';
import { actionKey, createPolicy } from '../../src/engine/policy/policy.ts';
import { findRepeats } from '../../src/engine/states/repeats.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { randomStream } from '../../src/random.ts';
import { collect } from '../../src/rollout/collect.ts';
import { trainingGames } from '../../src/rollout/success.ts';
import { minibatchTask } from '../../src/train/minibatch.ts';
import { adamwSettings } from '../../src/train/takeUpdates.ts';

const config = resolveConfig({ env: 'household', method: 'classifier+cloning', labels: 'graph', seed: 1 });
const STATES = 256;

/** An arena that counts the calls of its kernels. */
async function countingArena(): Promise<{ arena: Arena; calls: Record<string, number> }> {
  const calls: Record<string, number> = {};
  const memory = new WebAssembly.Memory({ initial: 16 });
  const kernels = Object.entries(instantiateKernels(await engineModule(), memory)).map(([name, kernel]) => {
    const counted = (...args: number[]): unknown => {
      calls[name] = (calls[name] ?? 0) + 1;
      return (kernel as (...args: number[]) => unknown)(...args);
    };
    return [name, typeof kernel === 'function' ? counted : kernel];
  });
  return { arena: new Arena(memory, Object.fromEntries(kernels) as Kernels), calls };
}

/** Gives an update of the default policy from the same states of household each time, which has been done before. */
async function openUpdate(arena: Arena): Promise<() => void> {
  const environments = Array.from({ length: 32 }, () => createHousehold({ form: 'tokens' }));
  const [{ spec }] = environments;
  const policy = createPolicy(arena, spec, { ...config, logitScale: 1 });
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  const games = trainingGames(1, 32);
  const rollout = await collect(policy, environments, games, { key: actionKey(1, 'test/costs', 1), temperature: 1 });
  const random = randomStream(1, 'test/costs');
  const { states } = rollout;
  const labels = Int8Array.from({ length: states.actions }, () => random.below(3) - 1);
  const advantage = Float32Array.from({ length: states.states }, () => 2 * random.uniform() - 1);
  const repeats = findRepeats(states, labels);
  const prepared = { rollout, advantage, values: null, refLogProb: null, labels, repeats, maxSteps: spec.maxSteps };
  const order = Int32Array.from({ length: STATES }, (_, i) => i);
  const { sets } = minibatchTask(prepared, order, config, null, 0);
  const learner = createLearner(policy);
  const once = (): void => void update(learner, sets, null, adamwSettings(config));
  once();
  return once;
}

test('an update of eight shards calls each kernel this often', async () => {
  const { arena, calls } = await countingArena();
  const update = await openUpdate(arena);
  for (const name of Object.keys(calls)) delete calls[name];
  update();
  expect(calls).toEqual({
    activationForward: 16,
    adamw: 1,
    addInto: 7,
    addRows: 14,
    binaryCrossEntropy: 8,
    clearRows: 16,
    cloningLoss: 8,
    columnSum: 8,
    copyBytes: 8,
    distinctPairs: 8,
    embeddingBag: 24,
    embeddingBagBackward: 24,
    fill: 32,
    gatherRows: 83,
    indexBatch: 8,
    logSoftmax: 8,
    matchBackward: 8,
    matchForward: 8,
    matmulNN: 76,
    matmulNT: 91,
    matmulTN: 91,
    policyLoss: 8,
    scaleBy: 2,
    scatterRows: 25,
    segmentSum: 8,
    slotEmbedding: 8,
    slotEmbeddingBackward: 8,
    sumOfSquares: 2,
  });
});

describe('memory of JavaScript', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heldBytes = (): number => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  test('an update allocates at most 28 kB', async () => {
    const update = await openUpdate(await createArena());
    for (let i = 0; i < 50; i++) update();
    const grown = Array.from({ length: 101 }, () => {
      const before = process.memoryUsage().heapUsed;
      update();
      return process.memoryUsage().heapUsed - before;
    });
    expect(median(grown)).toBeLessThanOrEqual(28_000);
  });

  // Between two measurements V8 may keep code that it compiled; what an update leaves behind is there in every round.
  test('200 updates leave at most 100 kB behind in the least of five rounds', async () => {
    const update = await openUpdate(await createArena());
    for (let i = 0; i < 50; i++) update();
    const left = Array.from({ length: 5 }, () => {
      const before = heldBytes();
      for (let i = 0; i < 200; i++) update();
      return heldBytes() - before;
    });
    expect(Math.min(...left)).toBeLessThanOrEqual(100_000);
  });
});
