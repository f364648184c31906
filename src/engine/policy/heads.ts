import { type Activation, activation, addScaled, linear } from '../layers/linear.ts';
import type { Builder, Heads, Network, Tensor } from '../layers/network.ts';
import { layerNorm } from '../layers/normalization.ts';
import { tokenHeads } from '../layers/tokenHeads.ts';

/** Sizes of a policy; see docs/configuration.md for the defaults. */
export interface PolicyConfig {
  /** `custom`: a network of your own, see `customPolicy`. */
  readonly policy: 'attention' | 'mlp' | 'custom';
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
  /** A layer norm on the hidden layer before its activation, also on that of a value network. */
  readonly layerNorm?: boolean;
  /** One policy head for each verb (or action of a fixed set) instead of one shared head. */
  readonly actionHeads?: boolean;
  /** Adds a value head. */
  readonly valueHead?: boolean;
  /** The value head reads layers of its own instead of e(s, a); `mlp` only. */
  readonly separateValue?: boolean;
  /** Observations are normalised by buffers that the training sets; `mlp` only. */
  readonly normalizeObservations?: boolean;
  /** Observations have a place for a hint; see docs/algorithms/hints.md. */
  readonly hinted?: boolean;
}

/**
 * e = tanh(W f(sums) + b), with W `name.weight` and b `name.bias`. With `config.layerNorm`, f has a layer norm before
 * it, whose parameters are `norm.gamma` and `norm.beta`.
 *
 * @param sums of the hidden layer
 * @param f its activation
 */
export function embeddingLayer(
  b: Builder,
  sums: Tensor,
  config: PolicyConfig,
  f: Activation,
  name = 'embedding',
  norm = 'hidden.norm',
): Tensor {
  const x = config.layerNorm ? layerNorm(b, norm, sums) : sums;
  return activation(b, 'tanh', linear(b, name, activation(b, f, x), config.embedding));
}

/** The slot of the verb. An action of a text starts with the number of times it was taken, followed by its words. */
const verbSlot = { slots: 0, sequence: 1 } as const;

/** What the heads of a policy depend on. */
export type HeadsConfig = Pick<PolicyConfig, 'embedding' | 'logitScale' | 'actionHeads' | 'valueHead'>;

/**
 * Policy head w_p . e(s, a), with `actionHeads` one w_p for each verb; classifier head w_c . e(s, a) + b; with
 * `valueHead` a value head.
 */
export function heads(b: Builder, embedding: Tensor, config: HeadsConfig): Heads {
  const deviation = 0.3 / Math.sqrt(config.embedding);
  const init = { kind: 'normal', scale: deviation } as const;
  const raw = config.actionHeads
    ? tokenHeads(b, 'actionHeads', embedding, verbSlot[b.batch.shape.layout], init)
    : linear(b, 'policyHead', embedding, 1, { bias: false, init });
  const logit = config.logitScale === 1 ? raw : addScaled(b, raw, config.logitScale);
  const classifier = linear(b, 'classifierHead', embedding, 1);
  return { embedding, logit, classifier, ...(config.valueHead && { value: linear(b, 'valueHead', embedding, 1) }) };
}

/** Sets the gradients of all heads except the policy head to 0 for the loaded batch. */
export function clearOtherHeads({ arena, heads, batch, rowCount }: Network): void {
  arena.kernels.fill(heads.classifier.grad, batch.actions, 0);
  if (heads.value) arena.kernels.fill(heads.value.grad, rowCount(heads.value.rows), 0);
}
