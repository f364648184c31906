/**
 * Training of a policy on a scene by exact GRPO gradients: every action of every state counts with its probability, so
 * that a curve shows no sampling noise.
 */
import { createArena } from 'unbraid';
import { gramTotal } from 'unbraid/coupling';
import { randomStream } from 'unbraid/env';
import { actionLogProbs, createStateList, loadStates, pushState, type StateList } from 'unbraid/learn';
import { decoupled } from './decoupled.ts';
import { type PlaneNetwork, planeNetwork } from './network.ts';
import { sampledWeights } from './sampledWeights.ts';
import { actionCount, type Scene } from './scene.ts';

const allActions = Array.from({ length: actionCount }, (_, a) => a);

/** Added to the standard deviation of the rewards, as GRPO does. */
const epsilon = 1e-4;

/** What one step changes at each (state, action): f64[states * actions] of log pi. */
export interface Spillover {
  /** To first order, from the Gram matrix. */
  readonly predicted: Float64Array;
  readonly actual: Float64Array;
  /** The same without what a step on the samples of the state itself would change: what the other states add. */
  readonly predictedSpillover: Float64Array;
  readonly actualSpillover: Float64Array;
}

/** Gradients of log pi of the right actions. */
export interface RightGradients {
  /** f32[states * states] */
  readonly cosines: Float32Array;
  /** f32[states] */
  readonly norms: Float32Array;
}

export interface PlaneTraining {
  readonly scene: Scene;
  /** Number of steps so far. */
  readonly updates: number;
  readonly learningRate: number;
  /** pi(a | s): f32[states * actions]. */
  probabilities(): Float32Array;
  /** pi(a | point) on a grid of side x side points, row by row from y = -1: f32[side * side * actions]. */
  plane(side: number): Float32Array;
  rightGradients(): RightGradients;
  /** Takes one step. */
  step(): void;
  /** What the next step would change; takes no step. */
  lookAhead(): Spillover;
}

function listOf({ shape, vectorOf }: PlaneNetwork, points: readonly { x: number; y: number }[]): StateList {
  const list = createStateList(shape, points.length);
  for (const { x, y } of points) pushState(list, vectorOf(x, y), allActions);
  return list;
}

function gridPoints(side: number): { x: number; y: number }[] {
  const at = (i: number): number => (2 * i) / (side - 1) - 1;
  return Array.from({ length: side * side }, (_, i) => ({ x: at(i % side), y: at(Math.floor(i / side)) }));
}

const upTo = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/** Points of the plane, and which of them each network shows. */
interface Grid {
  readonly list: StateList;
  readonly regions: readonly Int32Array[];
}

