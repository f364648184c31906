/** Presets: named sets of config keys for kinds of environments. A run records its complete config, not the preset. */
import type { Config } from './config.ts';

/** A named set of config keys. */
export interface Preset {
  readonly name: string;
  /** The kind of environments that it is for. */
  readonly meaning: string;
  /** Config keys that differ from the defaults. */
  readonly keys: Partial<Config>;
}

/** Every preset; docs/algorithms/ppo.md explains the choice of its keys. */
export const presetTable: readonly Preset[] = [
  {
    name: 'classic-control',
    meaning: 'PPO on vectors of numbers with a reward at each step, such as CartPole and Acrobot',
    keys: {
      method: 'ppo',
      policy: 'mlp',
      coldStart: 0,
      iterations: 100,
      groupsPerIteration: 4,
      numGenerations: 2,
      numIterations: 4,
      minibatches: 4,
      learningRate: 1e-3,
      lrSchedule: 'linear',
      adamEpsilon: 1e-5,
      maxGradNorm: 0.5,
      entropyCoef: 0.01,
      hidden: 64,
      embedding: 64,
      valueNetwork: 'separate',
      bootstrapTruncated: true,
      normalizeRewards: true,
      normalizeObservations: true,
      evalEpisodes: 100,
    },
  },
];

/** The config keys of the preset of this name. @throws Error if there is none */
export function presetKeys(name: string): Partial<Config> {
  const preset = presetTable.find((row) => row.name === name);
  if (preset) return preset.keys;
  const names = presetTable.map((row) => row.name);
  throw new Error(`config: preset must be one of ${names.join(', ')}, got ${JSON.stringify(name)}; leave it out`);
}
