/**
 * Networks of your own: tensors, layers and heads. Whatever is composed of these layers has gradients, a Gram matrix
 * and checkpoints.
 *
 * @module unbraid/layers
 */

export {
  concatenateSlots,
  matchMap,
  meanOverSlots,
  multiHeadAttention,
  selfAttentionBlock,
} from '../engine/layers/attention.ts';
export type { Batch, Capacity, InputShape } from '../engine/layers/batch.ts';
export { createNetwork } from '../engine/layers/createNetwork.ts';
export { type Source, slotProjection, slotTokens, tokenTable } from '../engine/layers/embedding.ts';
export {
  type Activation,
  activation,
  addScaled,
  broadcast,
  type LinearOptions,
  linear,
  vectorInput,
} from '../engine/layers/linear.ts';
export { matchLinear } from '../engine/layers/matchLinear.ts';
export type {
  Builder,
  GradientPart,
  Heads,
  Init,
  Layer,
  Network,
  Parameter,
  Rows,
  RowTable,
  Tensor,
} from '../engine/layers/network.ts';
export { layerNorm } from '../engine/layers/normalization.ts';
export { slotLinear } from '../engine/layers/slotLinear.ts';
export { customPolicy } from '../engine/policy/custom.ts';
export { type HeadsConfig, heads } from '../engine/policy/heads.ts';
export { batchCapacity, policyOn } from '../engine/policy/policy.ts';
