import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { loadParameters, parameterTensors } from '../../src/engine/policy/parameters.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import type { VectorSpec } from '../../src/env/environment.ts';
import { tensorsSha256 } from '../../src/record/sha256.ts';

const spec: VectorSpec = {
  name: 'vectors',
  version: '1',
  maxSteps: 9,
  hasExpert: false,
  form: 'vector',
  vectorWidth: 3,
  actionCount: 4,
};

async function open(seed: number, hidden = 5): Promise<Policy> {
  const sizes = { tokenWidth: 4, matchWidth: 4, hidden, embedding: 6, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  return policy;
}

test('parameters carry over to another policy to the bit, derived tables too', async () => {
  const from = await open(1);
  const to = await open(2);
  const hash = (policy: Policy): string => tensorsSha256(parameterTensors(policy));
  expect(hash(to)).not.toBe(hash(from));
  loadParameters(to, parameterTensors(from));
  expect(hash(to)).toBe(hash(from));
  const { vectorSize } = from.network;
  expect(to.arena.read(to.weights, vectorSize)).toEqual(from.arena.read(from.weights, vectorSize));
});

test('tensors are copies by name and shape', async () => {
  const policy = await open(1);
  const tensors = parameterTensors(policy);
  expect(tensors.find(({ name }) => name === 'state.weight')?.shape).toEqual([3, 5]);
  policy.arena.zero(policy.weights, policy.network.vectorSize * 4);
  expect((tensors[0].values as Float32Array).some((x) => x !== 0)).toBe(true);
});

test('refuses parameters that are missing, of another shape, or not finite', async () => {
  const advice = 'the checkpoint is of another policy or environment; use the config it was made with';
  const tensors = parameterTensors(await open(1));
  const policy = await open(2);
  expect(() =>
    loadParameters(
      policy,
      tensors.filter(({ name }) => name !== 'state.bias'),
    ),
  ).toThrow(`loadParameters: the checkpoint has no state.bias; ${advice}`);
  const wider = await open(1, 8);
  expect(() => loadParameters(policy, parameterTensors(wider))).toThrow(
    `loadParameters: state.weight must have shape [3,5], got [3,8]; ${advice}`,
  );
  (tensors[1].values as Float32Array)[0] = Number.NaN;
  expect(() => loadParameters(policy, tensors)).toThrow(
    `loadParameters: ${tensors[1].name} must be finite, got NaN; use an earlier checkpoint`,
  );
});
