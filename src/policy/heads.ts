import { addScaled, linear } from '../layers/linear.ts';
import type { Builder, Heads, Tensor } from '../layers/network.ts';

/** Sizes of a policy; see docs/configuration.md for the defaults. */
export interface PolicyConfig {
  readonly policy: 'attention' | 'mlp';
  /** Width of token (or action) embeddings. */
  readonly tokenWidth: number;
  /** Width of the queries and keys of the match map. */
  readonly matchWidth: number;
  readonly hidden: number;
  /** Width of e(s, a). */
  readonly embedding: number;
  /** Self-attention blocks over the state's slots, 0 to 4. */
  readonly blocks: number;
  readonly heads: number;
  /** Constant factor on the policy's logits. */
  readonly logitScale: number;
}

/** Policy head w_p . e(s, a) and classifier head w_c . e(s, a) + b on one embedding. */
export function heads(b: Builder, embedding: Tensor, config: PolicyConfig): Heads {
  const deviation = 0.3 / Math.sqrt(config.embedding);
  const raw = linear(b, 'policyHead', embedding, 1, { bias: false, init: { kind: 'normal', scale: deviation } });
  const logit = config.logitScale === 1 ? raw : addScaled(b, raw, config.logitScale);
  return { embedding, logit, classifier: linear(b, 'classifierHead', embedding, 1) };
}
