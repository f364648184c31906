/**
 * Labels from the experience graph: training games recur, so the graph of all episodes so far shows which actions led
 * to success.
 */
import type { Rollout } from '../../rollout/rollout.ts';
import { alwaysLedTo, type ExperienceGraph, edgeValue, stateValues } from './experienceGraph.ts';
import { createGameGraphs, type GameGraphs } from './gameGraphs.ts';
import { rowOfAction } from './memory.ts';

export interface GraphLabelsConfig {
  /** Discount per step, in (0, 1). */
  readonly graphDiscount: number;
  /**
   * Above this number of outcomes, the least recently played games are dropped, except those of the current rollout.
   */
  readonly graphMaxEdges: number;
  /** Number of steps with a positive reward that a game needs before state values are used for labels. */
  readonly graphMinSuccesses: number;
  /** Number of times that an action must have been tried in a state before it is labelled there. */
  readonly graphMinVisits: number;
}

export interface GraphLabels {
  /** Adds the rollout to the graph, then labels its action rows: i8[action rows]. */
  label(rollout: Rollout): Int8Array;
  /** See `GameGraphs.save`. */
  save(): Record<string, Float64Array>;
  restore(saved: Record<string, Float64Array>): void;
}

/** A value at most this much below the best counts as the best. */
const TOLERANCE = 1e-9;

/**
 * Label of an edge out of a state with value `best`. An edge that always ended the episode without reward is bad (0).
 * Where a success is known, an edge on the best known path is good (1), and other edges are bad. Where no success is
 * known, an edge that never changed the state is bad, and other edges have no label (-1).
 */
function labelOfEdge(
  graph: ExperienceGraph,
  values: Float64Array,
  edge: number,
  best: number,
  discount: number,
): -1 | 0 | 1 {
  if (alwaysLedTo(graph, edge, (o) => graph.terminated[o] === 1 && !(graph.reward[o] > 0))) return 0;
  if (best > 0) return edgeValue(graph, values, edge, discount) >= best - TOLERANCE ? 1 : 0;
  return alwaysLedTo(graph, edge, (o) => graph.to[o] === graph.from[edge]) ? 0 : -1;
}

/**
 * A label source that stores the transitions of every episode that it has labelled.
 *
 * @param graphs the graphs to which it adds them, where other parts of a run use the same ones
 * @throws RangeError if graphDiscount is not in (0, 1), or (in `label`) if states of one hash differ in their number of
 * actions
 */
export function createGraphLabels(
  { graphDiscount, graphMaxEdges, graphMinSuccesses, graphMinVisits }: GraphLabelsConfig,
  graphs: GameGraphs = createGameGraphs(graphMaxEdges),
): GraphLabels {
  if (!(graphDiscount > 0 && graphDiscount < 1)) {
    throw new RangeError(
      `labels: graphDiscount must be > 0 and < 1, got ${graphDiscount}; a recurring reward has no finite value otherwise`,
    );
  }
  return {
    label(rollout) {
      const { states, actions } = rollout.states;
      const played = graphs.add(rollout).graphs;
      const values = new Map<ExperienceGraph, Float64Array>();
      for (const graph of new Set(played)) {
        const enough = graph.successes >= graphMinSuccesses;
        values.set(graph, enough ? stateValues(graph, graphDiscount) : new Float64Array(graph.hash.length));
      }

      const labels = new Int8Array(actions).fill(-1);
      for (let n = 0; n < states; n++) {
        const graph = played[rollout.episode[n]];
        const known = values.get(graph) as Float64Array;
        const node = graph.nodes.get(rollout.hash[n]) as number;
        for (let edge = graph.lastEdge[node]; edge >= 0; edge = graph.earlierEdge[edge]) {
          const row = rowOfAction(rollout, n, graph.action[edge]);
          if (graph.visits[edge] >= graphMinVisits)
            labels[row] = labelOfEdge(graph, known, edge, known[node], graphDiscount);
        }
      }
      return labels;
    },

    save: graphs.save,
    restore: (saved) => graphs.restore('graph', saved),
  };
}
