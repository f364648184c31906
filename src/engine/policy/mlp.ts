/** The policy over a vector and a fixed action set. */
import { tokenTable } from '../layers/embedding.ts';
import { activation, broadcast, linear, vectorInput } from '../layers/linear.ts';
import type { Builder, Heads } from '../layers/network.ts';
import { slotLinear } from '../layers/slotLinear.ts';
import { heads, type PolicyConfig } from './heads.ts';

/**
 * h = tanh(W_s x + W_a E[a] + b),  e(s, a) = tanh(W_2 h + b_2). Every action of the set has a learned embedding E[a].
 */
export function mlpPolicy(b: Builder, config: PolicyConfig): Heads {
  const h = broadcast(b, linear(b, 'state', vectorInput(b), config.hidden));
  const actions = tokenTable(b, 'actions', config.tokenWidth, { kind: 'normal', scale: 1 });
  slotLinear(b, 'action', 'action', actions, config.hidden, { bias: false, into: h });
  const e = activation(b, 'tanh', linear(b, 'embedding', activation(b, 'tanh', h), config.embedding));
  return heads(b, e, config);
}
