import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { index32 } from '../../src/engine/kernels/address.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { type Blueprint, blueprintFromJson, blueprintToJson } from '../../src/engine/policy/blueprint.ts';
import { actionKey, actionLogProbs, createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { loadStates } from '../../src/engine/states/loadBatch.ts';
import { appendStates, createStateList, type StateList } from '../../src/engine/states/stateList.ts';
import type { Environment } from '../../src/env/environment.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { branch, requireCopies } from '../../src/rollout/branch.ts';
import { collect, play } from '../../src/rollout/collect.ts';
import { hintShare } from '../../src/rollout/hints.ts';
import type { GameChoice } from '../../src/rollout/rollout.ts';

const temperature = 0.8;
const options = { key: actionKey(1, 'test', 0), temperature };
const games: GameChoice[] = Array.from({ length: 12 }, (_, i) => ({ seed: i >> 1, split: 'train', rollout: i & 1 }));

const forms = [
  ['tokens', {}],
  ['text', { observation: 'text', maxSteps: 10 }],
  ['vector', { policy: 'mlp' }],
] as const;

async function open(changes: object, count = games.length): Promise<{ environments: Environment[]; policy: Policy }> {
  const config = resolveConfig({ method: 'classifier', hint: 'classifier', ...changes });
  const pool = await openEnvironments(config, null);
  const environments = Array.from({ length: count }, () => pool.create());
  const policy = createPolicy(await createArena(), environments[0].spec, { ...config, logitScale: 1 }, 8);
  const { arena, network, weights } = policy;
  network.initialise(weights, 4);
  // Clear preferences of both heads, so that the probability of bad actions differs between states.
  for (const { name, offset, size } of network.parameters) {
    if (/Head/.test(name))
      arena.write(
        weights + offset,
        arena.read(weights + offset, size).map((x) => 8 * x),
      );
  }
  network.prepare(weights);
  // The classifier thinks about half of the actions bad.
  const { states } = await collect(policy, environments, games, options);
  const logits = Array.from({ length: states.states }, (_, s) => {
    loadStates(arena, network.batch, states, [s], 0, 1);
    network.forward(weights);
    return Array.from(arena.read(network.heads.classifier.value, network.batch.actions));
  }).flat();
  const median = logits.sort((a, b) => a - b)[logits.length >> 1];
  const bias = network.parameters.find(({ name }) => name === 'classifierHead.bias');
  if (!bias) throw new Error('the classifier has a bias');
  arena.write(
    weights + bias.offset,
    arena.read(weights + bias.offset, 1).map((x) => x - median - 1e-3),
  );
  network.prepare(weights);
  return { environments, policy };
}

function copyWeights(from: Policy, to: Policy): void {
  to.arena.write(to.weights, from.arena.read(from.weights, from.network.size));
  to.network.prepare(to.weights);
}

/** State `s` of a list, without its hint. */
function withoutHint(list: StateList, s: number): StateList {
  const one = createStateList(list.shape, 1);
  appendStates(one, list, s, 1);
  const { form, vocabularySize, stateSlots, vectorWidth } = list.shape;
  if (form === 'vector') one.vectors[vectorWidth - 1] = 0;
  else {
    const kept = one.stateFeatures
      .slice(0, one.stateOffsets[1])
      .filter((feature) => Math.floor(feature / stateSlots) !== vocabularySize - 1);
    one.stateFeatures.set(kept);
    one.stateOffsets[1] = kept.length;
  }
  return one;
}

/** Whether the state has a hint, read from its features without the function under test. */
function hasHint(list: StateList, s: number): boolean {
  const { form, vocabularySize, stateSlots, vectorWidth } = list.shape;
  if (form === 'vector') return list.vectors[(s + 1) * vectorWidth - 1] === 1;
  return list.stateFeatures
    .slice(list.stateOffsets[s], list.stateOffsets[s + 1])
    .some((feature) => Math.floor(feature / stateSlots) === vocabularySize - 1);
}

/** The sum of π(a|s) over actions that the classifier thinks bad, in float64 from the logits. */
function badProbability(policy: Policy, one: StateList): number {
  const { arena, network } = policy;
  loadStates(arena, network.batch, one, [0], 0, 1);
  actionLogProbs(policy, policy.weights, temperature);
  const read = (at: number): number[] => Array.from(arena.f32.slice(index32(at), index32(at) + one.actions));
  const powers = read(network.heads.logit.value).map((logit) => Math.exp(logit / temperature));
  const good = read(network.heads.classifier.value).map((logit) => 1 / (1 + Math.exp(-logit)));
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.reduce((sum, x, a) => sum + (good[a] < 0.5 ? x / total : 0), 0);
}

test.each(forms)('%s: the hint appears exactly in the states where the rule holds', async (_, changes) => {
  const { environments, policy } = await open({ ...changes, hintThreshold: 0.4 });
  const { states } = await collect(policy, environments, games, options);
  const found = Array.from({ length: states.states }, (_, s) => hasHint(states, s));
  const values = found.map((_, s) => badProbability(policy, withoutHint(states, s)));
  // No value is so close to the threshold that rounding decides.
  expect(Math.min(...values.map((value) => Math.abs(value - 0.4)))).toBeGreaterThan(1e-5);
  expect(found).toEqual(values.map((value) => value > 0.4));
  expect(found).toContain(true);
  expect(found).toContain(false);
  expect(hintShare(states)).toBe(found.filter(Boolean).length / found.length);
});

test.each(forms)('%s: threshold 1 never gives a hint', async (_, changes) => {
  const { environments, policy } = await open({ ...changes, hintThreshold: 1 });
  expect(hintShare((await collect(policy, environments, games, options)).states)).toBe(0);
});

test.each(forms)(
  '%s: play without a record takes the same actions, on any number of environments',
  async (_, changes) => {
    const opened = await open(changes);
    // The return is then the sum of the numbers of the actions taken.
    const environments = opened.environments.map((environment) => ({
      ...environment,
      step: async (action: number) => ({ ...(await environment.step(action)), reward: action }),
    }));
    const rollout = await collect(opened.policy, environments, games, options);
    for (const count of [1, 5]) {
      const { returns } = await play(opened.policy, environments.slice(0, count), games, options);
      expect(returns).toEqual(rollout.returns);
    }
  },
);

test('without a hint the same weights act otherwise', async () => {
  const { environments, policy } = await open({ hintThreshold: 0.4 });
  const hinted = await collect(policy, environments, games, options);
  const never = await open({ hintThreshold: 1 });
  copyWeights(policy, never.policy);
  const plain = await collect(never.policy, never.environments, games, options);
  expect(plain.taken.slice(0, plain.states.states)).not.toEqual(hinted.taken.slice(0, hinted.states.states));
});

test('the saved description of a network says that it acts on hints; without hints it says nothing new', async () => {
  const [hinted, plain] = [await open({}), await open({ hint: 'off' })];
  const text = ({ policy: { blueprint } }: typeof plain): string => blueprintToJson(blueprint as Blueprint);
  expect(blueprintFromJson(text(hinted))).toMatchObject({
    environment: expect.stringMatching(/^household \d+\+hint1$/),
    config: { hinted: true },
  });
  expect(text(plain)).not.toContain('hint');
});

test('branches of counterfactual labels continue with hints', async () => {
  const changes = { env: 'bandit', policy: 'mlp' };
  const plain = await open({ ...changes, hintThreshold: 1 });
  const rollout = await collect(plain.policy, plain.environments, games, options);
  const tried = async ({ environments, policy }: typeof plain): Promise<Float64Array> => {
    const how = { ...options, repeats: 6, discount: 0.9 };
    return (await branch(policy, requireCopies(environments[0]), rollout, Int32Array.of(0, 1, 2, 3), how)).returns;
  };
  const hinted = await open({ ...changes, hintThreshold: 0.2 });
  copyWeights(plain.policy, hinted.policy);
  expect(await tried(hinted)).not.toEqual(await tried(plain));
});

test('random: about the asked share of distinct states has a hint, the same ones for other weights', async () => {
  const { environments, policy } = await open({ hint: 'random', hintThreshold: 0.3 });
  const { states } = await collect(policy, environments, games, options);
  const decisions = new Map<string, boolean>();
  const note = (): void => {
    for (let s = 0; s < states.states; s++) {
      const { stateFeatures, stateOffsets, actionFeatures, actionOffsets } = withoutHint(states, s);
      const actions = actionFeatures.slice(0, actionOffsets[states.rowOffsets[s + 1] - states.rowOffsets[s]]);
      const key = `${stateFeatures.slice(0, stateOffsets[1])} ${actions}`;
      expect(decisions.get(key) ?? hasHint(states, s)).toBe(hasHint(states, s));
      decisions.set(key, hasHint(states, s));
    }
  };
  note();
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  await collect(policy, environments, games, options);
  note();
  const share = [...decisions.values()].filter(Boolean).length / decisions.size;
  // Four standard deviations of a share of 0.3 among as many states.
  expect(Math.abs(share - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / decisions.size));
});
