/** The gradient of a table of products costs what a batch touches and has the bits of the whole table's. */
import { describe, expect, test } from 'vitest';
import { type Arena, matmulScratchBytes } from '../../../src/engine/kernels/arena.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { tokenTable } from '../../../src/engine/layers/embedding.ts';
import { activation, broadcast } from '../../../src/engine/layers/linear.ts';
import type { Builder, Network, RowTable } from '../../../src/engine/layers/network.ts';
import { slotLinear } from '../../../src/engine/layers/slotLinear.ts';
import { batchCapacity } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { type RandomStream, randomStream } from '../../../src/random.ts';
import { headsOn, randomStates } from './randomNetwork.ts';

const shape: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 23,
  stateSlots: 7,
  actionSlots: 3,
  vectorWidth: 0,
};

interface Built {
  readonly network: Network;
  /** Tables of products of the state's layer and the action's, as they were composed. */
  readonly tables: readonly RowTable[];
  readonly w: number;
}

/**
 * Layers of `width` over the slots of states and of actions. Their columns, 7 * 40, are more than one block of a
 * product.
 */
function build(arena: Arena, tokenWidth: number, width: number): Built {
  const tables: RowTable[] = [];
  const network = createNetwork(arena, shape, batchCapacity(shape, 16), (b) => {
    const watched: Builder = {
      ...b,
      derivedRows(rows, columns) {
        tables.push(b.derivedRows(rows, columns));
        return tables[tables.length - 1];
      },
    };
    const words = tokenTable(b, 'words', tokenWidth);
    const h = broadcast(b, slotLinear(watched, 'state', 'state', words, width));
    slotLinear(watched, 'action', 'action', words, width, { bias: false, into: h });
    return headsOn(b, activation(b, 'tanh', h));
  });
  const w = arena.floats(network.vectorSize);
  network.initialise(w, 3);
  network.prepare(w);
  return { network, tables, w };
}

/** Adds the gradient of a few random states under random gradients of the heads to g. */
function addRandom({ network, w }: Built, random: RandomStream, g: number): void {
  const { arena, batch, heads } = network;
  const list = randomStates(shape, random, 1 + random.below(4), 3);
  const order = Int32Array.from({ length: list.states }, (_, i) => i);
  loadStates(arena, batch, list, order, 0, list.states);
  network.forward(w);
  for (const head of [heads.logit, heads.classifier]) {
    arena.write(
      head.grad,
      Float32Array.from({ length: batch.actions }, () => random.uniform() - 0.5),
    );
  }
  network.backward(w, g);
}

/** What `finish` gives by products of whole tables. */
function finishWhole({ network, tables, w }: Built, g: number): Float32Array {
  const { arena, parameters, size } = network;
  const { kernels } = arena;
  const words = parameters[0];
  const [vocabulary, tokenWidth] = words.shape;
  const copy = arena.floats(network.vectorSize);
  arena.copy(copy, g, network.vectorSize * 4);
  const scratch = arena.reserve(matmulScratchBytes(256, 512));
  for (const [k, name] of [
    [1, 'action.weight'],
    [0, 'state.weight'],
  ] as const) {
    const weight = parameters.find((p) => p.name === name);
    if (!weight) throw new Error(`no ${name}`);
    const [, n] = weight.shape;
    const d = copy + tables[k].offset;
    const [e, dE] = [w + words.offset, copy + words.offset];
    const [wAt, dW] = [w + weight.offset, copy + weight.offset];
    kernels.matmulTN(tokenWidth, n, vocabulary, e, tokenWidth, d, n, dW, n, 1, 0, scratch);
    kernels.matmulNT(vocabulary, tokenWidth, n, d, n, wAt, n, dE, tokenWidth, 1, 0, 0, scratch);
  }
  return arena.read(copy, size);
}

/** Bits, for -0 equals 0 as a float. */
const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer);

const added = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]);

const sizes = [
  [12, 40],
  [5, 7],
  [1, 1],
  [9, 1],
] as const;

describe('slotLinear', () => {
  test.each(sizes)(
    'token width %i, width %i: finish has the bits of products of whole tables',
    async (tokenWidth, width) => {
      const arena = await createArena();
      const built = build(arena, tokenWidth, width);
      const { network, tables, w } = built;
      const random = randomStream(tokenWidth, 'test/slotLinear/finish');
      const g = arena.floats(network.vectorSize);
      for (let trial = 0; trial < 20; trial++) {
        network.clearGradient(g);
        addRandom(built, random, g);
        if (trial % 2) addRandom(built, random, g);
        const touched = tables.map(({ rows, touched }) => arena.u8.slice(g + touched, g + touched + rows));
        for (const bytes of touched) expect(new Set(bytes)).toEqual(new Set([0, 1]));
        const expected = finishWhole(built, g);
        network.finish(w, g);
        expect(bitsOf(arena.read(g, network.size))).toEqual(bitsOf(expected));
      }
    },
  );

  test.each(sizes)(
    'token width %i, width %i: vectors used again and summed have the bits of new ones summed whole',
    async (tokenWidth, width) => {
      const arena = await createArena();
      const built = build(arena, tokenWidth, width);
      const { network, tables, w } = built;
      const vectors = Array.from({ length: 3 }, () => arena.floats(network.vectorSize));
      const fresh = Array.from({ length: 3 }, () => arena.floats(network.vectorSize));
      // Parameters and products; of the bytes between them the sum of floats says nothing.
      const parts: [number, number][] = [
        [0, network.size],
        ...tables.map(({ offset, rows, width }): [number, number] => [offset, rows * width]),
      ];
      for (let round = 0; round < 25; round++) {
        for (const [k, g] of vectors.entries()) {
          const purpose = `test/slotLinear/${round}/${k}`;
          network.clearGradient(g);
          addRandom(built, randomStream(tokenWidth, purpose), g);
          arena.zero(fresh[k], network.vectorSize * 4);
          addRandom(built, randomStream(tokenWidth, purpose), fresh[k]);
          expect(bitsOf(arena.read(g, network.vectorSize))).toEqual(bitsOf(arena.read(fresh[k], network.vectorSize)));
        }
        const [first, second, third] = randomStream(round, 'test/slotLinear/order').below(2) ? [0, 1, 2] : [2, 0, 1];
        network.addGradient(vectors[second], vectors[third]);
        network.addGradient(vectors[first], vectors[second]);
        for (const [offset, floats] of parts) {
          const read = (g: number): Float32Array => arena.read(g + offset, floats);
          const inner = added(read(fresh[second]), read(fresh[third]));
          const sum = added(read(fresh[first]), inner);
          expect(bitsOf(read(vectors[first]))).toEqual(bitsOf(sum));
        }
        network.finish(w, vectors[first]);
      }
    },
  );
});
