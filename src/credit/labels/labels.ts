/**
 * Label sources: classify actions as good or bad. All sources have one interface, and each has its own file.
 * docs/labels.md states the information that each source uses, and its cost.
 */
import { checkChoice, checkInteger, checkObject, checkPositive, checkSeed, refuse } from '../../check/values.ts';
import { type LabelSourceName, type RolloutSource, rolloutSources } from '../../config/labelNames.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { advantageLabels } from './advantage.ts';
import { type AnchorLabelsConfig, createAnchorLabels } from './anchor.ts';
import { type CounterfactualConfig, createCounterfactualLabels, type TryCandidates } from './counterfactual.ts';
import { type Critic, criticLabels } from './critic.ts';
import type { GameGraphs } from './gameGraphs.ts';
import { createGraphLabels, type GraphLabelsConfig } from './graph.ts';
import { flipLabels } from './noise.ts';
import { oracleLabels } from './oracle.ts';
import { shuffleLabels } from './shuffled.ts';

/** The labels of a rollout. */
export interface Labelling {
  /** i8[action rows]: 1 good, 0 bad, -1 no label. */
  readonly labels: Int8Array;
  /** Number of environment steps that the source took. They count as steps of the run. */
  readonly envSteps: number;
  /** Factor in [0, 1] on the weights of the label losses. */
  readonly weight: number;
}

/** A source of labels: it says which candidate actions of a rollout were good and which were bad. */
export interface LabelSource {
  /**
   * Labels the candidate actions of a rollout. A source with memory stores the rollout first, so call this once for
   * each rollout.
   *
   * @param advantages f32[episodes]
   * @param iteration step of the random streams
   */
  label(rollout: Rollout, advantages: Float32Array, iteration: number): Promise<Labelling>;
  /** The state that a resumed run needs; {} if the source has none. */
  save(): Record<string, Float64Array>;
  /** Restores the result of `save`: later labels are those of an uninterrupted run. */
  restore(saved: Record<string, Float64Array>): void;
}

/** The keys of a config that label sources read. */
export interface LabelConfig extends GraphLabelsConfig, AnchorLabelsConfig, CounterfactualConfig {
  /** `custom` is rejected: `train` receives such a source as an option. */
  readonly labels: LabelSourceName | 'custom';
  /** The source whose labels `shuffled` permutes. */
  readonly shuffledSource: RolloutSource;
  /** Probability with which a label becomes its opposite. */
  readonly labelNoise: number;
  readonly seed: number;
}

/** Counts of the config that a source reads, each an integer >= 1. */
const countsOf: Readonly<Record<RolloutSource, readonly (keyof LabelConfig)[]>> = {
  advantage: [],
  anchor: ['anchorIterations'],
  graph: ['graphMaxEdges', 'graphMinSuccesses', 'graphMinVisits'],
  critic: [],
  counterfactual: ['counterfactualStates', 'counterfactualRollouts'],
  oracle: [],
};

function checkConfig(config: LabelConfig): void {
  const caller = 'labels';
  checkObject(caller, 'config', config, 'pass the config of a run');
  const { shuffledSource, labelNoise, seed } = config;
  const labels = config.labels as LabelSourceName;
  checkChoice(caller, 'labels', labels, [...rolloutSources, 'demonstrations', 'shuffled']);
  if (labels === 'demonstrations') return;
  if (labels === 'shuffled') checkChoice(caller, 'shuffledSource', shuffledSource, rolloutSources);
  checkSeed(caller, seed);
  if (!(Number.isFinite(labelNoise) && labelNoise >= 0 && labelNoise <= 1)) {
    refuse(caller, 'labelNoise', 'a number >= 0 and <= 1', labelNoise, 'with 0 all labels stay unchanged');
  }
  const source = labels === 'shuffled' ? shuffledSource : labels;
  for (const key of countsOf[source]) {
    checkInteger(caller, key, config[key], 1, Number.MAX_SAFE_INTEGER, 'pass the config of a run');
  }
  if (['anchor', 'critic', 'counterfactual'].includes(source)) {
    checkPositive(caller, 'labelMargin', config.labelMargin, false, 'pass the config of a run');
  }
}

