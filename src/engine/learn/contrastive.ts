/** The supervised contrastive loss as a part of an update. */
import { matmulScratchBytes } from '../kernels/arena.ts';
import { clearOtherHeads } from '../policy/heads.ts';
import { cutRows, growForRows, loadRows } from '../states/loadBatch.ts';
import type { StateList } from '../states/stateList.ts';
import { moveSums } from './shards.ts';
import { closeSums, openSums } from './treeSum.ts';
import type { Learner, WholeLoss } from './update.ts';

/** The action rows whose embeddings the contrastive loss compares. */
export interface ContrastiveSet {
  readonly list: StateList;
  readonly rows: Int32Array;
  readonly labels: Int8Array;
  readonly temperature: number;
  readonly coef: number;
}

/**
 * The loss compares all embeddings at once: a first pass gathers them, and a second pass propagates their gradients.
 */
function accumulate(
  learner: Learner,
  set: ContrastiveSet,
  ends: readonly number[],
  vectors: readonly number[],
  sums: readonly number[],
): void {
  const { policy, inputs } = learner;
  const { arena, network, weights } = policy;
  const { batch, heads } = network;
  const { kernels } = arena;
  const { width, value } = heads.embedding;
  const n = set.rows.length;
  const mark = arena.mark();
  const gathered = arena.floats(n * width);
  const gradient = arena.floats(n * width);
  const labels = arena.reserve(n);
  const work = arena.floats(n * (2 * width + n + 2));
  for (let i = 0; i < n; i++) arena.i8[labels + i] = set.labels[set.rows[i]];
  let from = 0;
  for (const to of ends) {
    loadRows(arena, batch, set.list, set.rows, from, to);
    network.forward(weights);
    arena.copy(gathered + from * width * 4, value, (to - from) * width * 4);
    from = to;
  }
  const scratch = arena.reserve(matmulScratchBytes(n, Math.max(n, width)));
  const sum = inputs.sums + 80;
  kernels.contrastiveLoss(n, width, gathered, labels, set.temperature, set.coef, gradient, sum, work, scratch);
  from = 0;
  for (const [shard, to] of ends.entries()) {
    loadRows(arena, batch, set.list, set.rows, from, to);
    network.forward(weights);
    kernels.fill(heads.logit.grad, to - from, 0);
    clearOtherHeads(network);
    const g = vectors[openSums(shard)];
    network.clearGradient(g);
    network.backward(weights, g, gradient + from * width * 4);
    moveSums(learner, sums[shard]);
    closeSums(network, vectors, shard, shard === ends.length - 1);
    from = to;
  }
  arena.release(mark);
}

export function contrastiveLoss(set: ContrastiveSet): WholeLoss {
  return (learner) => {
    const { batch } = learner.policy.network;
    growForRows(batch, set.list, set.rows);
    const ends = cutRows(set.list, set.rows, batch.capacity);
    return { shards: ends.length, compute: (...given) => accumulate(learner, set, ends, ...given) };
  };
}
