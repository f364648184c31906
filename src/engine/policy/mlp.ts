/** The policy over a vector and a fixed action set. */
import { tokenTable } from '../layers/embedding.ts';
import { broadcast, linear, vectorInput } from '../layers/linear.ts';
import type { Builder, Heads, Tensor } from '../layers/network.ts';
import { normalizedInput } from '../layers/normalizedInput.ts';
import { slotLinear } from '../layers/slotLinear.ts';
import { embeddingLayer, heads, type PolicyConfig } from './heads.ts';

/** V(s) = w_v . v(s) + b with v(s) = tanh(W_4 tanh(W_3 x + b_3) + b_4), of the widths of the policy. */
function valueLayers(b: Builder, x: Tensor, config: PolicyConfig): Tensor {
  const sums = linear(b, 'valueState', x, config.hidden);
  return linear(b, 'valueHead', embeddingLayer(b, sums, config, 'tanh', 'valueEmbedding', 'valueState.norm'), 1);
}

/**
 * h = tanh(W_s x + W_a E[a] + b),  e(s, a) = tanh(W_2 h + b_2). Every action of the set has a learned embedding E[a].
 * With `layerNorm`, the argument of tanh in h is normalised, and that in the first layer of a value network.
 */
export function mlpPolicy(b: Builder, config: PolicyConfig): Heads {
  const x = config.normalizeObservations ? normalizedInput(b) : vectorInput(b);
  const sums = broadcast(b, linear(b, 'state', x, config.hidden));
  const actions = tokenTable(b, 'actions', config.tokenWidth, { kind: 'normal', scale: 1 });
  slotLinear(b, 'action', 'action', actions, config.hidden, { bias: false, into: sums });
  const e = embeddingLayer(b, sums, config, 'tanh');
  if (!(config.valueHead && config.separateValue)) return heads(b, e, config);
  return { ...heads(b, e, { ...config, valueHead: false }), value: valueLayers(b, x, config) };
}
