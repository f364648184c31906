import { resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { actionKey, createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import type { Environment } from '../../src/env/environment.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { collectTexts } from '../../src/env/text/collectTexts.ts';
import { tokenized } from '../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../src/env/text/tokenizer.ts';
import { collect } from '../../src/rollout/collect.ts';
import { packRollout } from '../../src/rollout/pack.ts';
import type { GameChoice, Rollout } from '../../src/rollout/rollout.ts';
import { rooms } from '../env/text/rooms.ts';

/** Creates any number of instances of one environment. */
export interface Source {
  create(): Environment;
}

async function roomsSource(): Promise<Source> {
  const vocabulary = buildVocabulary(await collectTexts(rooms(), { episodes: 4, seed: 1 }), { maxSize: 64 });
  return { create: () => tokenized(rooms(), vocabulary, { maxStateTokens: 12, maxActionTokens: 6 }) };
}

/** One environment for each form of observation, and whether it has an expert. */
export const sources: readonly [string, boolean, () => Promise<Source>][] = [
  ['tokens', true, () => openEnvironments(resolveConfig({ maxSteps: 9 }), null)],
  ['vectors', true, () => openEnvironments(resolveConfig({ policy: 'mlp', maxSteps: 9 }), null)],
  ['text', true, () => openEnvironments(resolveConfig({ observation: 'text', maxSteps: 6 }), null)],
  ['look-alike states', true, () => openEnvironments(resolveConfig({ env: 'look-alike', policy: 'mlp' }), null)],
  ['bandit', true, () => openEnvironments(resolveConfig({ env: 'bandit', policy: 'mlp' }), null)],
  ['text of rooms', false, roomsSource],
];

const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };

export async function policyFor({ spec }: Environment): Promise<Policy> {
  const kind = spec.form === 'vector' ? 'mlp' : 'attention';
  const policy = createPolicy(await createArena(), spec, { policy: kind, ...sizes });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  return policy;
}

export const someGames = (count: number): GameChoice[] =>
  Array.from({ length: count }, (_, i) => ({ seed: 60 + (i >> 1), split: 'train', rollout: i & 1 }));

export const options = { key: actionKey(3, 'test', 0), temperature: 1 };

export async function collectAll(source: Source, policy: Policy, games: readonly GameChoice[]): Promise<Rollout> {
  const environments = games.map(() => source.create());
  return collect(policy, environments, games, options);
}

/** Plays each part (the games with these indices) separately, as workers do. */
export async function collectShares(
  source: Source,
  policy: Policy,
  games: readonly GameChoice[],
  shares: readonly (readonly number[])[],
): Promise<Rollout[]> {
  const pieces: Rollout[] = [];
  for (const numbers of shares) {
    const environments = Array.from({ length: Math.max(1, numbers.length) }, () => source.create());
    const own = numbers.map((e) => games[e]);
    pieces.push(await collect(policy, environments, own, { ...options, numbers }));
  }
  return pieces;
}

/** The content of a rollout, without the unused ends of its arrays. */
export function contentOf(rollout: Rollout): Rollout {
  const expert = rollout.expert.length === 0 ? rollout.expert : rollout.expert.slice(0, rollout.states.actions);
  return packRollout({ ...rollout, expert });
}
