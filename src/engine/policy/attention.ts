/**
 * The policy over tokens. It scores any list of candidate actions, each a bag or sequence of tokens, against the tokens
 * of the state.
 */
import { concatenateSlots, meanOverSlots, multiHeadAttention, selfAttentionBlock } from '../layers/attention.ts';
import { slotProjection, slotTokens, tokenTable } from '../layers/embedding.ts';
import { addScaled, broadcast, linear } from '../layers/linear.ts';
import { matchLinear } from '../layers/matchLinear.ts';
import type { Builder, Heads, Tensor } from '../layers/network.ts';
import { slotLinear } from '../layers/slotLinear.ts';
import { embeddingLayer, heads, type PolicyConfig } from './heads.ts';

/**
 * With x_s, x_a the embeddings of the slots of state and action (`layout: 'slots'`):
 *   h = relu( W_s [x_s] + W_a [x_a] + W_m [ (Q x_a) . (K x_s) / sqrt(matchWidth) ] + b ),  e(s, a) = tanh(W_2 h + b_2)
 * Here [.] concatenates slots, and the match term holds the dot product of every action slot with every state slot. If
 * `blocks` is above 0, the x_s first pass through that many self-attention blocks with learned slot positions.
 *
 * With `layout: 'sequence'` (text), means over tokens replace the concatenations, and each action attends to the tokens
 * of the state with one query:
 *   m = sqrt(action slots) mean(x_a),  u = m + attention(m -> x_s),  h = relu( W_a u + W_s mean(x_s) + b )
 * With `layerNorm`, the argument of relu is normalised.
 */
export function attentionPolicy(b: Builder, config: PolicyConfig): Heads {
  const table = tokenTable(b, 'tokens', config.tokenWidth);
  const sums = b.batch.shape.layout === 'slots' ? slotHidden(b, config, table) : sequenceHidden(b, config, table);
  return heads(b, embeddingLayer(b, sums, config, 'relu'), config);
}

function encodeState(b: Builder, config: PolicyConfig, table: ReturnType<typeof tokenTable>): Tensor {
  let x = slotTokens(b, 'state', table, 'state.position');
  for (let block = 0; block < config.blocks; block++) x = selfAttentionBlock(b, `block${block}`, x, config.heads);
  return x;
}

function slotHidden(b: Builder, config: PolicyConfig, table: ReturnType<typeof tokenTable>): Tensor {
  const { hidden, matchWidth } = config;
  const h = b.tensor('action', hidden);
  let ofState: Tensor;
  let keys: Tensor;
  if (config.blocks === 0) {
    ofState = slotLinear(b, 'state', 'state', table, hidden);
    keys = slotProjection(b, 'match.key', 'state', table, matchWidth);
  } else {
    const x = encodeState(b, config, table);
    ofState = linear(b, 'state', concatenateSlots(b, x), hidden);
    keys = linear(b, 'match.key', x, matchWidth, { bias: false });
  }
  broadcast(b, ofState, h);
  slotLinear(b, 'action', 'action', table, hidden, { bias: false, into: h });
  return matchLinear(b, 'match', table, keys, hidden, h);
}

function sequenceHidden(b: Builder, config: PolicyConfig, table: ReturnType<typeof tokenTable>): Tensor {
  const x = encodeState(b, config, table);
  // One query per action: with twelve tokens per action, pooling before attention costs a twelfth of a query per token.
  const mean = meanOverSlots(b, slotTokens(b, 'action', table, 'action.position'));
  // The mean over n slots scales each token by 1/n. Multiply by √n so that one distinguishing token still affects the
  // score.
  const a = addScaled(b, mean, Math.sqrt(b.batch.shape.actionSlots));
  const u = addScaled(b, a, 1);
  multiHeadAttention(b, 'cross', a, x, config.heads, u);
  const h = linear(b, 'action', u, config.hidden);
  return broadcast(b, linear(b, 'state', meanOverSlots(b, x), config.hidden, { bias: false }), h);
}
