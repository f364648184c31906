import { expect, test } from 'vitest';
import type { Arena } from '../../../src/engine/kernels/arena.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { closeSums, openSums, sumPart, vectorsFor } from '../../../src/engine/learn/treeSum.ts';
import { blockSize, shardsOfBlock } from '../../../src/parallel/blocks.ts';
import { randomStream } from '../../../src/random.ts';

const FLOATS = 37;

type Values = readonly Float32Array[];

function randomTerms(count: number): Values {
  const random = randomStream(count, 'test/treeSum');
  const term = (): Float32Array =>
    Float32Array.from({ length: FLOATS }, () => (random.uniform() - 0.5) * 10 ** (random.below(7) - 3));
  return Array.from({ length: count }, term);
}

/** The tree (0 + 1) + (2 + 3) + ..., in single precision. */
function treeSum(terms: Values): Float32Array {
  let level: Float32Array[] = terms.map((term) => term.slice());
  while (level.length > 1) {
    const next: Float32Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? level[i].map((x, j) => x + level[i + 1][j]) : level[i]);
    }
    level = next;
  }
  return level[0];
}

const networkOf = (arena: Arena) => ({
  addGradient(to: number, from: number, part = 0, parts = 1) {
    const [first, end] = [part, part + 1].map((k) => Math.floor((k * FLOATS) / parts));
    arena.kernels.addInto(to + 4 * first, from + 4 * first, end - first);
  },
});

const counts = [1, 2, 3, 5, 6, 7, 8, 13, 32, 45, 64];

test.each(counts)('%i terms in their order: the tree, with one vector for each open sum', async (count) => {
  const arena = await createArena();
  const terms = randomTerms(count);
  const vectors = Array.from({ length: vectorsFor(count) }, () => arena.floats(FLOATS));
  for (const [n, term] of terms.entries()) {
    arena.write(vectors[openSums(n)], term);
    closeSums(networkOf(arena), vectors, n, n === count - 1);
  }
  expect(arena.read(vectors[0], FLOATS)).toEqual(treeSum(terms));
});

test.each(counts)('%i terms in blocks of 2, 3, 4 or 16 threads, blocks summed in parts: the tree', async (count) => {
  const arena = await createArena();
  const network = networkOf(arena);
  const terms = randomTerms(count);
  for (const threads of [2, 3, 4, 16]) {
    const size = blockSize(count, threads);
    const blocks = Array.from({ length: Math.ceil(count / size) }, () => arena.floats(FLOATS));
    const open = Array.from({ length: vectorsFor(size) - 1 }, () => arena.floats(FLOATS));
    for (const [block, vector] of blocks.entries()) {
      const [from, to] = shardsOfBlock(block, size, count);
      for (let n = from; n < to; n++) {
        arena.write([vector, ...open][openSums(n - from)], terms[n]);
        closeSums(network, [vector, ...open], n - from, n === to - 1);
      }
    }
    for (let part = threads - 1; part >= 0; part--) sumPart(network, blocks, part, threads);
    expect(arena.read(blocks[0], FLOATS)).toEqual(treeSum(terms));
  }
});

test('blocks grow with the number of shards for each thread, in powers of two', () => {
  const sizes = [1, 2, 4, 8, 16].map((threads) => [8, 32, 64].map((shards) => blockSize(shards, threads)));
  expect(sizes).toEqual([
    [2, 8, 16],
    [1, 4, 8],
    [1, 2, 4],
    [1, 1, 2],
    [1, 1, 1],
  ]);
});
