/**
 * What the episodes of one game have shown so far: nodes are state hashes, an edge is an action taken in a state and what came of it.
 * Nodes and edges are numbered in the order in which they were first seen.
 */

export interface ExperienceGraph {
  /** Node of each state hash. */
  readonly nodes: Map<number, number>;
  /** Of each node: its hash and the edge out of it seen last, -1 without one. */
  readonly hash: number[];
  readonly lastEdge: number[];
  /** Of each edge: the nodes it joins, action index, reward, 1 if it ended the episode, and the edge seen before it out of `from`, or -1. */
  readonly from: number[];
  readonly to: number[];
  readonly action: number[];
  readonly reward: number[];
  readonly terminated: number[];
  readonly earlierEdge: number[];
}

export function createExperienceGraph(): ExperienceGraph {
  return {
    nodes: new Map(),
    hash: [],
    lastEdge: [],
    from: [],
    to: [],
    action: [],
    reward: [],
    terminated: [],
    earlierEdge: [],
  };
}

function nodeOf(graph: ExperienceGraph, hash: number): number {
  const known = graph.nodes.get(hash);
  if (known !== undefined) return known;
  const node = graph.hash.length;
  graph.nodes.set(hash, node);
  graph.hash.push(hash);
  graph.lastEdge.push(-1);
  return node;
}

/** Adds what an action in a state led to; a later observation of the same action there replaces it. Returns the number of edges added. */
export function observe(
  graph: ExperienceGraph,
  hash: number,
  action: number,
  nextHash: number,
  reward: number,
  terminated: number,
): 0 | 1 {
  const from = nodeOf(graph, hash);
  const to = nodeOf(graph, nextHash);
  let edge = graph.lastEdge[from];
  while (edge >= 0 && graph.action[edge] !== action) edge = graph.earlierEdge[edge];
  if (edge >= 0) {
    graph.to[edge] = to;
    graph.reward[edge] = reward;
    graph.terminated[edge] = terminated;
    return 0;
  }
  graph.earlierEdge.push(graph.lastEdge[from]);
  graph.lastEdge[from] = graph.from.length;
  graph.from.push(from);
  graph.to.push(to);
  graph.action.push(action);
  graph.reward.push(reward);
  graph.terminated.push(terminated);
  return 1;
}

/** Value of taking an edge: its reward and, unless it ended the episode, the discounted value of where it leads. */
export function edgeValue(graph: ExperienceGraph, values: Float64Array, edge: number, discount: number): number {
  return graph.reward[edge] + (graph.terminated[edge] ? 0 : discount * values[graph.to[edge]]);
}

/** The edges that go on, sorted by the node they lead to: those into `node` are `edges[start[node]]` to `edges[start[node + 1] - 1]`. */
function edgesInto(graph: ExperienceGraph): { start: Int32Array; edges: Int32Array } {
  const start = new Int32Array(graph.hash.length + 1);
  const edges = new Int32Array(graph.to.length);
  for (let edge = 0; edge < edges.length; edge++) if (!graph.terminated[edge]) start[graph.to[edge]]++;
  for (let node = 1; node < start.length; node++) start[node] += start[node - 1];
  // Each start is now its end, and filling from there moves it back.
  for (let edge = edges.length - 1; edge >= 0; edge--) {
    if (!graph.terminated[edge]) edges[--start[graph.to[edge]]] = edge;
  }
  return { start, edges };
}

/**
 * V(node) = max(0, max over its edges of reward + discount * V(next)), with no second term where the episode ended: with a single reward
 * of 1 at success, discount^(steps before the action that succeeds) on the best known path, and 0 where none is known.
 *
 * Values rise from 0, backwards from the rewarded edges. Rounded arithmetic is monotone, so the values at rest are the least fixed point
 * whatever the order of the work: a graph restored edge by edge has the same bits.
 *
 * @returns f64[nodes]
 */
export function stateValues(graph: ExperienceGraph, discount: number): Float64Array {
  const nodes = graph.hash.length;
  const values = new Float64Array(nodes);
  const { start, edges } = edgesInto(graph);
  // A ring: a node waits in it at most once.
  const queue = new Int32Array(nodes);
  const waits = new Uint8Array(nodes);
  let head = 0;
  let waiting = 0;
  const raise = (edge: number): void => {
    const node = graph.from[edge];
    const value = edgeValue(graph, values, edge, discount);
    if (!(value > values[node])) return;
    values[node] = value;
    if (waits[node]) return;
    waits[node] = 1;
    queue[(head + waiting++) % nodes] = node;
  };
  for (let edge = 0; edge < graph.reward.length; edge++) if (graph.reward[edge] > 0) raise(edge);
  while (waiting > 0) {
    const node = queue[head];
    head = (head + 1) % nodes;
    waiting--;
    waits[node] = 0;
    for (let i = start[node]; i < start[node + 1]; i++) raise(edges[i]);
  }
  return values;
}
