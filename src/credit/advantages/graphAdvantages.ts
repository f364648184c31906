/**
 * Step advantages from the experience graph: the value of the action taken relative to those of the other actions in
 * the same state.
 */
import type { Rollout } from '../../rollout/rollout.ts';
import { type ExperienceGraph, edgeValue, stateValues } from '../labels/experienceGraph.ts';
import type { GraphSteps } from '../labels/gameGraphs.ts';
import { relativeReturns } from './anchorState.ts';
import { divisorOf, moments, type RewardScale } from './moments.ts';

/**
 * What a step is compared with: every action of its state that the graph contains, each once, or the steps of the
 * rollout in the same state.
 */
export type GraphComparison = 'actions' | 'steps';

/** Values of a graph, and of each of its edges. */
interface GraphValues {
  /** f64[nodes] */
  readonly states: Float64Array;
  readonly ofEdge: (edge: number) => number;
}

function valuesOf(graph: ExperienceGraph, discount: number): GraphValues {
  const states = stateValues(graph, discount);
  return { states, ofEdge: (edge) => edgeValue(graph, states, edge, discount) };
}

/** Edges out of a node, ascending. */
function edgesOf(graph: ExperienceGraph, node: number): number[] {
  const edges: number[] = [];
  for (let edge = graph.lastEdge[node]; edge >= 0; edge = graph.earlierEdge[edge]) edges.push(edge);
  return edges.reverse();
}

/** Indices of the steps in each state of each graph, in their order. */
function stepsByState({ graphs, edge }: GraphSteps, episode: Int32Array): number[][] {
  const byGraph = new Map<ExperienceGraph, Map<number, number[]>>();
  for (let s = 0; s < edge.length; s++) {
    const graph = graphs[episode[s]];
    const byNode = byGraph.get(graph) ?? new Map<number, number[]>();
    byGraph.set(graph, byNode);
    const node = graph.from[edge[s]];
    const steps = byNode.get(node);
    if (steps) steps.push(s);
    else byNode.set(node, [s]);
  }
  return [...byGraph.values()].flatMap((byNode) => [...byNode.values()]);
}

/**
 * A_G = (Q(e) - mean) / (std + 1e-4) of the edge e that a step took, with Q the value of `edgeValue`: in a
 * deterministic game with a reward of 1 at success, discount^(steps from the successor of e to success on the shortest
 * known path), and 0 without a known path. Mean and population standard deviation are over the actions or the steps
 * that `comparison` names. It is 0 where all of these have the same value. The form is that of GraphGPO (arXiv
 * 2605.26684) and TIGPO (arXiv 2609.03383); docs/algorithms/graph-advantages.md lists the differences.
 *
 * @param steps the rollout in the graphs of its games
 * @param discount in (0, 1)
 * @param scaleRewards the standard deviation in the divisor: of the values that are compared, of the values of all
 * steps of the rollout, or none
 * @returns f32[states]
 * @throws RangeError if an advantage is not finite
 */
export function graphAdvantages(
  steps: GraphSteps,
  { episode }: Pick<Rollout, 'episode'>,
  discount: number,
  comparison: GraphComparison,
  scaleRewards: RewardScale,
): Float32Array {
  const { graphs, edge } = steps;
  const values = new Map<ExperienceGraph, GraphValues>();
  for (const graph of new Set(graphs)) values.set(graph, valuesOf(graph, discount));
  const own = Float64Array.from(edge, (e, s) => (values.get(graphs[episode[s]]) as GraphValues).ofEdge(e));
  const groups = stepsByState(steps, episode);
  if (comparison === 'steps') return relativeReturns('graphAdvantages', own, groups, scaleRewards);
  const batchStd = scaleRewards === 'batch' ? moments(own, 0, own.length).std : 0;
  const advantages = new Float32Array(edge.length);
  for (const group of groups) {
    const graph = graphs[episode[group[0]]];
    const { ofEdge } = values.get(graph) as GraphValues;
    const all = edgesOf(graph, graph.from[edge[group[0]]]).map(ofEdge);
    const { mean, std } = moments(all, 0, all.length);
    const divisor = divisorOf(scaleRewards, std, batchStd);
    for (const s of group) {
      advantages[s] = (own[s] - mean) / divisor;
      if (!Number.isFinite(advantages[s])) {
        throw new RangeError(
          `graphAdvantages: advantages must be finite, got ${advantages[s]} for the value ${own[s]} at step ${s}; scale the environment's rewards down`,
        );
      }
    }
  }
  return advantages;
}
