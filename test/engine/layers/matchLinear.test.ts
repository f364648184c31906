import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { matchMap, meanOverSlots } from '../../../src/engine/layers/attention.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { slotProjection, tokenTable } from '../../../src/engine/layers/embedding.ts';
import { broadcast, linear } from '../../../src/engine/layers/linear.ts';
import { matchLinear } from '../../../src/engine/layers/matchLinear.ts';
import type { Builder, Heads } from '../../../src/engine/layers/network.ts';
import { batchCapacity } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { randomStream } from '../../../src/random.ts';
import { largestError } from '../../reference/largestError.ts';
import { headsOn, randomStates } from './randomNetwork.ts';

const shape: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 5,
  stateSlots: 3,
  actionSlots: 2,
  vectorWidth: 0,
};
const KEY_WIDTH = 4;

function withPairs(b: Builder): Heads {
  const table = tokenTable(b, 'words', 6);
  const keys = slotProjection(b, 'key', 'state', table, KEY_WIDTH);
  return headsOn(b, matchLinear(b, 'match', table, keys, 5));
}

function withMap(b: Builder): Heads {
  const table = tokenTable(b, 'words', 6);
  const keys = slotProjection(b, 'key', 'state', table, KEY_WIDTH);
  const queries = slotProjection(b, 'match.query', 'action', table, KEY_WIDTH, 1 / Math.sqrt(KEY_WIDTH));
  return headsOn(b, linear(b, 'match', matchMap(b, queries, keys), 5, { bias: false }));
}

/** Logits and gradient of all states under random gradients of the heads. */
async function outcome(compose: (b: Builder) => Heads) {
  const arena = await createArena();
  const built = createNetwork(arena, shape, batchCapacity(shape, 16), compose);
  const states = randomStates(shape, randomStream(1, 'test/matchLinear'), 16, 6);
  const order = Int32Array.from({ length: states.states }, (_, i) => i);
  loadStates(arena, built.batch, states, order, 0, order.length);
  const w = arena.floats(built.vectorSize);
  const g = arena.floats(built.vectorSize);
  built.initialise(w, 1);
  built.prepare(w);
  built.forward(w);
  const { actions } = built.batch;
  const logits = arena.read(built.heads.logit.value, actions);
  const random = randomStream(1, 'test/matchLinear/heads');
  for (const head of [built.heads.logit, built.heads.classifier]) {
    arena.write(
      head.grad,
      Float32Array.from({ length: actions }, () => random.uniform() - 0.5),
    );
  }
  built.backward(w, g);
  built.finish(w, g);
  const gradients = new Map(built.parameters.map(({ name, offset, size }) => [name, arena.read(g + offset, size)]));
  return { logits, gradients };
}

test('equals linear over the match map, tokens repeated among candidates or in a slot: logits and gradients, error < 2e-6', async () => {
  const [pairs, map] = await Promise.all([outcome(withPairs), outcome(withMap)]);
  expect(map.logits.length).toBeGreaterThan(30);
  expect(largestError(pairs.logits, map.logits)).toBeLessThan(2e-6);
  expect([...pairs.gradients.keys()]).toEqual([...map.gradients.keys()]);
  for (const [name, expected] of map.gradients) {
    expect(Math.max(...expected.map(Math.abs)), name).toBeGreaterThan(0);
    expect(largestError(pairs.gradients.get(name) ?? [], expected), name).toBeLessThan(2e-6);
  }
});

test('refuses the gradient of keys that are read again later', async () => {
  await expect(
    outcome((b) => {
      const table = tokenTable(b, 'words', 6);
      const keys = slotProjection(b, 'key', 'state', table, KEY_WIDTH);
      const h = matchLinear(b, 'match', table, keys, 5);
      broadcast(b, linear(b, 'again', meanOverSlots(b, keys), 5, { bias: false }), h);
      return headsOn(b, h);
    }),
  ).rejects.toThrow(
    new Error(
      'matchLinear: keys must not be read by layers composed after it; let those read a copy made by addScaled',
    ),
  );
});
