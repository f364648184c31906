/** A bonus for actions that the experience graph does not contain yet. */
import type { Rollout } from '../../rollout/rollout.ts';
import type { ExperienceGraph } from '../labels/experienceGraph.ts';
import type { GraphSteps } from '../labels/gameGraphs.ts';

/**
 * Bonus of each step: b = 1 / sqrt(k) if the graph of the game had no edge of the step's action in its state before the
 * rollout, with k the number of steps of the rollout that took this edge; otherwise 0. The result is b minus the mean
 * of b over all steps of the group of episodes, so that the bonuses of a group sum to 0.
 *
 * @param steps the rollout in the graphs of its games
 * @param groupSize episodes per group
 * @returns f32[states]
 */
export function explorationBonus(
  { graphs, edge, untried }: GraphSteps,
  { episode }: Pick<Rollout, 'episode'>,
  groupSize: number,
): Float32Array {
  const taken = new Map<ExperienceGraph, Map<number, number>>();
  for (const graph of new Set(graphs)) taken.set(graph, new Map());
  const timesOf = (s: number): Map<number, number> => taken.get(graphs[episode[s]]) as Map<number, number>;
  for (let s = 0; s < edge.length; s++) if (untried[s]) timesOf(s).set(edge[s], (timesOf(s).get(edge[s]) ?? 0) + 1);
  const groups = Math.ceil(graphs.length / groupSize);
  const sums = new Float64Array(groups);
  const counts = new Float64Array(groups);
  const own = new Float64Array(edge.length);
  for (let s = 0; s < edge.length; s++) {
    const group = Math.floor(episode[s] / groupSize);
    if (untried[s]) own[s] = 1 / Math.sqrt(timesOf(s).get(edge[s]) as number);
    sums[group] += own[s];
    counts[group]++;
  }
  return Float32Array.from(own, (b, s) => {
    const group = Math.floor(episode[s] / groupSize);
    return b - sums[group] / counts[group];
  });
}

/** Share of the steps whose edge the graph did not have before the rollout. */
export function firstTriedShare({ untried }: GraphSteps): number {
  let first = 0;
  for (const flag of untried) first += flag;
  return first / Math.max(1, untried.length);
}
