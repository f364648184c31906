/** Kernels of the wide builds process neighbouring vectors together; each element keeps its bits. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import type { Kernels } from '../../src/engine/kernels/load.ts';
import { lengths, offsetsOf, seededFloats } from './workbench.ts';

const open = async (name: string): Promise<Arena> => {
  const bytes = await readFile(new URL(`../../wasm/${name}.wasm`, import.meta.url));
  return createArena(new WebAssembly.Module(new Uint8Array(bytes)));
};
const arenas = [await open('unbraid'), await open('unbraid.wide')];
const base = arenas.map((arena) => arena.reserve(4 << 20))[0];
const values = seededFloats('test/wideKernels');
const GAP = 68;

type Input = Float32Array | Int32Array | Uint8Array;

/**
 * Writes the inputs at the same addresses of both arenas, calls the kernel on both, and expects equal bytes in all
 * inputs. Outputs are inputs, too. The second call of a kernel sees what the first one wrote.
 */
function expectEqual(label: string, inputs: readonly Input[], call: (kernels: Kernels, at: readonly number[]) => void) {
  const results = arenas.map((arena) => {
    let end = base;
    const at = inputs.map((input) => {
      const address = end + 4;
      arena.u8.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength), address);
      end = address + GAP + 4 * Math.ceil(input.byteLength / 4);
      return address;
    });
    call(arena.kernels, at);
    call(arena.kernels, at);
    return Buffer.from(arena.u8.slice(base, end));
  });
  expect(results[1].equals(results[0]), label).toBe(true);
}

/** Values of different magnitude, with zeros of both signs, a NaN and an infinity among many. */
function floats(n: number): Float32Array {
  const x = values(n).map((v, i) => v * 10 ** ((i % 5) - 2));
  for (let i = 5; i < n; i += 97) x[i] = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40][(i + n) % 5];
  return x;
}

const finite = (n: number): Float32Array => values(n).map((v) => 4 * v);
const indices = (n: number, below: number): Int32Array => Int32Array.from(values(n), (v) => Math.abs(v) * below);
const bytes = (n: number): Uint8Array => Uint8Array.from(values(n), (v) => (v > -0.6 ? 1 : 0));
const sizes = [...lengths, 31, 32, 33, 40, 63, 64, 257];

