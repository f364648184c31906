/** Dense rewards and time limits: what the preset learns, and where normalised observations are applied. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { presetKeys } from '../../src/config/presets.ts';
import { openPolicy } from '../../src/edge.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { blueprintFromJson } from '../../src/engine/policy/blueprint.ts';
import { loadParameters } from '../../src/engine/policy/parameters.ts';
import { batchCapacity, buildPolicy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { createStateList, pushState } from '../../src/engine/states/stateList.ts';
import { randomStream } from '../../src/random.ts';
import { decodeSafetensors } from '../../src/record/safetensors.ts';
import { createCartPole } from '../env/control/cartPole.ts';
import { recordedRun } from './recordedRun.ts';

const preset = presetKeys('classic-control');
const cartPole = { environment: createCartPole };
const edgeModule = async (): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(new URL('../../wasm/unbraid.edge.wasm', import.meta.url)));

test('CartPole with the preset in 40 iterations: return > 400 in new games, about 20 before', async () => {
  const config = { ...preset, iterations: 40, evalEpisodes: 20, couplingPairs: 1 };
  const { metrics, outcome } = await recordedRun(config, cartPole);
  expect(metrics[0]['eval/in_domain']).toBeLessThan(40);
  expect(outcome.success.inDomain).toBeGreaterThan(400);
});

test('the defaults of ppo do not learn it in 60 iterations', async () => {
  const config = { method: 'ppo', policy: 'mlp', coldStart: 0, evalEpisodes: 20, couplingPairs: 1 } as const;
  const { outcome } = await recordedRun({ ...config, iterations: 60 }, cartPole);
  expect(outcome.success.inDomain).toBeLessThan(100);
});

test('GRPO with rewards to go: the return more than triples', async () => {
  const config = { ...preset, method: 'grpo', returns: 'to-go', discount: 0.99, iterations: 30 } as const;
  const { metrics, outcome } = await recordedRun({ ...config, evalEpisodes: 20, couplingPairs: 1 }, cartPole);
  expect(outcome.success.inDomain).toBeGreaterThan(3 * metrics[0]['eval/in_domain']);
});

test('a saved policy normalises at the edge: the bits of the trainer, and of a policy that is shown normal vectors', async () => {
  const run = await recordedRun({ ...preset, iterations: 2, evalEpisodes: 1, couplingPairs: 1 }, cartPole);
  const bytes = run.checkpoints.get(2)?.get('parameters.safetensors') as Uint8Array;
  const { tensors, metadata } = decodeSafetensors(bytes);
  const blueprint = blueprintFromJson(metadata.blueprint);
  const { shape } = blueprint;
  const values = (name: string): Float32Array => tensors.find((tensor) => tensor.name === name)?.values as Float32Array;
  const [mean, scale] = [values('observation.mean'), values('observation.scale')];
  expect([mean.some((x) => x !== 0), scale.every((x) => x > 1)]).toEqual([true, true]);

  const random = randomStream(1, 'test/edge/normal');
  // The last one is so far from the mean that it is limited.
  const shown = Array.from({ length: 5 }, (_, i) =>
    Float32Array.from({ length: 4 }, () => (i === 4 ? 1e4 : 0.2) * (random.uniform() - 0.5)),
  );
  const normal = shown.map((x) => x.map((value, c) => Math.max(-10, Math.min(10, (value - mean[c]) * scale[c]))));
  const scoresOf = async (normalizes: boolean, vectors: readonly Float32Array[]): Promise<number[]> => {
    const config = { ...blueprint.config, normalizeObservations: normalizes };
    const policy = buildPolicy(await createArena(), { ...blueprint, config }, batchCapacity(shape, 8));
    loadParameters(
      policy,
      tensors.filter(({ name }) => normalizes || !name.startsWith('observation.')),
    );
    const list = createStateList(shape);
    for (const x of vectors) pushState(list, x, [0, 1]);
    return [...takenLogProbs(policy, policy.weights, list, [0, 1, 2, 3, 4], [0, 1, 0, 1, 0])];
  };
  const edge = openPolicy(await edgeModule(), bytes);
  const atEdge = shown.map(
    (observation, i) => edge.logProbs({ observation, info: { admissibleActions: [0, 1] } })[i % 2],
  );
  expect(atEdge).toEqual(await scoresOf(true, shown));
  expect(atEdge).toEqual(await scoresOf(false, normal));
  expect(atEdge).not.toEqual(await scoresOf(false, shown));
});
