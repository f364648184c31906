/**
 * Networks and states drawn at random, so that properties of layers are tested in company and not only in the two
 * policies.
 */

import { createArena } from '../../../src/engine/kernels/createArena.ts';
import {
  concatenateSlots,
  matchMap,
  meanOverSlots,
  multiHeadAttention,
  selfAttentionBlock,
} from '../../../src/engine/layers/attention.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { slotProjection, slotTokens, tokenTable } from '../../../src/engine/layers/embedding.ts';
import { activation, addScaled, broadcast, linear } from '../../../src/engine/layers/linear.ts';
import type { Builder, Heads, Tensor } from '../../../src/engine/layers/network.ts';
import { layerNorm } from '../../../src/engine/layers/normalization.ts';
import { slotLinear } from '../../../src/engine/layers/slotLinear.ts';
import { tokenHeads } from '../../../src/engine/layers/tokenHeads.ts';
import { batchCapacity, type Policy, policyOn } from '../../../src/engine/policy/policy.ts';
import { createStateList, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import type { Features } from '../../../src/env/environment.ts';
import { type RandomStream, randomStream } from '../../../src/random.ts';

export function headsOn(b: Builder, embedding: Tensor, byToken = false): Heads {
  const logit = byToken
    ? tokenHeads(b, 'actionHeads', embedding, 1, { kind: 'normal', scale: 0.5 })
    : linear(b, 'policyHead', embedding, 1, { bias: false });
  return { embedding, logit, classifier: linear(b, 'classifierHead', embedding, 1) };
}

/**
 * A chain of smooth layers of random kinds and widths. No relu, whose kinks spoil finite differences, and slots have
 * positions: the layer norm of an empty slot would be as steep.
 */
function randomCompose(b: Builder, random: RandomStream): Heads {
  const coin = (): boolean => random.below(2) === 1;
  const width = (): number => 4 + 2 * random.below(3);
  const table = tokenTable(b, 'tokens', width());
  let x = slotTokens(b, 'state', table, 'state.position');
  const depth = random.below(3);
  for (let i = 0; i < depth; i++) {
    const kind = random.below(3);
    if (kind === 0) x = selfAttentionBlock(b, `block${i}`, x, 2);
    else if (kind === 1) x = layerNorm(b, `norm${i}`, activation(b, 'tanh', linear(b, `mix${i}`, x, width())));
    else x = addScaled(b, activation(b, 'gelu', linear(b, `mix${i}`, x, width())), 0.7);
  }
  const hidden = width() + 1;
  const match = coin();
  const keys = slotProjection(b, 'key', 'state', table, 4);
  const queries = slotProjection(b, 'query', 'action', table, 4, 0.5);
  const ofState = linear(b, 'state', coin() ? concatenateSlots(b, x) : meanOverSlots(b, x), hidden);
  let h = broadcast(b, ofState);
  slotLinear(b, 'action', 'action', table, hidden, { bias: false, into: h });
  if (match) linear(b, 'match', matchMap(b, queries, keys), hidden, { bias: false, into: h });
  else {
    const a = slotTokens(b, 'action', table);
    const attended = addScaled(b, a, 1);
    multiHeadAttention(b, 'cross', a, keys, 2, attended);
    linear(b, 'pooled', meanOverSlots(b, attended), hidden, { bias: false, into: h });
  }
  if (coin()) h = layerNorm(b, 'last.norm', h);
  const embedding = activation(b, 'tanh', linear(b, 'embedding', activation(b, 'tanh', h), width()));
  return headsOn(b, embedding, coin());
}

/** `count` states of this shape, each with 1 to `most` candidate actions. */
export function randomStates(shape: InputShape, random: RandomStream, count: number, most: number): StateList {
  const list = createStateList(shape);
  const features = (slots: number): Features => {
    const out: number[] = [];
    for (let slot = 0; slot < slots; slot++) {
      // Bags of up to three tokens; a text has one token per position until it ends.
      const tokens =
        shape.layout === 'slots' ? random.below(4) : slot === 0 || out.length === slot ? random.below(5) : 0;
      for (let i = 0; i < (shape.layout === 'slots' ? tokens : Math.min(tokens, 1)); i++) {
        out.push(slot * shape.vocabularySize + random.below(shape.vocabularySize));
      }
    }
    return out;
  };
  for (let n = 0; n < count; n++) {
    const candidates = 1 + random.below(most);
    if (shape.form === 'vector') {
      const vector = Float32Array.from({ length: shape.vectorWidth }, () => 4 * random.uniform() - 2);
      pushState(
        list,
        vector,
        Array.from({ length: candidates }, () => random.below(shape.vocabularySize)),
      );
    } else {
      pushState(
        list,
        features(shape.stateSlots),
        Array.from({ length: candidates }, () => features(shape.actionSlots)),
      );
    }
  }
  return list;
}

/** Network number `seed` with initialised weights, in an arena of its own, and some states for it. */
export async function randomNetwork(
  seed: number,
  layout: 'slots' | 'sequence',
): Promise<{ policy: Policy; list: StateList }> {
  const shape: InputShape = {
    form: 'tokens',
    layout,
    vocabularySize: 7,
    stateSlots: 4,
    actionSlots: 2,
    vectorWidth: 0,
  };
  const arena = await createArena();
  const random = randomStream(seed, `test/network/${layout}`);
  const policy = policyOn(createNetwork(arena, shape, batchCapacity(shape, 16), (b) => randomCompose(b, random)));
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  return { policy, list: randomStates(shape, random, 6, 5) };
}