describe.each(sizes)('narrow and wide build have the same bits at length %i', (n) => {
  test('fill, addInto, addScaled, scaleBy, columnSum', () => {
    expectEqual('memory', [floats(n), floats(n), floats(n), floats(n)], (k, [a, b, c, d]) => {
      k.addInto(a, b, n);
      k.addScaled(n, 0.3, a, c, 0);
      k.addScaled(n, -1.7, b, c, 1);
      k.scaleBy(b, n, 1.25);
      k.fill(d, n, -0.5);
    });
    for (const rows of [0, 1, 7, 40]) {
      expectEqual('columnSum', [floats(rows * (n + 3)), floats(n)], (k, [x, out]) => {
        k.columnSum(rows, n, x, n + 3, out, 0);
        k.columnSum(rows, n, x, n + 3, out, 1);
      });
    }
  });

  test('activations and AdamW', () => {
    for (const kind of [1, 2, 3]) {
      expectEqual(`activation ${kind}`, [floats(n), floats(n), floats(n)], (k, [x, y, d]) => {
        k.activationForward(kind, x, y, n);
        k.activationBackward(kind, y, d, n);
        k.activationForward(kind, x, x, n);
      });
    }
    expectEqual('adamw', [floats(n), floats(n), floats(n), floats(n).map(Math.abs)], (k, [p, g, m, v]) =>
      k.adamw(n, p, g, m, v, 3e-3, 0.9, 0.999, 1e-8, 0.01, 10, 1000),
    );
  });

  test('layer norm of 0 to 9 rows', () => {
    for (const rows of [0, 1, 3, 4, 9]) {
      const tables = [
        floats(rows * n),
        floats(n),
        floats(n),
        floats(rows * n),
        floats(rows * n),
        new Float32Array(rows),
      ];
      const gradients = [floats(rows * n), floats(rows * n), floats(n), floats(n)];
      expectEqual(`${rows} rows`, [...tables, ...gradients], (k, [x, gamma, beta, y, hat, rstd, dY, dX, dG, dB]) => {
        k.layerNormForward(rows, n, x, gamma, beta, y, hat, rstd);
        for (const mode of [0, 1]) k.layerNormBackward(rows, n, dY, gamma, hat, rstd, dX, mode, dG, dB);
      });
    }
  });

  test('attention over this number of keys, some of them masked', () => {
    const [groups, heads, width, queries] = [2, 2, 8, 5];
    const [q, kv, p] = [groups * queries * width, groups * n * width, groups * heads * queries * n];
    const inputs = [finite(q), finite(kv), finite(kv), finite(q), finite(q), finite(kv), finite(kv)];
    const buffers = [new Float32Array(p), new Float32Array(queries * n), bytes(groups * n), new Float32Array(1 << 16)];
    expectEqual('attention', [...inputs, ...buffers], (k, at) => {
      const [query, key, value, out, dQ, dK, dV, weights, dWeights, mask, scratch] = at;
      k.attentionForward(
        ...([groups, heads, width, n, 0, queries, mask, query, width, key, value, width, out, width] as const),
        ...([weights, scratch] as const),
      );
      k.attentionBackward(
        ...([groups, heads, width, n, 0, queries, query, width, key, value, width, out, width] as const),
        ...([weights, dQ, dK, dV, dWeights, scratch] as const),
      );
      // The products leave packed operands in the scratch memory, and each build packs them in its own layout.
      k.fill(scratch, 1 << 16, 0);
    });
  });

  test('embeddings, gathered rows and means', () => {
    const [rows, slots, vocabulary] = [6, 5, 7];
    const perRow = Array.from({ length: rows }, (_, r) => r % 4);
    const offsets = Int32Array.from(offsetsOf(perRow));
    const count = offsets[rows];
    const inputs = [offsets, indices(count, vocabulary * slots), indices(rows, rows), bytes(rows * slots)];
    const tables = [floats(vocabulary * slots * n), floats(rows * slots * n), floats(rows * n), floats(n)];
    expectEqual('rows', [...inputs, ...tables], (k, [from, features, index, mask, table, slotRows, out, bias]) => {
      for (const mode of [0, 1, 2]) k.embeddingBag(rows, n, features, from, table, out, mode, bias);
      k.embeddingBagBackward(rows, n, features, from, out, table, 0);
      k.slotEmbedding(rows, slots, n, features, from, table, slotRows);
      k.slotEmbeddingBackward(rows, slots, n, features, from, slotRows, table);
      k.addPeriodic(rows, slots, n, table, slotRows);
      for (const mode of [0, 1]) {
        k.meanPool(rows, slots, n, mask, slotRows, out, mode);
        k.meanPoolBackward(rows, slots, n, mask, out, slotRows, mode);
        k.gatherRows(rows, n, index, table, out, mode);
        k.scatterRows(rows, n, index, out, table, mode);
        k.segmentSum(rows, n, from, 1, table, out, mode);
      }
    });
  });

  test('policy head and losses', () => {
    const states = 6;
    const offsets = Int32Array.from(offsetsOf(Array.from({ length: states }, (_, s) => (s === 2 ? 1 : n + 1))));
    const rows = offsets[states];
    const perState = [finite(states), new Float32Array(states), finite(states), finite(states)];
    const labels = Int8Array.from(values(rows), (v) => Math.sign(Math.trunc(v * 2)));
    const inputs = [offsets, finite(rows), new Int32Array(states), ...perState, finite(rows), new Float32Array(40)];
    expectEqual('losses', [...inputs, new Uint8Array(labels.buffer)], (k, at) => {
      const [from, logP, taken, old, ref, advantages, weights, d, stats, label] = at;
      k.logSoftmax(states, from, logP, 0, 1.5, logP);
      k.policyLoss(
        ...([states, from, logP, taken, old, ref, advantages, weights, 0.2, 0.3, 0.1, 0.01] as const),
        ...([d, stats, 0] as const),
      );
      k.cloningLoss(states, from, logP, label, weights, 0.5, d, stats);
      k.policyKl(states, from, logP, d, weights, 0.5, d, stats);
      k.binaryCrossEntropy(rows, logP, label, 1, 2, d, stats, 0);
    });
  });
});
