/** Which actions were good and which bad: one interface, one file per source. What each knows and costs is in docs/labels.md. */
import { checkChoice, checkInteger, checkObject, checkPositive, checkSeed, refuse } from '../../check/values.ts';
import { type LabelSourceName, type RolloutSource, rolloutSources } from '../../config/labelNames.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { advantageLabels } from './advantage.ts';
import { type AnchorLabelsConfig, createAnchorLabels } from './anchor.ts';
import { type CounterfactualConfig, createCounterfactualLabels, type TryCandidates } from './counterfactual.ts';
import { type Critic, criticLabels } from './critic.ts';
import { createGraphLabels, type GraphLabelsConfig } from './graph.ts';
import { flipLabels } from './noise.ts';
import { oracleLabels } from './oracle.ts';
import { shuffleLabels } from './shuffled.ts';

/** What a source says of a rollout. */
export interface Labelling {
  /** i8[action rows]: 1 good, 0 bad, -1 no label. */
  readonly labels: Int8Array;
  /** Environment steps taken to find that out; part of the run's. */
  readonly envSteps: number;
  /** How far the losses of labels are to follow them, in [0, 1]: a factor on their weights. */
  readonly weight: number;
}

/** A source of labels: it says which candidate actions of a rollout were good and which were bad. */
export interface LabelSource {
  /**
   * Judges the candidate actions of a rollout; a source with memory learns from it first, so each rollout is to be labelled once.
   *
   * @param advantages f32[episodes]
   * @param iteration names the random streams
   */
  label(rollout: Rollout, advantages: Float32Array, iteration: number): Promise<Labelling>;
  /** What a resumed run needs; {} if nothing. */
  save(): Record<string, Float64Array>;
  /** Takes back what `save` gave: later labels are those of an unbroken run. */
  restore(saved: Record<string, Float64Array>): void;
}

/** The keys of a config that label sources read. */
export interface LabelConfig extends GraphLabelsConfig, AnchorLabelsConfig, CounterfactualConfig {
  readonly labels: LabelSourceName;
  /** Whose labels `shuffled` permutes. */
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
  checkObject(caller, 'config', config, 'give the config of a run');
  const { labels, shuffledSource, labelNoise, seed } = config;
  checkChoice(caller, 'labels', labels, [...rolloutSources, 'demonstrations', 'shuffled']);
  if (labels === 'demonstrations') return;
  if (labels === 'shuffled') checkChoice(caller, 'shuffledSource', shuffledSource, rolloutSources);
  checkSeed(caller, seed);
  if (!(Number.isFinite(labelNoise) && labelNoise >= 0 && labelNoise <= 1)) {
    refuse(caller, 'labelNoise', 'a number >= 0 and <= 1', labelNoise, '0 changes no label');
  }
  const source = labels === 'shuffled' ? shuffledSource : labels;
  for (const key of countsOf[source]) {
    checkInteger(caller, key, config[key], 1, Number.MAX_SAFE_INTEGER, 'give the config of a run');
  }
  if (['anchor', 'critic', 'counterfactual'].includes(source)) {
    checkPositive(caller, 'labelMargin', config.labelMargin, false, 'give the config of a run');
  }
}

/** What some sources need of the run whose rollouts they judge. */
export interface LabelTools {
  /** @throws Error if the environment cannot be copied */
  createTryCandidates(): TryCandidates;
  /** A critic without experience. */
  createCritic(): Critic;
}

/** A source that takes no environment steps and vouches for its labels: what it says at once, and its memory. */
interface Judge {
  label(rollout: Rollout, advantages: Float32Array): Int8Array;
  save(): Record<string, Float64Array>;
  restore(saved: Record<string, Float64Array>): void;
}

function wholeWeight({ label, save, restore }: Judge): LabelSource {
  return {
    label: async (rollout, advantages) => ({ labels: label(rollout, advantages), envSteps: 0, weight: 1 }),
    save,
    restore,
  };
}

const noMemory: Pick<Judge, 'save' | 'restore'> = { save: () => ({}), restore: () => {} };

function needed(name: RolloutSource, tools: LabelTools | null): LabelTools {
  if (tools) return tools;
  throw new Error(`labels: source "${name}" must be given tools, got none; pass what plays on and what learns`);
}

/** Labels that weigh as much as the critic knew of the rollout before it learnt from it. */
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

function rolloutSource(name: RolloutSource, config: LabelConfig, tools: LabelTools | null): LabelSource {
  switch (name) {
    case 'advantage':
      return wholeWeight({ label: advantageLabels, ...noMemory });
    case 'anchor':
      return wholeWeight(createAnchorLabels(config));
    case 'graph':
      return wholeWeight(createGraphLabels(config));
    case 'critic':
      return criticSource(needed(name, tools).createCritic(), config);
    case 'counterfactual': {
      const { label } = createCounterfactualLabels(config, needed(name, tools).createTryCandidates());
      return { label: (rollout, _advantages, iteration) => label(rollout, iteration), ...noMemory };
    }
    case 'oracle':
      return wholeWeight({ label: oracleLabels, ...noMemory });
  }
}

/** The source whose labels `change` has gone over. */
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
 * The source that the config names, with its noise. With `demonstrations` rollouts have no labels: see `demonstrationLabels`.
 *
 * @param tools what `critic` and `counterfactual` work with
 * @throws RangeError if a name is unknown or a number that the source reads is out of range; Error if the source's tools are missing
 */
export function createLabelSource(config: LabelConfig, tools: LabelTools | null = null): LabelSource {
  checkConfig(config);
  const { labels: name, shuffledSource, labelNoise, seed } = config;
  if (name === 'demonstrations') {
    return wholeWeight({ label: (rollout) => new Int8Array(rollout.states.actions).fill(-1), ...noMemory });
  }
  const source =
    name === 'shuffled'
      ? changed(rolloutSource(shuffledSource, config, tools), (labels, i) => shuffleLabels(labels, seed, i))
      : rolloutSource(name, config, tools);
  return changed(source, (labels, iteration) => flipLabels(labels, labelNoise, seed, iteration));
}
