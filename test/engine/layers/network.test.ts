import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { matchMap, meanOverSlots } from '../../../src/engine/layers/attention.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { slotProjection, slotTokens, tokenTable } from '../../../src/engine/layers/embedding.ts';
import { activation, addScaled, broadcast, linear, vectorInput } from '../../../src/engine/layers/linear.ts';
import type { Builder, Heads, Network } from '../../../src/engine/layers/network.ts';
import { slotLinear } from '../../../src/engine/layers/slotLinear.ts';
import { batchCapacity } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { createStateList, pushState } from '../../../src/engine/states/stateList.ts';
import { headsOn } from './randomNetwork.ts';

const shape: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 5,
  stateSlots: 2,
  actionSlots: 2,
  vectorWidth: 0,
};

async function network(compose: (b: Builder) => Heads): Promise<Network> {
  return createNetwork(await createArena(), shape, batchCapacity(shape, 4), compose);
}

function loadOne({ arena, batch }: Network): void {
  const list = createStateList(shape);
  pushState(list, [1, 7], [[2], [3, 9]]);
  loadStates(arena, batch, list, [0], 0, 1);
}

test('refuses two parameters of one name', async () => {
  await expect(
    network((b) => {
      const table = tokenTable(b, 'words', 4);
      const h = slotLinear(b, 'part', 'action', table, 4);
      return headsOn(b, linear(b, 'part', h, 4));
    }),
  ).rejects.toThrow(
    new Error('createNetwork: two parameters are named "part.weight"; give each layer a name of its own'),
  );
});

test('refuses a bias of any but the first writer of a tensor', async () => {
  const composeWith = (second: 'linear' | 'slotLinear') => (b: Builder) => {
    const table = tokenTable(b, 'words', 4);
    const h = slotLinear(b, 'first', 'action', table, 4);
    if (second === 'slotLinear') slotLinear(b, 'second', 'action', table, 4, { into: h });
    else linear(b, 'second', slotLinear(b, 'other', 'action', table, 4), 4, { into: h });
    return headsOn(b, h);
  };
  for (const kind of ['linear', 'slotLinear'] as const) {
    await expect(network(composeWith(kind))).rejects.toThrow(
      new Error(`${kind}: only the first writer of a tensor may have a bias, got second; pass bias: false`),
    );
  }
});

test('refuses an activation in place after a reader, whose gradient would be wrong', async () => {
  await expect(
    network((b) => {
      const h = slotLinear(b, 'h', 'action', tokenTable(b, 'words', 4), 4);
      const copy = addScaled(b, h, 1);
      activation(b, 'tanh', h);
      return headsOn(b, copy);
    }),
  ).rejects.toThrow(
    new Error('activation: x must not have been read yet, got 1 readers; compose the tanh before them'),
  );
});

test('refuses the gradient of a gelu whose input is read again later', async () => {
  const built = await network((b) => {
    const h = slotLinear(b, 'h', 'action', tokenTable(b, 'words', 4), 4);
    activation(b, 'gelu', h);
    return headsOn(b, addScaled(b, h, 1));
  });
  loadOne(built);
  const w = built.arena.floats(built.vectorSize);
  built.forward(w);
  expect(() => built.backward(w, 0)).toThrow(
    new Error('activation: x must have one reader, got others; let them read the output of the gelu'),
  );
});

test('refuses a writer after a reader', async () => {
  await expect(
    network((b) => {
      const table = tokenTable(b, 'words', 4);
      const h = slotLinear(b, 'h', 'action', table, 4);
      const copy = addScaled(b, h, 1);
      slotLinear(b, 'late', 'action', table, 4, { bias: false, into: h });
      return headsOn(b, copy);
    }),
  ).rejects.toThrow(
    new Error(
      'createNetwork: a tensor must be complete before it is read, got a writer after 1 readers; compose writers first',
    ),
  );
});

test('refuses the gradient of a match map whose keys are read again later', async () => {
  const built = await network((b) => {
    const table = tokenTable(b, 'words', 4);
    const keys = slotProjection(b, 'key', 'state', table, 4);
    const queries = slotProjection(b, 'query', 'action', table, 4);
    const h = linear(b, 'match', matchMap(b, queries, keys), 4);
    broadcast(b, linear(b, 'again', meanOverSlots(b, keys), 4, { bias: false }), h);
    return headsOn(b, h);
  });
  loadOne(built);
  const w = built.arena.floats(built.vectorSize);
  built.forward(w);
  expect(() => built.backward(w, 0)).toThrow(
    new Error(
      'matchMap: queries and keys must not be read by layers composed after it; let those read a copy made by addScaled',
    ),
  );
});

