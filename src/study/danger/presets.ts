/** Presets and defaults of the danger experiment. */
import type { Policy } from '../../engine/policy/policy.ts';
import { streamKey } from '../../random.ts';

/**
 * Default of `decoupleLambda`. Of 0.3, 1, 3, 10 and 30 it is the value with which no mean rises by more than 0.05 and
 * the task is learnt in 120 iterations: seeds 101 to 112, docs/decisions/0034-danger-zone-conditions.md.
 */
export const DECOUPLE_LAMBDA = 3;

export const dangerPresets = ['default', 'prototype'] as const;

/**
 * `default` initialises networks as all runs of this engine. `prototype` reproduces the PyTorch study that found the
 * effect: weights are about half as large again and biases are 0, each cloned observation is of s or s' at random, and
 * the entropy bonus of s stays without coupling.
 */
export type DangerPreset = (typeof dangerPresets)[number];

/** Standard deviation of the normal initialisation, by parameter. Parameters that are not listed start at 0. */
function prototypeDeviations(policy: Policy): ReadonlyMap<string, number> {
  const { parameters } = policy.network;
  const rows = (name: string): number => parameters.find((p) => p.name === name)?.shape[0] ?? 0;
  // In the prototype, state and action embedding are one input, so their weights share a fan-in.
  const input = 1 / Math.sqrt(rows('state.weight') + rows('action.weight'));
  const embedding = rows('policyHead.weight');
  return new Map([
    ['state.weight', input],
    ['action.weight', input],
    ['actions', 1],
    ['embedding.weight', 1 / Math.sqrt(rows('embedding.weight'))],
    ['policyHead.weight', 1 / Math.sqrt(4 * embedding)],
    ['classifierHead.weight', 1 / Math.sqrt(embedding)],
  ]);
}

/** Initialises the policy's weights by the preset and prepares them. */
export function initialiseFor(preset: DangerPreset, policy: Policy, seed: number): void {
  const { arena, network, weights } = policy;
  network.initialise(weights, seed);
  if (preset === 'prototype') {
    const deviations = prototypeDeviations(policy);
    for (const { name, offset, size } of network.parameters) {
      const [k0, k1] = streamKey(seed, `init/${name}`, 0);
      arena.kernels.randomNormal(k0, k1, size, deviations.get(name) ?? 0, weights + offset);
    }
  }
  network.prepare(weights);
}