/** Starts the training of a scene. Memory is reserved for grids of up to `mostSide` points a side. */
export async function startTraining(scene: Scene, mostSide: number): Promise<PlaneTraining> {
  const { states, sharing } = scene;
  const n = states.length;
  const arena = await createArena();
  const own = planeNetwork(arena, scene.network, scene.seed, Math.max(n, mostSide * mostSide));
  const { policy } = own;
  const { network } = policy;
  const list = listOf(own, states);
  const grids = new Map<number, Grid>();
  own.initialise(scene.seed);
  // A network for each state, or one for all, from the same start.
  const copies = Array.from({ length: sharing === 'own' ? n : 1 }, () => {
    const weights = arena.floats(network.vectorSize);
    arena.copy(weights, policy.weights, 4 * network.vectorSize);
    return weights;
  });
  const trial = arena.floats(network.vectorSize);
  const gradient = arena.floats(network.vectorSize);
  const everySample = {
    list,
    states: Int32Array.from({ length: n * actionCount }, (_, i) => Math.floor(i / actionCount)),
    taken: Int32Array.from({ length: n * actionCount }, (_, i) => i % actionCount),
  };
  const total = states.reduce((sum, s) => sum + (s.trained ? s.frequency : 0), 0);
  // The kernel's exponential: that of JavaScript differs between browsers.
  const exp = (x: number): number => arena.kernels.exp1(x);
  const weightsOf = (s: number): number => copies[sharing === 'own' ? s : 0];

  /** @param order indices in the list; default: as they are */
  function logProbs(of: StateList, weights: number, from: number, to: number, order = upTo(to)): Float32Array {
    loadStates(arena, network.batch, of, order, from, to);
    actionLogProbs(policy, weights);
    return arena.read(policy.logProbs, (to - from) * actionCount);
  }

  function gridOf(side: number): Grid {
    const points = gridPoints(side);
    // With networks of their own, each point shows that of the nearest state.
    const nearest = (of: { x: number; y: number }): number => {
      const far = states.map(({ x, y }) => (x - of.x) * (x - of.x) + (y - of.y) * (y - of.y));
      return far.indexOf(Math.min(...far));
    };
    const shownBy = points.map((point) => (sharing === 'own' ? nearest(point) : 0));
    const regions = copies.map((_, c) => upTo(points.length).filter((i) => shownBy[i] === c));
    return { list: listOf(own, points), regions };
  }

  function allLogProbs(weightsAt: (s: number) => number): Float32Array {
    if (sharing !== 'own') return logProbs(list, weightsAt(0), 0, n);
    const all = new Float32Array(n * actionCount);
    for (let s = 0; s < n; s++) all.set(logProbs(list, weightsAt(s), s, s + 1), s * actionCount);
    return all;
  }

  /** K of all (state, action), f64[4 n, 4 n]; 0 between states with networks of their own. */
  function gram(): Float64Array {
    if (sharing !== 'own') return gramTotal(policy, copies[0], everySample);
    const m = n * actionCount;
    const whole = new Float64Array(m * m);
    for (let s = 0; s < n; s++) {
      const part = gramTotal(policy, copies[s], { list, states: allActions.map(() => s), taken: allActions });
      for (let a = 0; a < actionCount; a++) {
        const row = s * actionCount + a;
        whole.set(part.subarray(a * actionCount, (a + 1) * actionCount), row * m + s * actionCount);
      }
    }
    return whole;
  }

  // The step size follows from the gradients at the start, so that a wider network learns no faster.
  const start = gram();
  let trace = 0;
  for (let i = 0; i < n * actionCount; i++) trace += start[i * (n * actionCount + 1)];
  const learningRate = (scene.eta * n * actionCount) / trace;
  let updates = 0;

  /**
   * Weights of the gradients of log pi(a | s) in one step: frequency(s) pi(a | s) times GRPO's advantage
   * (1[a is right] - q) / (sqrt(q (1 - q)) + epsilon), with q the probability of the right action.
   */
  function sampleWeights(logProb: Float32Array): Float64Array {
    const weights = new Float64Array(n * actionCount);
    for (const [s, { right, frequency, trained }] of states.entries()) {
      if (!trained) continue;
      const probabilityOf = (a: number): number => exp(logProb[s * actionCount + a]);
      const q = probabilityOf(right);
      const scale = frequency / total / (Math.sqrt(Math.max(0, q * (1 - q))) + epsilon);
      for (const a of allActions) {
        weights[s * actionCount + a] = scale * probabilityOf(a) * ((a === right ? 1 : 0) - q);
      }
    }
    return weights;
  }

  function nextWeights(): Float64Array {
    const logProb = allLogProbs(weightsOf);
    if (!scene.sampled) return sampleWeights(logProb);
    // Drawn anew from seed and update, so that a look ahead sees the actions of the step that follows.
    const random = randomStream(scene.seed, 'plane/actions', updates);
    return sampledWeights(states, (s, a) => exp(logProb[s * actionCount + a]), random, epsilon);
  }

  /** The weights of a step: those of the samples, or decoupled ones. A held-out state has no samples to decouple. */
  function stepWeights(weights: Float64Array): Float64Array {
    if (sharing !== 'decoupled') return weights;
    const k = gram();
    const rows = upTo(weights.length).filter((i) => states[Math.floor(i / actionCount)].trained);
    const m = rows.length;
    const ofTrained = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) ofTrained[i * m + j] = k[rows[i] * weights.length + rows[j]];
    }
    const alpha = decoupled(
      arena,
      ofTrained,
      Float64Array.from(rows, (row) => weights[row]),
      actionCount,
    );
    const all = new Float64Array(weights.length);
    for (const [i, row] of rows.entries()) all[row] = alpha[i];
    return all;
  }

  /** Adds the step of the states [from, to) to `target`, whose weights are prepared. */
  function descend(alpha: Float64Array, weights: number, target: number, from: number, to: number): void {
    const logProb = logProbs(list, weights, from, to);
    const at = network.heads.logit.grad / 4;
    for (let s = from; s < to; s++) {
      let sum = 0;
      for (const a of allActions) sum += alpha[s * actionCount + a];
      for (const a of allActions) {
        const i = (s - from) * actionCount + a;
        arena.f32[at + i] = alpha[s * actionCount + a] - sum * exp(logProb[i]);
      }
    }
    arena.kernels.fill(network.heads.classifier.grad, network.batch.actions, 0);
    network.clearGradient(gradient);
    network.backward(weights, gradient);
    network.finish(weights, gradient);
    if (target !== weights) arena.copy(target, weights, 4 * network.vectorSize);
    arena.kernels.addScaled(network.size, learningRate, gradient, target, 1);
    network.prepare(target);
  }

  for (const weights of copies) network.prepare(weights);
  return {
    ...{ scene, learningRate },
    get updates() {
      return updates;
    },
    probabilities: () => Float32Array.from(allLogProbs(weightsOf), exp),
    plane(side) {
      const grid = grids.get(side) ?? gridOf(side);
      grids.set(side, grid);
      const shown = new Float32Array(side * side * actionCount);
      for (const [c, points] of grid.regions.entries()) {
        const part = logProbs(grid.list, copies[c], 0, points.length, points);
        for (const [k, point] of points.entries()) {
          for (let a = 0; a < actionCount; a++) shown[point * actionCount + a] = exp(part[k * actionCount + a]);
        }
      }
      return shown;
    },
    rightGradients() {
      const k = gram();
      const m = n * actionCount;
      const rows = states.map(({ right }, s) => s * actionCount + right);
      const norms = Float32Array.from(rows, (row) => Math.sqrt(Math.max(0, k[row * (m + 1)])));
      const cosines = new Float32Array(n * n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const both = norms[i] * norms[j];
          cosines[i * n + j] = both > 0 ? k[rows[i] * m + rows[j]] / both : 0;
        }
      }
      return { cosines, norms };
    },
    step() {
      const alpha = stepWeights(nextWeights());
      if (sharing === 'own') for (let s = 0; s < n; s++) descend(alpha, copies[s], copies[s], s, s + 1);
      else descend(alpha, copies[0], copies[0], 0, n);
      updates++;
    },
    lookAhead() {
      const sampled = nextWeights();
      const alpha = stepWeights(sampled);
      const k = gram();
      const m = n * actionCount;
      const before = allLogProbs(weightsOf);
      const predicted = new Float64Array(m);
      const predictedSpillover = new Float64Array(m);
      for (let i = 0; i < m; i++) {
        let sum = 0;
        let ofItself = 0;
        const first = i - (i % actionCount);
        for (let j = 0; j < m; j++) sum += k[i * m + j] * alpha[j];
        for (let j = first; j < first + actionCount; j++) ofItself += k[i * m + j] * sampled[j];
        predicted[i] = learningRate * sum;
        predictedSpillover[i] = learningRate * (sum - ofItself);
      }
      const actual = new Float64Array(m);
      const actualSpillover = new Float64Array(m);
      const parts = sharing === 'own' ? n : 1;
      for (let part = 0; part < parts; part++) {
        const [from, to] = sharing === 'own' ? [part, part + 1] : [0, n];
        descend(alpha, copies[part], trial, from, to);
        const after = logProbs(list, trial, from, to);
        for (const [i, x] of after.entries()) actual[from * actionCount + i] = x - before[from * actionCount + i];
      }
      for (const [s, { trained }] of states.entries()) {
        const at = s * actionCount;
        if (trained) descend(sampled, weightsOf(s), trial, s, s + 1);
        const after = trained ? logProbs(list, trial, s, s + 1) : before.subarray(at, at + actionCount);
        for (const a of allActions) actualSpillover[at + a] = actual[at + a] - (after[a] - before[at + a]);
      }
      return { predicted, actual, predictedSpillover, actualSpillover };
    },
  };
}
