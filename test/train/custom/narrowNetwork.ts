/** A network of a user's own: one hidden layer, other initial scales than the built-in policy. */
import { tokenTable } from '../../../src/engine/layers/embedding.ts';
import { activation, broadcast, linear } from '../../../src/engine/layers/linear.ts';
import type { Builder, Heads } from '../../../src/engine/layers/network.ts';
import { slotLinear } from '../../../src/engine/layers/slotLinear.ts';
import { heads, type PolicyConfig } from '../../../src/engine/policy/heads.ts';

export default function narrowNetwork(b: Builder, config: PolicyConfig): Heads {
  const { vectorWidth } = b.batch.shape;
  const x = { rows: 'state', width: vectorWidth, value: b.batch.vectors, grad: 0, readers: 0, writers: 1 } as const;
  const h = broadcast(b, linear(b, 'first', { ...x }, 12));
  const actions = tokenTable(b, 'actions', 4, { kind: 'normal', scale: 0.5 });
  slotLinear(b, 'second', 'action', actions, 12, { bias: false, into: h });
  return heads(b, activation(b, 'tanh', h), { ...config, embedding: 12 });
}
