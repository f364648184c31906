import type { Policy } from '../../../src/engine/policy/policy.ts';

/**
 * Gradients of log pi(taken | state) at temperature 1 for each state of the loaded batch, by parameter, one backward
 * pass per state. The forward pass (`actionLogProbs`) must have run.
 */
export function perSampleGradients(policy: Policy, taken: readonly number[]): Record<string, Float32Array[]> {
  const { arena, network, weights, logProbs } = policy;
  const { states, actions, rowOffsets } = network.batch;
  arena.i32.set(taken, policy.taken >> 2);
  const seed = arena.floats(actions);
  arena.kernels.logProbGradient(states, rowOffsets, logProbs, policy.taken, seed);
  const gradient = arena.floats(network.vectorSize);
  const offsets = arena.i32.slice(rowOffsets >> 2, (rowOffsets >> 2) + states + 1);
  const out: Record<string, Float32Array[]> = Object.fromEntries(network.parameters.map((p) => [p.name, []]));
  for (let n = 0; n < states; n++) {
    const own = arena.read(seed, actions).map((d, r) => (r >= offsets[n] && r < offsets[n + 1] ? d : 0));
    arena.write(network.heads.logit.grad, own);
    arena.write(network.heads.classifier.grad, new Float32Array(actions));
    arena.zero(gradient, network.vectorSize * 4);
    network.backward(weights, gradient);
    network.finish(weights, gradient);
    for (const { name, offset, size } of network.parameters) out[name].push(arena.read(gradient + offset, size));
  }
  return out;
}

/** J J^T of the gradients of one parameter, in double precision. */
export function gramOf(rows: readonly Float32Array[]): Float64Array {
  const n = rows.length;
  return Float64Array.from({ length: n * n }, (_, k) => {
    const b = rows[k % n];
    return rows[Math.floor(k / n)].reduce((sum, x, i) => sum + x * b[i], 0);
  });
}
