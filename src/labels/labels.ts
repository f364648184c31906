/** Which actions were good and which bad: one interface, one file per source. What each knows and costs is in docs/labels.md. */
import type { Rollout } from '../rollout/rollout.ts';
import { advantageLabels } from './advantage.ts';
import { createGraphLabels, type GraphLabelsConfig } from './graph.ts';
import { oracleLabels } from './oracle.ts';
import { shuffleLabels } from './shuffled.ts';

export interface LabelSource {
  /**
   * Judges the candidate actions of a rollout; a source with memory learns from it first, so each rollout is to be labelled once.
   *
   * @param advantages f32[episodes]
   * @param iteration names the random stream of `shuffled`
   * @returns i8[action rows]: 1 good, 0 bad, -1 no label
   */
  label(rollout: Rollout, advantages: Float32Array, iteration: number): Int8Array;
  /** What a resumed run needs; {} if nothing. */
  save(): Record<string, Float64Array>;
  /** Takes back what `save` gave: later labels are those of an unbroken run. */
  restore(saved: Record<string, Float64Array>): void;
}

export interface LabelConfig extends GraphLabelsConfig {
  readonly labels: 'advantage' | 'graph' | 'demonstrations' | 'oracle' | 'shuffled';
  readonly seed: number;
}

function withoutMemory(label: LabelSource['label']): LabelSource {
  return { label, save: () => ({}), restore: () => {} };
}

/** The source that the config names. With `demonstrations` rollouts have no labels: see `demonstrationLabels`. */
export function createLabelSource(config: LabelConfig): LabelSource {
  switch (config.labels) {
    case 'advantage':
      return withoutMemory(advantageLabels);
    case 'oracle':
      return withoutMemory(oracleLabels);
    case 'demonstrations':
      return withoutMemory((rollout) => new Int8Array(rollout.states.actions).fill(-1));
    case 'graph':
      return createGraphLabels(config);
    case 'shuffled': {
      const graph = createGraphLabels(config);
      return {
        ...graph,
        label: (rollout, _advantages, iteration) => shuffleLabels(graph.label(rollout), config.seed, iteration),
      };
    }
  }
}
