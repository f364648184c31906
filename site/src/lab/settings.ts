/** What a visitor sets in the lab, and the config of a run that follows from it. */
import type { Config } from 'unbraid';
import { takesLabels } from './method.ts';

export const environments = [
  ['look-alike', 'Danger zone: two look-alike states'],
  ['bandit', 'Bandit: needs in similar scenarios'],
  ['household', 'Household: find, heat, clean and place'],
  ['crafting', 'Crafting: recipes to learn'],
] as const;
export type EnvironmentName = (typeof environments)[number][0];

/** Label sources and what each of them uses. */
export const labelSources = [
  ['graph', 'experience graph: transitions of all episodes so far'],
  ['advantage', 'advantage: return of the episode in its group'],
  ['anchor', 'anchor: returns of actions in equal states'],
  ['critic', 'critic: a second network that learns returns'],
  ['counterfactual', 'counterfactual: each action tried on a copy'],
  ['demonstrations', 'demonstrations: the actions of the expert'],
  ['oracle', 'oracle: the expert itself, an upper bound'],
  ['shuffled', 'shuffled: graph labels permuted, a control'],
] as const;
export type LabelName = (typeof labelSources)[number][0];

export const widths = [16, 32, 64, 128, 256] as const;
export const depths = [0, 1, 2, 3] as const;
export const demonstrationCounts = [0, 20, 60] as const;

/** Bounds of the numbers that a visitor types. */
export const bounds = { seed: [0, 99_999], iterations: [1, 500] } as const;

/** The settings of one run. Two runs side by side differ in `method` and `labels` alone. */
export interface Settings {
  readonly env: EnvironmentName;
  readonly method: string;
  readonly labels: LabelName;
  readonly hidden: number;
  /** Self-attention blocks; household and crafting alone have them. */
  readonly blocks?: number;
  /** Episodes of the expert that are cloned before training; null: 60 for household and crafting, else none. */
  readonly demonstrations?: number | null;
  readonly seed: number;
  readonly iterations: number;
}

/** Iterations between two evaluations, and between two views of the policy. */
const viewEvery = 5;

export function hasVectors(env: EnvironmentName): boolean {
  return env === 'bandit' || env === 'look-alike';
}

/** In the danger zone and the bandit, what matters happens before there is any success. */
export function standardDemonstrations(env: EnvironmentName): number {
  return hasVectors(env) ? 0 : 60;
}

export function configOf(settings: Settings): Partial<Config> {
  const { env, method, labels, hidden, blocks = 0, demonstrations = null, seed, iterations } = settings;
  const vectors = hasVectors(env);
  return {
    ...{ env, policy: vectors ? 'mlp' : 'attention', method, seed, iterations, hidden },
    coldStart: demonstrations ?? standardDemonstrations(env),
    ...(!vectors && blocks > 0 && { blocks }),
    ...(takesLabels(method) && { labels }),
    ...{ evalEpisodes: 100, evalEvery: viewEvery, checkpointEvery: viewEvery, couplingPairs: 30 },
  };
}
