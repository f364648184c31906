/**
 * The experience graphs of a run, where its advantages use them: the term `graph-advantages` and the exploration bonus.
 */

import type { Config } from '../config/config.ts';
import { termsOf } from '../config/method.ts';
import { explorationBonus, firstTriedShare } from '../credit/advantages/explorationBonus.ts';
import { graphAdvantages } from '../credit/advantages/graphAdvantages.ts';
import { createGameGraphs, type GameGraphs } from '../credit/labels/gameGraphs.ts';
import type { Rollout } from '../rollout/rollout.ts';

export interface Experience {
  readonly graphs: GameGraphs;
  /** Whether the label source of the run uses the same graphs, and saves them. */
  readonly isOfLabels: boolean;
}

/** The graphs of a run; null where its advantages do not use them. */
export function createExperience(config: Config): Experience | null {
  const { method, explorationBonus: bonus, graphMaxEdges, labels, shuffledSource } = config;
  if (!termsOf(method).includes('graph-advantages') && bonus === 0) return null;
  const source = labels === 'shuffled' ? shuffledSource : labels;
  return { graphs: createGameGraphs(graphMaxEdges), isOfLabels: source === 'graph' };
}

/** Arrays for a checkpoint; {} where the label source saves the graphs. */
export function saveExperience(experience: Experience | null): Record<string, Float64Array> {
  return experience && !experience.isOfLabels ? experience.graphs.save() : {};
}

export function restoreExperience(experience: Experience | null, saved: Record<string, Float64Array>): void {
  if (experience && !experience.isOfLabels) experience.graphs.restore('experience', saved);
}

/** Advantages that come from the experience graphs, and the metrics of the graphs. */
export interface ExperienceAdvantages {
  /** f32[states], to be added to the other advantages. */
  readonly advantage: Float32Array;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Adds the rollout to the graphs and computes graphAdvantagesCoef * A_G + explorationBonus * bonus of each step. */
export function experienceAdvantages({ graphs }: Experience, rollout: Rollout, config: Config): ExperienceAdvantages {
  const steps = graphs.add(rollout);
  const { graphDiscount, graphAdvantagesOver, graphAdvantagesCoef, scaleRewards, numGenerations } = config;
  const bonus = explorationBonus(steps, rollout, numGenerations);
  const metrics: Record<string, number> = { 'graph/first_tried': firstTriedShare(steps) };
  if (!termsOf(config.method).includes('graph-advantages')) {
    return { advantage: bonus.map((b) => config.explorationBonus * b), metrics };
  }
  const ofGraph = graphAdvantages(steps, rollout, graphDiscount, graphAdvantagesOver, scaleRewards);
  const nonzero = ofGraph.reduce((count, a) => count + (a === 0 ? 0 : 1), 0);
  metrics['graph/nonzero_advantages'] = nonzero / ofGraph.length;
  const advantage = ofGraph.map((a, s) => graphAdvantagesCoef * a + config.explorationBonus * bonus[s]);
  return { advantage, metrics };
}
