import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { loadStates } from '../../src/engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState } from '../../src/engine/states/stateList.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { type Crew, relaxedCrew, soloCrew } from '../../src/parallel/crew.ts';
import { randomStream } from '../../src/random.ts';
import { encodeReceipt, parseReceipt } from '../../src/record/receiptFile.ts';
import { recordedRun, resumedRun } from '../train/recordedRun.ts';

/** The gradient of random sums of logits and classifier scores in four first states. */
async function gradient(crew: Crew): Promise<Float32Array> {
  const environment = createHousehold();
  const policy = createPolicy(await crew.arena(), environment.spec, { ...resolveConfig({}), logitScale: 1 }, 8);
  const { arena, network, weights } = policy;
  network.initialise(weights, 3);
  network.prepare(weights);
  const list = createStateList(inputShape(environment.spec));
  for (let seed = 0; seed < 4; seed++) {
    const { observation, info } = await environment.reset({ seed, split: 'train' });
    pushState(list, observation, info.admissibleActions);
  }
  loadStates(arena, network.batch, list, [0, 1, 2, 3], 0, 4);
  network.forward(weights);
  const random = randomStream(1, 'test/relaxed');
  for (const head of [network.heads.logit, network.heads.classifier])
    arena.write(
      head.grad,
      Array.from({ length: list.actions }, () => random.uniform() - 0.5),
    );
  const g = arena.floats(network.vectorSize);
  network.backward(weights, g, 0);
  network.finish(weights, g);
  return arena.read(g, network.size);
}

describe('relaxed arithmetic', () => {
  test('returns gradients within 1e-5 of their largest component', async () => {
    const [exact, relaxed] = [await gradient(soloCrew()), await gradient(relaxedCrew())];
    const largest = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const error = exact.reduce((most, x, i) => Math.max(most, Math.abs(x - relaxed[i])), 0);
    expect(largest).toBeGreaterThan(0.01);
    expect(error / largest).toBeLessThan(1e-5);
  });

  test('is recorded in the receipt and changes its hash; a run with exact arithmetic has no such key', async () => {
    const { outcome, checkpoints } = await recordedRun({ iterations: 1 }, { crew: relaxedCrew() });
    const { receipt } = outcome;
    expect(receipt.arithmetic).toBe('relaxed');
    const file = { receipt, check: '', files: {} };
    expect(parseReceipt(encodeReceipt(file))).toEqual(file);
    const { arithmetic: _, ...unnamed } = receipt;
    expect(parseReceipt(encodeReceipt({ ...file, receipt: unnamed }))).toEqual({
      flaw: 'contradicts itself: root does not follow from what the run starts from',
    });
    expect((await recordedRun({ iterations: 0 })).outcome.receipt).not.toHaveProperty('arithmetic');
    await expect(resumedRun({ iterations: 1 }, checkpoints, 0)).rejects.toThrow(
      new Error(
        'train: the checkpoint was made with relaxed arithmetic, but this is exact; resume with --arithmetic relaxed',
      ),
    );
    const resumed = await resumedRun({ iterations: 1 }, checkpoints, 0, { crew: relaxedCrew() });
    expect(resumed.outcome).toEqual(outcome);
  });
});