test('a copy made by addScaled takes that second reader: gradients flow to the keys from both', async () => {
  const built = await network((b) => {
    const table = tokenTable(b, 'words', 4);
    const keys = slotProjection(b, 'key', 'state', table, 4);
    const copy = addScaled(b, keys, 1);
    const queries = slotProjection(b, 'query', 'action', table, 4);
    const h = linear(b, 'match', matchMap(b, queries, keys), 4);
    broadcast(b, linear(b, 'again', meanOverSlots(b, copy), 4, { bias: false }), h);
    return headsOn(b, h);
  });
  loadOne(built);
  const { arena } = built;
  const w = arena.floats(built.vectorSize);
  built.initialise(w, 1);
  built.prepare(w);
  built.forward(w);
  const keyGradient = (): Float32Array => {
    const g = arena.floats(built.vectorSize);
    arena.write(built.heads.logit.grad, [1, 1]);
    arena.write(built.heads.classifier.grad, [0, 0]);
    built.backward(w, g);
    built.finish(w, g);
    const key = built.parameters.find((p) => p.name === 'key.weight');
    return arena.read(g + (key?.offset ?? 0), 16);
  };
  const both = keyGradient();
  const zero = (name: string): void => {
    const parameter = built.parameters.find((p) => p.name === name);
    arena.zero(w + (parameter?.offset ?? 0), (parameter?.size ?? 0) * 4);
    built.prepare(w);
    built.forward(w);
  };
  zero('again.weight');
  const match = keyGradient();
  expect(match.some((x) => x !== 0)).toBe(true);
  expect(both).not.toEqual(match);
  zero('match.weight');
  expect(keyGradient()).toEqual(new Float32Array(16));
});

test('a pass without a gradient vector leaves the input gradients that a pass with one leaves', async () => {
  const built = await network((b) => {
    const x = slotTokens(b, 'state', tokenTable(b, 'words', 4), 'place');
    const h = broadcast(b, linear(b, 'h', meanOverSlots(b, x), 4));
    return headsOn(b, activation(b, 'relu', h));
  });
  loadOne(built);
  const { arena, heads } = built;
  const w = arena.floats(built.vectorSize);
  built.initialise(w, 1);
  built.prepare(w);
  built.forward(w);
  const embeddingGradient = (g: number): Float32Array => {
    arena.write(heads.logit.grad, [1, -2]);
    arena.write(heads.classifier.grad, [0.5, 1]);
    built.backward(w, g);
    return arena.read(heads.embedding.grad, 8);
  };
  const without = embeddingGradient(0);
  expect(without.some((x) => x !== 0)).toBe(true);
  expect(embeddingGradient(arena.floats(built.vectorSize))).toEqual(without);
});

const vectors: InputShape = {
  form: 'vector',
  layout: 'slots',
  vocabularySize: 3,
  stateSlots: 0,
  actionSlots: 1,
  vectorWidth: 2,
};

/** The embeddings of two actions in a state, by a network that `compose` makes. */
async function embeddings(compose: (b: Builder) => Heads): Promise<Float32Array> {
  const built = createNetwork(await createArena(), vectors, batchCapacity(vectors, 4), compose);
  const { arena, batch, heads } = built;
  const list = createStateList(vectors);
  pushState(list, Float32Array.of(2, 3), [0, 1]);
  const weights = arena.floats(built.vectorSize);
  built.initialise(weights, 1);
  built.prepare(weights);
  loadStates(arena, batch, list, [0], 0, 1);
  built.forward(weights);
  arena.write(heads.logit.grad, [1, 1]);
  // Nothing may write a gradient of the input at address 0.
  const before = arena.read(0, 16);
  built.backward(weights, arena.floats(built.vectorSize));
  expect(arena.read(0, 16)).toEqual(before);
  return arena.read(heads.embedding.value, batch.actions * heads.embedding.width);
}

test('an input vector is read by broadcast, addScaled and linear, and gets no gradient', async () => {
  const read = await embeddings((b) => {
    const x = vectorInput(b);
    const doubled = addScaled(b, x, 2);
    const h = broadcast(b, x);
    broadcast(b, doubled, h);
    return headsOn(b, linear(b, 'e', h, 1, { init: { kind: 'constant', scale: 1 }, bias: false }));
  });
  // (1 + 2) * (2 + 3) for each of two actions.
  expect([...read]).toEqual([15, 15]);
});

test('linear and slotLinear take the start of the weight and of the bias', async () => {
  const constant = (scale: number) => ({ kind: 'constant', scale }) as const;
  const dense = await embeddings((b) => {
    const h = broadcast(b, vectorInput(b));
    return headsOn(b, linear(b, 'e', h, 1, { init: constant(0.5), biasInit: constant(-4) }));
  });
  expect([...dense]).toEqual([-1.5, -1.5]);
  const ofTokens = await embeddings((b) => {
    const table = tokenTable(b, 'actions', 2, constant(3));
    return headsOn(b, slotLinear(b, 'e', 'action', table, 1, { init: constant(0.25), biasInit: constant(7) }));
  });
  expect([...ofTokens]).toEqual([8.5, 8.5]);
});
