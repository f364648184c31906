/** What a visitor sets in the lab, and the config of a run that follows from it. */
import type { Config } from 'unbraid';

export const environments = [
  ['household', 'Household: find, heat, clean and place things'],
  ['crafting', 'Crafting: recipes to learn'],
  ['bandit', 'Bandit: similar scenarios'],
  ['look-alike', 'Danger zone: two look-alike states'],
] as const;
export type EnvironmentName = (typeof environments)[number][0];

export const methods = [
  ['grpo', 'GRPO'],
  ['decouple', 'GRPO with decoupled advantages'],
  ['classifier', 'GRPO + classifier'],
  ['cloning', 'GRPO + cloning'],
  ['classifier+cloning', 'GRPO + classifier + cloning'],
  ['contrastive', 'GRPO + contrastive loss'],
  ['label-advantages', 'GRPO, labels added to advantages'],
  ['gigpo', 'GiGPO'],
  ['ppo', 'PPO'],
  ['pcgrad', 'PCGrad'],
  ['gradvac', 'GradVac'],
  ['upgrad', 'UPGrad'],
] as const;

/** Label sources that need no demonstrations. `shuffled` is the control, `oracle` an upper bound. */
export const labelSources = [
  ['graph', 'experience graph'],
  ['advantage', 'advantages'],
  ['shuffled', 'shuffled (control)'],
  ['oracle', 'oracle (upper bound)'],
] as const;

export const widths = [16, 32, 64, 128, 256] as const;

/** The settings of one run. Two runs side by side differ in `method` and `labels` alone. */
export interface Settings {
  readonly env: EnvironmentName;
  readonly method: string;
  readonly labels: string;
  readonly hidden: number;
  readonly seed: number;
  readonly iterations: number;
}

/** Iterations between two views of the policy. */
export const viewEvery = 5;

export function configOf({ env, method, labels, hidden, seed, iterations }: Settings): Partial<Config> {
  const vectors = env === 'bandit' || env === 'look-alike';
  return {
    ...{ env, policy: vectors ? 'mlp' : 'attention', method, seed, iterations, hidden },
    ...(method !== 'grpo' && { labels: labels as Config['labels'] }),
    ...{ evalEpisodes: 100, evalEvery: 2 * viewEvery, checkpointEvery: viewEvery, couplingPairs: 30 },
  };
}
