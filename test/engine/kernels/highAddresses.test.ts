/**
 * Addresses above 2 GiB, which are negative as signed numbers, up to the end of a memory. Pages that nobody touches
 * cost next to nothing.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { index32, index64, unsigned } from '../../../src/engine/kernels/address.ts';
import type { Arena } from '../../../src/engine/kernels/arena.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { engineModule } from '../../../src/engine/kernels/load.ts';
import { createSharedMemory } from '../../../src/engine/kernels/sharedMemory.ts';
import { type Crew, openCrew, soloCrew } from '../../../src/parallel/crew.ts';
import { train } from '../../../src/train/trainer.ts';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { kernelsHash } from '../../runtime/kernelsHash.ts';

const GiB = 2 ** 30;

test('an index is that of the unsigned address', () => {
  const above = [2 * GiB, 3 * GiB + 8, 4 * GiB - 8];
  expect(above.map(index32)).toEqual([GiB / 2, (3 * GiB) / 4 + 2, GiB - 2]);
  expect(above.map(index64)).toEqual([GiB / 4, (3 * GiB) / 8 + 1, GiB / 2 - 1]);
  // As a kernel returns them, and as an i32 of the memory holds them.
  expect(above.map((address) => unsigned(address | 0))).toEqual(above);
  expect(above.map((address) => index32(address | 0))).toEqual(above.map(index32));
});

describe.each([
  ['unbraid', false],
  ['unbraid.threads', true],
])('all kernels of %s', (name, shared) => {
  const bytes = new Uint8Array(readFileSync(new URL(`../../../wasm/${name}.wasm`, import.meta.url)));
  const memoryOf = (pages: number): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: pages, ...(shared && { maximum: 65_536, shared }) });
  let expected: string;
  let used: number;
  beforeAll(async () => {
    const low = memoryOf(1);
    expected = (await kernelsHash(bytes, low)).hash;
    used = low.buffer.byteLength;
  });

  test.each([
    ['from 2 GiB on', () => 2 * GiB],
    ['across 2 GiB', () => 2 * GiB - used / 2],
    ['at the end of 4 GiB', () => 4 * GiB - used],
  ])('give the bits of low addresses %s', async (_, base) => {
    expect((await kernelsHash(bytes, memoryOf(32_768 - 64), base())).hash).toBe(expected);
  });
});

describe('an arena', () => {
  const kinds = [
    ['of its own', () => createArena()],
    ['on shared memory', async () => createArena(await engineModule('threads'), createSharedMemory())],
  ] as const;

  test.each(kinds)('%s reads and writes what lies above 2 GiB', async (_, open) => {
    const arena = await open();
    arena.reserve(2 * GiB);
    const [a, b] = [arena.floats(5), arena.floats(5)];
    expect(a).toBeGreaterThan(2 * GiB);
    arena.write(a, [1, 2, 3, 4, 5]);
    arena.copy(b, a, 20);
    arena.kernels.addInto(a, b, 5);
    arena.zero(b, 6);
    expect([...arena.read(a, 5)]).toEqual([2, 4, 6, 8, 10]);
    // Six bytes of zeros: a float and the lower half of the next, 2.
    expect([...arena.read(b, 5)]).toEqual([0, 2, 3, 4, 5]);
    arena.release(arena.mark());
    expect(arena.mark()).toBeGreaterThan(2 * GiB);
  });

  /** Fills an arena until not even 4 KiB more fit; gives the end of what lies highest. */
  function fillUp(arena: Arena): number {
    let end = arena.reserve(3 * GiB) + 3 * GiB;
    for (let size = GiB; size >= 4096; ) {
      try {
        end = Math.max(end, arena.reserve(size) + size);
      } catch {
        size /= 2;
      }
    }
    return end;
  }

  test.each(kinds)('%s gives all of 4 GiB, to the last page, and then says what to reduce', async (_, open) => {
    const arena = await open();
    const end = fillUp(arena);
    expect(arena.memory.buffer.byteLength).toBe(4 * GiB);
    expect(end).toBeGreaterThan(4 * GiB - 8192);
    arena.kernels.fill(end - 4096, 1024, 7);
    expect([...arena.read(end - 8, 2)]).toEqual([7, 7]);
    expect(arena.u8[4 * GiB - 1]).toBe(0);
    const mark = arena.mark();
    const threads = arena.shared ? 'fewer threads, ' : '';
    expect(() => arena.reserve(65_536)).toThrow(
      new RangeError(
        `Arena.reserve: cannot allocate 65536 bytes after ${mark}; use ${threads}narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
      ),
    );
    expect(arena.mark()).toBe(mark);
  });
});

describe('a run above 2 GiB', () => {
  const config: Partial<Config> = {
    method: 'classifier+contrastive+cloning',
    iterations: 1,
    beta: 0.1,
    coldStartUpdates: 4,
    groupsPerIteration: 3,
    evalEpisodes: 9,
    couplingPairs: 6,
  };
  /** The crew with runs whose memory begins above 2 GiB, and how far the memory of the newest reached. */
  function raised(crew: Crew): { crew: Crew; reached: () => number } {
    const arena = crew.arena.bind(crew);
    let last: Arena | null = null;
    crew.arena = async (...given) => {
      last = await arena(...given);
      last.reserve(2 * GiB);
      return last;
    };
    return { crew, reached: () => last?.memory.buffer.byteLength ?? 0 };
  }
  let expected: string;
  let crews: Crew[] = [];
  beforeAll(async () => {
    expected = (await train(config)).parametersSha256;
    crews = [soloCrew(), await openCrew(spawnWorker, 3, { cores: null })];
  });
  afterAll(() => {
    for (const crew of crews) crew.close();
  });

  test.each([
    ['one thread', 0],
    ['three threads on one memory', 1],
  ])('has the bits of low addresses: %s', async (_, which) => {
    const { crew, reached } = raised(crews[which]);
    expect((await train(config, { crew })).parametersSha256).toBe(expected);
    expect(crew.memory).toBe(which === 0 ? 'own' : 'shared');
    expect(reached()).toBeGreaterThan(2 * GiB + 2 ** 24);
  });
});
