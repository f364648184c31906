/** The sample weights of GRPO from sampled actions: groups of one state each, as a trainer has them. */
import type { RandomStream } from 'unbraid/env';
import { actionCount, type Scene } from './scene.ts';

/** Groups of an update, and actions of a group. */
const groups = 8;
const size = 8;

/** Index of the part of a sum of weights in which a uniform number falls. */
function choose(uniform: number, weights: readonly number[]): number {
  let rest = uniform * weights.reduce((sum, w) => sum + w, 0);
  for (const [i, w] of weights.entries()) {
    rest -= w;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}

/**
 * @param probabilityOf pi(a | s) of state s
 * @param epsilon added to the standard deviation of the rewards of a group
 * @returns f64[states * actions]: the weights of the gradients of log pi(a | s)
 */
export function sampledWeights(
  states: Scene['states'],
  probabilityOf: (s: number, a: number) => number,
  random: RandomStream,
  epsilon: number,
): Float64Array {
  const weights = new Float64Array(states.length * actionCount);
  const frequencies = states.map(({ frequency, trained }) => (trained ? frequency : 0));
  for (let g = 0; g < groups; g++) {
    const s = choose(random.uniform(), frequencies);
    const policy = Array.from({ length: actionCount }, (_, a) => probabilityOf(s, a));
    const actions = Array.from({ length: size }, () => choose(random.uniform(), policy));
    const q = actions.filter((a) => a === states[s].right).length / size;
    // Equal rewards have no advantage.
    if (q === 0 || q === 1) continue;
    const scale = 1 / (groups * size * (Math.sqrt(q * (1 - q)) + epsilon));
    for (const a of actions) weights[s * actionCount + a] += scale * ((a === states[s].right ? 1 : 0) - q);
  }
  return weights;
}
