/** The embeddings e(s, a) of samples. */
import { index32 } from '../engine/kernels/address.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { cutBatches, growForStates, loadStates } from '../engine/states/loadBatch.ts';
import type { Pieces } from '../eventLoop.ts';
import type { Samples } from './samples.ts';

/**
 * In pieces of one batch: the embedding of each sample's action, which both heads read.
 *
 * @returns f32[samples, heads.embedding.width]
 */
export function* embeddingsOf(policy: Policy, weights: number, samples: Samples): Pieces<Float32Array> {
  const { arena, network } = policy;
  const { batch, heads } = network;
  growForStates(batch, samples.list, samples.states);
  // After the growth, which can move the tensor.
  const { value, width } = heads.embedding;
  const embeddings = new Float32Array(samples.states.length * width);
  let from = 0;
  for (const to of cutBatches(samples.list, samples.states, batch.capacity)) {
    loadStates(arena, batch, samples.list, samples.states, from, to);
    network.forward(weights);
    for (let i = from; i < to; i++) {
      const row = arena.i32[index32(batch.rowOffsets) + i - from] + samples.taken[i];
      const first = index32(value) + row * width;
      embeddings.set(arena.f32.subarray(first, first + width), i * width);
    }
    yield to - from;
    from = to;
  }
  return embeddings;
}