/** Functions of the run that the sources `critic` and `counterfactual` need. */
export interface LabelTools {
  /** @throws Error if the environment cannot be copied */
  createTryCandidates(): TryCandidates;
  /** A critic without experience. */
  createCritic(): Critic;
}

/** A source that labels synchronously, without environment steps, and whose labels have weight 1. */
interface SimpleSource {
  label(rollout: Rollout, advantages: Float32Array): Int8Array;
  save(): Record<string, Float64Array>;
  restore(saved: Record<string, Float64Array>): void;
}

function withFullWeight({ label, save, restore }: SimpleSource): LabelSource {
  return {
    label: async (rollout, advantages) => ({ labels: label(rollout, advantages), envSteps: 0, weight: 1 }),
    save,
    restore,
  };
}

const noMemory: Pick<SimpleSource, 'save' | 'restore'> = { save: () => ({}), restore: () => {} };

function requireTools(name: RolloutSource, tools: LabelTools | null): LabelTools {
  if (tools) return tools;
  throw new Error(
    `labels: source "${name}" requires LabelTools, got null; pass an object with createTryCandidates and createCritic`,
  );
}

/**
 * Labels of the critic. Their weight is its explained variance of the rollout (at least 0), computed before it trains
 * on the rollout.
 */
function criticSource(critic: Critic, { labelMargin }: LabelConfig): LabelSource {
  const { save, restore } = critic;
  return {
    async label(rollout) {
      const weight = await critic.learn(rollout);
      return { labels: criticLabels(rollout, critic.values(rollout), labelMargin), envSteps: 0, weight };
    },
    save,
    restore,
  };
}

function rolloutSource(
  name: RolloutSource,
  config: LabelConfig,
  tools: LabelTools | null,
  graphs: GameGraphs | undefined,
): LabelSource {
  switch (name) {
    case 'advantage':
      return withFullWeight({ label: advantageLabels, ...noMemory });
    case 'anchor':
      return withFullWeight(createAnchorLabels(config));
    case 'graph':
      return withFullWeight(createGraphLabels(config, graphs));
    case 'critic':
      return criticSource(requireTools(name, tools).createCritic(), config);
    case 'counterfactual': {
      const { label } = createCounterfactualLabels(config, requireTools(name, tools).createTryCandidates());
      return { label: (rollout, _advantages, iteration) => label(rollout, iteration), ...noMemory };
    }
    case 'oracle':
      return withFullWeight({ label: oracleLabels, ...noMemory });
  }
}

/** A source that applies `change` to the labels of another source. */
function changed(source: LabelSource, change: (labels: Int8Array, iteration: number) => Int8Array): LabelSource {
  return {
    ...source,
    async label(rollout, advantages, iteration) {
      const labelling = await source.label(rollout, advantages, iteration);
      return { ...labelling, labels: change(labelling.labels, iteration) };
    },
  };
}

/**
 * Creates the label source of the config, with its label noise. With `demonstrations` rollouts have no labels: see
 * `demonstrationLabels`.
 *
 * @param tools required by the sources `critic` and `counterfactual`
 * @throws RangeError if a name is unknown or a number that the source reads is out of range; Error if the source's
 * tools are missing
 */
export function createLabelSource(config: LabelConfig, tools: LabelTools | null = null): LabelSource {
  return labelSourceOn(config, tools, undefined);
}

/**
 * `createLabelSource` for a run whose other parts use experience graphs, too.
 *
 * @param graphs used by source `graph`; undefined: it has its own
 */
export function labelSourceOn(
  config: LabelConfig,
  tools: LabelTools | null,
  graphs: GameGraphs | undefined,
): LabelSource {
  checkConfig(config);
  const { shuffledSource, labelNoise, seed } = config;
  const name = config.labels as LabelSourceName;
  if (name === 'demonstrations') {
    return withFullWeight({ label: (rollout) => new Int8Array(rollout.states.actions).fill(-1), ...noMemory });
  }
  const source =
    name === 'shuffled'
      ? changed(rolloutSource(shuffledSource, config, tools, graphs), (labels, i) => shuffleLabels(labels, seed, i))
      : rolloutSource(name, config, tools, graphs);
  return changed(source, (labels, iteration) => flipLabels(labels, labelNoise, seed, iteration));
}
