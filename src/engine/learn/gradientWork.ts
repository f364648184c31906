/** The gradient of an update as work that one thread does alone or several threads share. */
import type { Pieces } from '../../eventLoop.ts';
import { computeInOrder, type PlannedShard, type ShardEngine, statesOf } from './shards.ts';
import { vectorsFor } from './treeSum.ts';

/** What the threads of an update compute, and where. */
export interface GradientWork {
  readonly engine: ShardEngine;
  /** Shards of the sets. Their gradients are summed in a tree; the gradient of the contrastive loss is added last. */
  readonly shards: readonly PlannedShard[];
  /** Address of the loss sums of each shard. */
  readonly sums: readonly number[];
  /** Address of the gradient vector of the contrastive loss, or 0. */
  readonly whole: number;
  /** The gradient vectors of the learner, at least `count`. The first vector must finally hold the gradient. */
  reserve(count: number): readonly number[];
  /** Work that the calling thread does before it computes shards: the contrastive loss. */
  first(): void;
}

/** Computes the gradient of an update on one thread. Each piece is a shard. */
export function* sumShards({ engine, shards, sums, whole, reserve, first }: GradientWork): Pieces<void> {
  const vectors = reserve(vectorsFor(shards.length));
  const all = [0, shards.length] as const;
  first();
  for (let n = 0; n < shards.length; n++) {
    computeInOrder(engine, shards, n, all, vectors, sums);
    yield statesOf(shards[n]);
  }
  if (whole) engine.policy.network.addGradient(vectors[0], whole);
}
