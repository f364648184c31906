/**
 * What the episodes of one game have shown so far: nodes are state hashes, an edge is an action taken in a state, an outcome what came of
 * it, with how often. Nodes, edges and outcomes are numbered in the order in which they were first seen.
 */

export interface ExperienceGraph {
  /** Node of each state hash. */
  readonly nodes: Map<number, number>;
  /** Of each node: its hash and the edge out of it first seen last, -1 without one. */
  readonly hash: number[];
  readonly lastEdge: number[];
  /** Of each edge: its node, action index, how often it was taken, the edge seen before it out of `from`, or -1, and its newest outcome. */
  readonly from: number[];
  readonly action: number[];
  readonly visits: number[];
  readonly earlierEdge: number[];
  readonly lastOutcome: number[];
  /** Of each outcome: its edge, the node it led to, reward, 1 if it ended the episode, how often it came, and the edge's outcome before it, or -1. */
  readonly edge: number[];
  readonly to: number[];
  readonly reward: number[];
  readonly terminated: number[];
  readonly count: number[];
  readonly earlierOutcome: number[];
  /** How often a step with a positive reward was seen. */
  successes: number;
}

export function createExperienceGraph(): ExperienceGraph {
  return {
    nodes: new Map(),
    hash: [],
    lastEdge: [],
    from: [],
    action: [],
    visits: [],
    earlierEdge: [],
    lastOutcome: [],
    edge: [],
    to: [],
    reward: [],
    terminated: [],
    count: [],
    earlierOutcome: [],
    successes: 0,
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

function edgeOf(graph: ExperienceGraph, node: number, action: number): number {
  let edge = graph.lastEdge[node];
  while (edge >= 0 && graph.action[edge] !== action) edge = graph.earlierEdge[edge];
  if (edge >= 0) return edge;
  graph.earlierEdge.push(graph.lastEdge[node]);
  graph.lastEdge[node] = graph.from.length;
  graph.from.push(node);
  graph.action.push(action);
  graph.visits.push(0);
  graph.lastOutcome.push(-1);
  return graph.lastEdge[node];
}

/** Adds what an action in a state led to, `times` times. Returns the number of outcomes that are new. */
export function observe(
  graph: ExperienceGraph,
  hash: number,
  action: number,
  nextHash: number,
  reward: number,
  terminated: number,
  times = 1,
): 0 | 1 {
  const edge = edgeOf(graph, nodeOf(graph, hash), action);
  const to = nodeOf(graph, nextHash);
  graph.visits[edge] += times;
  if (reward > 0) graph.successes += times;
  const isSame = (o: number): boolean =>
    graph.to[o] === to && graph.reward[o] === reward && graph.terminated[o] === terminated;
  let outcome = graph.lastOutcome[edge];
  while (outcome >= 0 && !isSame(outcome)) outcome = graph.earlierOutcome[outcome];
  if (outcome >= 0) {
    graph.count[outcome] += times;
    return 0;
  }
  graph.earlierOutcome.push(graph.lastOutcome[edge]);
  graph.lastOutcome[edge] = graph.edge.length;
  graph.edge.push(edge);
  graph.to.push(to);
  graph.reward.push(reward);
  graph.terminated.push(terminated);
  graph.count.push(times);
  return 1;
}

/** Whether every outcome of an edge is such that `holds`. */
export function alwaysLedTo(graph: ExperienceGraph, edge: number, holds: (outcome: number) => boolean): boolean {
  for (let o = graph.lastOutcome[edge]; o >= 0; o = graph.earlierOutcome[o]) if (!holds(o)) return false;
  return true;
}

/**
 * Value of taking an edge: the mean over its outcomes, by how often each came, of its reward and, unless it ended the episode, the
 * discounted value of where it led.
 */
export function edgeValue(graph: ExperienceGraph, values: Float64Array, edge: number, discount: number): number {
  const outcomeValue = (o: number): number =>
    graph.reward[o] + (graph.terminated[o] ? 0 : discount * values[graph.to[o]]);
  const last = graph.lastOutcome[edge];
  // A single outcome is taken as it is: multiplying and dividing would round.
  if (graph.earlierOutcome[last] < 0) return outcomeValue(last);
  let sum = 0;
  for (let o = last; o >= 0; o = graph.earlierOutcome[o]) sum += graph.count[o] * outcomeValue(o);
  return sum / graph.visits[edge];
}

/** The edges that may go on, sorted by the node they lead to: those into `node` are `edges[start[node]]` to `edges[start[node + 1] - 1]`. */
function edgesInto(graph: ExperienceGraph): { start: Int32Array; edges: Int32Array } {
  const start = new Int32Array(graph.hash.length + 1);
  const edges = new Int32Array(graph.to.length);
  for (let o = 0; o < edges.length; o++) if (!graph.terminated[o]) start[graph.to[o]]++;
  for (let node = 1; node < start.length; node++) start[node] += start[node - 1];
  // Each start is now its end, and filling from there moves it back.
  for (let o = edges.length - 1; o >= 0; o--) {
    if (!graph.terminated[o]) edges[--start[graph.to[o]]] = graph.edge[o];
  }
  return { start, edges };
}

/**
 * V(node) = max(0, max over its edges of their `edgeValue`): where every action has one outcome and a single reward of 1 comes at success,
 * discount^(steps before the action that succeeds) on the best known path, and 0 where none is known.
 *
 * Values rise from 0, backwards from the rewarded edges. Rounded arithmetic is monotone, so the values at rest are the least fixed point
 * whatever the order of the work: a graph restored outcome by outcome has the same bits.
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
  for (let o = 0; o < graph.reward.length; o++) if (graph.reward[o] > 0) raise(graph.edge[o]);
  while (waiting > 0) {
    const node = queue[head];
    head = (head + 1) % nodes;
    waiting--;
    waits[node] = 0;
    for (let i = start[node]; i < start[node + 1]; i++) raise(edges[i]);
  }
  return values;
}
