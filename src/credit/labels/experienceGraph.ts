/**
 * The experience graph of one game: the transitions of all its episodes so far. A node is a state hash. An edge is an
 * action taken in a state. An outcome is a result of this action, with the number of times that it occurred. Nodes,
 * edges and outcomes are numbered in the order in which they were first observed.
 */

export interface ExperienceGraph {
  /** Node of each state hash. */
  readonly nodes: Map<number, number>;
  /** By node: its hash. */
  readonly hash: number[];
  /** By node: its outgoing edge with the highest number, or -1. */
  readonly lastEdge: number[];
  /** By edge: its node. */
  readonly from: number[];
  /** By edge: the action index. */
  readonly action: number[];
  /** By edge: number of times that it was taken. */
  readonly visits: number[];
  /** By edge: the previous edge out of the same node, or -1. */
  readonly earlierEdge: number[];
  /** By edge: its outcome with the highest number. */
  readonly lastOutcome: number[];
  /** By outcome: its edge. */
  readonly edge: number[];
  /** By outcome: the node to which it led. */
  readonly to: number[];
  /** By outcome: the reward. */
  readonly reward: number[];
  /** By outcome: 1 if it ended the episode. */
  readonly terminated: number[];
  /** By outcome: number of times that it occurred. */
  readonly count: number[];
  /** By outcome: the previous outcome of the same edge, or -1. */
  readonly earlierOutcome: number[];
  /** Number of observed steps with a positive reward. */
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

/** The edge of an action in a node, or -1. */
export function edgeOfAction(graph: ExperienceGraph, node: number, action: number): number {
  let edge = graph.lastEdge[node];
  while (edge >= 0 && graph.action[edge] !== action) edge = graph.earlierEdge[edge];
  return edge;
}

function edgeOf(graph: ExperienceGraph, node: number, action: number): number {
  const edge = edgeOfAction(graph, node, action);
  if (edge >= 0) return edge;
  graph.earlierEdge.push(graph.lastEdge[node]);
  graph.lastEdge[node] = graph.from.length;
  graph.from.push(node);
  graph.action.push(action);
  graph.visits.push(0);
  graph.lastOutcome.push(-1);
  return graph.lastEdge[node];
}

/** Adds the outcome of an action in a state, `times` times. Returns the number of new outcomes. */
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

/** Whether `holds` is true for every outcome of an edge. */
export function alwaysLedTo(graph: ExperienceGraph, edge: number, holds: (outcome: number) => boolean): boolean {
  for (let o = graph.lastOutcome[edge]; o >= 0; o = graph.earlierOutcome[o]) if (!holds(o)) return false;
  return true;
}

/**
 * Value of an edge: the mean over its outcomes, weighted by their counts, of the reward plus, unless the outcome ended
 * the episode, the discounted value of the next node.
 */
export function edgeValue(graph: ExperienceGraph, values: Float64Array, edge: number, discount: number): number {
  const outcomeValue = (o: number): number =>
    graph.reward[o] + (graph.terminated[o] ? 0 : discount * values[graph.to[o]]);
  const last = graph.lastOutcome[edge];
  // The value of a single outcome is exact: multiplying and dividing by its count would round.
  if (graph.earlierOutcome[last] < 0) return outcomeValue(last);
  let sum = 0;
  for (let o = last; o >= 0; o = graph.earlierOutcome[o]) sum += graph.count[o] * outcomeValue(o);
  return sum / graph.visits[edge];
}

/**
 * The edges of outcomes that did not end the episode, sorted by their next node: `edges[start[node]]` to
 * `edges[start[node + 1] - 1]` lead to `node`.
 */
function edgesInto(graph: ExperienceGraph): { start: Int32Array; edges: Int32Array } {
  const start = new Int32Array(graph.hash.length + 1);
  const edges = new Int32Array(graph.to.length);
  for (let o = 0; o < edges.length; o++) if (!graph.terminated[o]) start[graph.to[o]]++;
  for (let node = 1; node < start.length; node++) start[node] += start[node - 1];
  // `start` now contains the end of each list. Filling from the end moves it back to the start.
  for (let o = edges.length - 1; o >= 0; o--) {
    if (!graph.terminated[o]) edges[--start[graph.to[o]]] = graph.edge[o];
  }
  return { start, edges };
}

/**
 * V(node) = max(0, max over its edges of their `edgeValue`). Where every action has one outcome and the only reward is
 * 1 at success, this is discount^(steps before the action that succeeds) on the best known path, and 0 without a known
 * path.
 *
 * Values start at 0 and increase, backwards from the rewarded edges. Rounded arithmetic is monotone, so the values
 * converge to the least fixed point in any order of the updates: the values of a graph restored outcome by outcome are
 * bitwise identical.
 *
 * @returns f64[nodes]
 */
export function stateValues(graph: ExperienceGraph, discount: number): Float64Array {
  const nodes = graph.hash.length;
  const values = new Float64Array(nodes);
  const { start, edges } = edgesInto(graph);
  // A ring buffer, in which a node is at most once.
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
