import { expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { recordedRun } from './recordedRun.ts';

const few: Partial<Config> = {
  ...{ iterations: 1, evalEpisodes: 1, couplingPairs: 2, coldStart: 2, coldStartUpdates: 1 },
  ...{ groupsPerIteration: 1, numGenerations: 2, numIterations: 1, layerNorm: true },
};

/** Shapes of the parameters after a run. */
async function shapesOf(changes: Partial<Config>): Promise<Record<string, readonly number[]>> {
  const { checkpoints } = await recordedRun({ ...few, ...changes });
  const files = checkpoints.get(1);
  if (!files) throw new Error('no checkpoint');
  const { parameters } = unpackCheckpoint(files, '1', 'none');
  return Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
}

test('hidden and embedding of 512 are the widths of the attention policy, with a layer norm', async () => {
  const shapes = await shapesOf({ hidden: 512, embedding: 512, tokenWidth: 20, matchWidth: 24 });
  expect(shapes).toMatchObject({
    'embedding.weight': [512, 512],
    'match.key.weight': [20, 24],
    'hidden.norm.gamma': [512],
    'hidden.norm.beta': [512],
    'policyHead.weight': [512, 1],
  });
  expect(shapes.tokens[1]).toBe(20);
  expect(shapes['match.weight'][1]).toBe(512);
});

test('they are those of the mlp policy and of its value network, except matchWidth, which it has no use for', async () => {
  const widths = { hidden: 512, embedding: 512, tokenWidth: 20 };
  const ppo = { policy: 'mlp', method: 'ppo', valueNetwork: 'separate' } as const;
  const shapes = await shapesOf({ ...ppo, ...widths });
  expect(shapes).toMatchObject({
    'action.weight': [20, 512],
    'embedding.weight': [512, 512],
    'hidden.norm.gamma': [512],
    'valueState.norm.beta': [512],
    'valueEmbedding.weight': [512, 512],
  });
  expect(shapes.actions[1]).toBe(20);
  expect(shapes['state.weight'][1]).toBe(512);
});

test('the check of memory knows the copies of the weights and the buffers of Muon', () => {
  // Two widths between which each of them decides whether a run fits.
  const fits = (hidden: number, changes: Partial<Config>): boolean => {
    try {
      resolveConfig({ hidden, embedding: hidden, ...changes });
      return true;
    } catch (error) {
      expect((error as Error).message).toContain('config: a run must fit into 4 GiB');
      return false;
    }
  };
  expect([fits(512, { optimizer: 'muon', churnCoef: 1, layerNorm: true }), fits(14_000, {})]).toEqual([true, true]);
  expect(fits(14_000, { churnCoef: 1 })).toBe(false);
  expect(fits(14_000, { optimizer: 'muon' })).toBe(false);
});
