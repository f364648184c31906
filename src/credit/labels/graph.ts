/**
 * Labels from the experience graph: training games recur, so the graph of all episodes so far shows which actions led
 * to success.
 */
import { type Split, splits } from '../../env/environment.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import {
  alwaysLedTo,
  createExperienceGraph,
  type ExperienceGraph,
  edgeValue,
  observe,
  stateValues,
} from './experienceGraph.ts';
import { gameKey, requireSaved, rowOfAction } from './memory.ts';

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
  /**
   * `games`: split, seed and number of outcomes of each, the least recently played first. `edges`: six numbers per
   * outcome, in order of observation.
   */
  save(): { games: Float64Array; edges: Float64Array };
  restore(saved: Record<string, Float64Array>): void;
}

interface Game {
  readonly split: Split;
  readonly seed: number;
  readonly graph: ExperienceGraph;
}

const GAME_COLUMNS = 3;
const EDGE_COLUMNS = 6;
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

/** Saves the games in the order of the map; `edges` is the number of their outcomes. */
function packGames(games: ReadonlyMap<string, Game>, edges: number): { games: Float64Array; edges: Float64Array } {
  const saved = { games: new Float64Array(games.size * GAME_COLUMNS), edges: new Float64Array(edges * EDGE_COLUMNS) };
  let g = 0;
  let e = 0;
  for (const { split, seed, graph } of games.values()) {
    const { hash, from, action, edge, to, reward, terminated, count } = graph;
    saved.games.set([splits.indexOf(split), seed, edge.length], g);
    g += GAME_COLUMNS;
    for (let o = 0; o < edge.length; o++) {
      saved.edges[e] = hash[from[edge[o]]];
      saved.edges[e + 1] = action[edge[o]];
      saved.edges[e + 2] = hash[to[o]];
      saved.edges[e + 3] = reward[o];
      saved.edges[e + 4] = terminated[o];
      saved.edges[e + 5] = count[o];
      e += EDGE_COLUMNS;
    }
  }
  return saved;
}

/**
 * A label source that stores the transitions of every episode that it has labelled. Split and seed identify a game (the
 * rollouts of a group share it), the hash a state, and the index among the admissible actions an action.
 *
 * @throws RangeError if graphDiscount is not in (0, 1), or (in `label`) if states of one hash differ in their number of
 * actions
 */
export function createGraphLabels({
  graphDiscount,
  graphMaxEdges,
  graphMinSuccesses,
  graphMinVisits,
}: GraphLabelsConfig): GraphLabels {
  if (!(graphDiscount > 0 && graphDiscount < 1)) {
    throw new RangeError(
      `labels: graphDiscount must be > 0 and < 1, got ${graphDiscount}; a recurring reward has no finite value otherwise`,
    );
  }
  /** In order of the last rollout that played the game. */
  const games = new Map<string, Game>();
  let edges = 0;

  const touch = (split: Split, seed: number): Game => {
    const key = gameKey(split, seed);
    const game = games.get(key) ?? { split, seed, graph: createExperienceGraph() };
    games.delete(key);
    games.set(key, game);
    return game;
  };

  const dropOldest = (touched: ReadonlySet<Game>): void => {
    for (const [key, game] of games) {
      if (edges <= graphMaxEdges || touched.has(game)) return;
      edges -= game.graph.edge.length;
      games.delete(key);
    }
  };

  return {
    label(rollout) {
      const { states, actions } = rollout.states;
      const played = rollout.games.map(({ split, seed }) => touch(split, seed));
      for (let n = 0; n < states; n++) {
        const { graph } = played[rollout.episode[n]];
        const { hash, taken, nextHash, reward, terminated } = rollout;
        edges += observe(graph, hash[n], taken[n], nextHash[n], reward[n], terminated[n]);
      }
      const touched = new Set(played);
      dropOldest(touched);
      const values = new Map<Game, Float64Array>();
      for (const game of touched) {
        const { graph } = game;
        const enough = graph.successes >= graphMinSuccesses;
        values.set(game, enough ? stateValues(graph, graphDiscount) : new Float64Array(graph.hash.length));
      }

      const labels = new Int8Array(actions).fill(-1);
      for (let n = 0; n < states; n++) {
        const game = played[rollout.episode[n]];
        const { graph } = game;
        const known = values.get(game) as Float64Array;
        const node = graph.nodes.get(rollout.hash[n]) as number;
        for (let edge = graph.lastEdge[node]; edge >= 0; edge = graph.earlierEdge[edge]) {
          const row = rowOfAction(rollout, n, graph.action[edge]);
          if (graph.visits[edge] >= graphMinVisits)
            labels[row] = labelOfEdge(graph, known, edge, known[node], graphDiscount);
        }
      }
      return labels;
    },

    save: () => packGames(games, edges),

    restore(saved) {
      requireSaved('graph', saved, ['games', 'edges']);
      games.clear();
      edges = 0;
      let at = 0;
      for (let g = 0; g < saved.games.length; g += GAME_COLUMNS) {
        const { graph } = touch(splits[saved.games[g]], saved.games[g + 1]);
        for (let left = saved.games[g + 2]; left > 0; left--) {
          const [hash, action, nextHash, reward, terminated, count] = saved.edges.subarray(at, at + EDGE_COLUMNS);
          edges += observe(graph, hash, action, nextHash, reward, terminated, count);
          at += EDGE_COLUMNS;
        }
      }
    },
  };
}
