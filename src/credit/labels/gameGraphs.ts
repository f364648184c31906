/**
 * The experience graphs of a run: one for each game that it played, within a limit of their size. Label source `graph`,
 * the term `graph-advantages` and the exploration bonus use the same graphs.
 */
import { type Split, splits } from '../../env/environment.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { createExperienceGraph, type ExperienceGraph, edgeOfAction, observe } from './experienceGraph.ts';
import { gameKey, requireSaved } from './memory.ts';

/** The steps of a rollout in the graphs. */
export interface GraphSteps {
  /** By episode: the graph of its game, with all steps of the rollout. */
  readonly graphs: readonly ExperienceGraph[];
  /** i32[states]: the edge that each step took, in the graph of its game. */
  readonly edge: Int32Array;
  /** u8[states]: 1 where the graph had no such edge before the rollout. */
  readonly untried: Uint8Array;
}

export interface GameGraphs {
  /**
   * Adds the steps of a rollout to the graphs of their games. A rollout is added once: if it is the one of the previous
   * call, that call's result is returned.
   */
  add(rollout: Rollout): GraphSteps;
  /**
   * `games`: split, seed and number of outcomes of each, the least recently played first. `edges`: six numbers per
   * outcome, in order of observation. `goals`: by game its goal, -1 for its own; absent where all are their own.
   */
  save(): Record<string, Float64Array>;
  /** @param source name of the owner, for errors */
  restore(source: string, saved: Record<string, Float64Array>): void;
}

interface Game {
  readonly split: Split;
  readonly seed: number;
  readonly goal: number | undefined;
  readonly graph: ExperienceGraph;
}

const GAME_COLUMNS = 3;
const EDGE_COLUMNS = 6;

/** Saves the games in the order of the map; `edges` is the number of their outcomes. */
function packGames(games: ReadonlyMap<string, Game>, edges: number): Record<string, Float64Array> {
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
  const goals = Float64Array.from(games.values(), ({ goal }) => goal ?? -1);
  return goals.some((goal) => goal >= 0) ? { ...saved, goals } : saved;
}

/**
 * Creates graphs without games. Split, seed and, for relabelled episodes, goal identify a game; the hash identifies a
 * state, and the index among the admissible actions an action.
 *
 * @param maxEdges above this number of outcomes, the least recently played games are dropped, except those of the
 * rollout that is added
 */
export function createGameGraphs(maxEdges: number): GameGraphs {
  /** In order of the last rollout that played the game. */
  const games = new Map<string, Game>();
  let edges = 0;
  let latest: { readonly rollout: Rollout; readonly steps: GraphSteps } | null = null;

  const touch = (split: Split, seed: number, goal: number | undefined): Game => {
    const key = gameKey(split, seed, goal);
    const game = games.get(key) ?? { split, seed, goal, graph: createExperienceGraph() };
    games.delete(key);
    games.set(key, game);
    return game;
  };

  const dropOldest = (touched: ReadonlySet<Game>): void => {
    for (const [key, game] of games) {
      if (edges <= maxEdges || touched.has(game)) return;
      edges -= game.graph.edge.length;
      games.delete(key);
    }
  };

  const addSteps = (rollout: Rollout): GraphSteps => {
    const { states } = rollout.states;
    const { hash, taken, nextHash, reward, terminated } = rollout;
    const played = rollout.games.map(({ split, seed, goal }) => touch(split, seed, goal));
    const graphs = played.map(({ graph }) => graph);
    const edgesBefore = new Map(graphs.map((graph) => [graph, graph.from.length]));
    const edge = new Int32Array(states);
    const untried = new Uint8Array(states);
    for (let n = 0; n < states; n++) {
      const graph = graphs[rollout.episode[n]];
      edges += observe(graph, hash[n], taken[n], nextHash[n], reward[n], terminated[n]);
      edge[n] = edgeOfAction(graph, graph.nodes.get(hash[n]) as number, taken[n]);
      untried[n] = edge[n] >= (edgesBefore.get(graph) as number) ? 1 : 0;
    }
    dropOldest(new Set(played));
    return { graphs, edge, untried };
  };

  return {
    add(rollout) {
      if (latest?.rollout !== rollout) latest = { rollout, steps: addSteps(rollout) };
      return latest.steps;
    },

    save: () => packGames(games, edges),

    restore(source, saved) {
      requireSaved(source, saved, ['games', 'edges']);
      games.clear();
      edges = 0;
      latest = null;
      let at = 0;
      for (let g = 0; g < saved.games.length; g += GAME_COLUMNS) {
        const goal = saved.goals?.[g / GAME_COLUMNS] ?? -1;
        const { graph } = touch(splits[saved.games[g]], saved.games[g + 1], goal < 0 ? undefined : goal);
        for (let left = saved.games[g + 2]; left > 0; left--) {
          const [hash, action, nextHash, reward, terminated, count] = saved.edges.subarray(at, at + EDGE_COLUMNS);
          edges += observe(graph, hash, action, nextHash, reward, terminated, count);
          at += EDGE_COLUMNS;
        }
      }
    },
  };
}
