import { describe, expect, test } from 'vitest';
import type { Arena } from '../../../src/engine/kernels/arena.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { engineModule, instantiateKernels } from '../../../src/engine/kernels/load.ts';
import { SharedArena } from '../../../src/engine/kernels/sharedArena.ts';
import { createSharedMemory } from '../../../src/engine/kernels/sharedMemory.ts';
import { randomStream } from '../../../src/random.ts';

const PAGE = 65_536;

async function arenasOn(memory: WebAssembly.Memory, count: number): Promise<Arena[]> {
  const module = await engineModule('threads');
  return Promise.all(Array.from({ length: count }, () => createArena(module, memory)));
}

/** A shared memory of 16 pages that grows to `maximum` and no further. */
const upTo = (maximum: number): WebAssembly.Memory => new WebAssembly.Memory({ initial: 16, maximum, shared: true });

interface Placed {
  readonly at: number;
  readonly floats: number;
  readonly value: number;
}

describe('arenas on one shared memory', () => {
  test.each([1, 2, 3])('interleave without overlap, and read what the others wrote, seed %i', async (seed) => {
    const random = randomStream(seed, 'test/arena');
    const memory = createSharedMemory();
    const arenas = await arenasOn(memory, 3);
    const placed: Placed[] = [];
    for (let i = 0; i < 60; i++) {
      const arena = arenas[random.below(3)];
      // Some larger than a segment, most far smaller.
      const floats = random.below(10) === 0 ? 300_000 + random.below(300_000) : random.below(20_000);
      const at = arena.floats(floats);
      expect(at % 64).toBe(0);
      expect(arena.f32.subarray(at >> 2, (at >> 2) + floats).every((x) => x === 0)).toBe(true);
      arena.f32.fill(i + 1, at >> 2, (at >> 2) + floats);
      placed.push({ at, floats, value: i + 1 });
    }
    for (const arena of arenas) {
      arena.refresh();
      for (const { at, floats, value } of placed) {
        const wrong = arena.f32.subarray(at >> 2, (at >> 2) + floats).findIndex((x) => x !== value);
        expect([at, wrong]).toEqual([at, -1]);
      }
    }
    const sorted = placed.toSorted((a, b) => a.at - b.at);
    for (let i = 1; i < sorted.length; i++) {
      // Each has 64 bytes after it for panels that spill over.
      expect(sorted[i].at).toBeGreaterThanOrEqual(sorted[i - 1].at + sorted[i - 1].floats * 4 + 64);
    }
  });

  test('kernels of one work on what another placed', async () => {
    const [first, second] = await arenasOn(createSharedMemory(), 2);
    const a = first.floats(5);
    const b = second.floats(5);
    first.write(a, [1, 2, 3, 4, 5]);
    second.write(b, [10, 20, 30, 40, 50]);
    first.refresh();
    first.kernels.addInto(a, b, 5);
    expect([...second.read(a, 5)]).toEqual([11, 22, 33, 44, 55]);
  });

  test('memory that one made grow is seen by the others after refresh', async () => {
    const [first, second] = await arenasOn(createSharedMemory(), 2);
    const before = second.u8.length;
    const at = first.floats(2_000_000);
    first.f32[(at >> 2) + 1_999_999] = 7;
    expect(at + 8_000_000).toBeGreaterThan(before);
    expect(second.u8.length).toBe(before);
    second.refresh();
    expect(second.f32[(at >> 2) + 1_999_999]).toBe(7);
    expect([second.f64, second.i32, second.u8, second.i8].map((view) => view.buffer)).toEqual(
      Array.from({ length: 4 }, () => second.memory.buffer),
    );
  });

  test('what a host gives is zero and is not cleared; what was released is', async () => {
    const [plain] = await arenasOn(createSharedMemory(), 1);
    let cleared = 0;
    const fill: typeof plain.kernels.fill = (pointer, count, value) => {
      cleared += count;
      plain.kernels.fill(pointer, count, value);
    };
    const arena = new SharedArena(createSharedMemory(), { ...plain.kernels, fill });
    const mark = arena.mark();
    arena.floats(1000);
    expect(cleared).toBe(0);
    arena.release(mark);
    arena.floats(500);
    // With the 64 bytes after each buffer.
    expect(cleared).toBe(500 + 16);
    arena.release(mark);
    arena.floats(3000);
    expect(cleared).toBe(516 + 1000 + 16);
  });

  test('release gives back across segments, and the same addresses come again, zeroed', async () => {
    const [first, second] = await arenasOn(createSharedMemory(), 2);
    const place = (): number[] => [200_000, 200_000, 400_000, 10].map((floats) => first.floats(floats));
    first.floats(100);
    const mark = first.mark();
    const [small] = place();
    second.floats(100);
    first.release(mark);
    expect(first.mark()).toBe(mark);
    const addresses = place();
    expect(addresses[0]).toBe(small);
    for (const at of addresses) first.f32[at >> 2] = 9;
    const end = first.mark();
    const { byteLength } = first.memory.buffer;
    for (let i = 0; i < 5; i++) {
      first.release(mark);
      expect(place()).toEqual(addresses);
      expect(addresses.map((at) => first.f32[at >> 2])).toEqual([0, 0, 0, 0]);
      for (const at of addresses) first.f32[at >> 2] = 9;
      expect(first.mark()).toBe(end);
    }
    expect(first.memory.buffer.byteLength).toBe(byteLength);
  });

  test('marks in the middle of a segment and at its end are good', async () => {
    const [arena] = await arenasOn(createSharedMemory(), 1);
    // A segment of 16 pages: 64 bytes go before what follows the first, 64 after each.
    const marks: number[] = [];
    const addresses: number[] = [];
    for (let i = 0; i < 40; i++) {
      marks.push(arena.mark());
      addresses.push(arena.reserve(2 * PAGE - 64));
    }
    for (let i = 39; i >= 0; i--) {
      arena.release(marks[i]);
      expect(arena.mark()).toBe(marks[i]);
      expect(arena.reserve(2 * PAGE - 64)).toBe(addresses[i]);
      arena.release(marks[i]);
    }
  });

  test('a full memory is refused; what was asked for is free again for all', async () => {
    const [first, second] = await arenasOn(upTo(64), 2);
    first.floats(1000);
    const mark = first.mark();
    const refused = new RangeError(
      `Arena.reserve: cannot allocate 4194304 bytes after ${mark}; use fewer threads, narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
    );
    // More than the memory may hold, again and again, from one and then from the other.
    for (let i = 0; i < 3; i++) expect(() => first.reserve(64 * PAGE)).toThrow(refused);
    expect(() => second.reserve(64 * PAGE)).toThrow('cannot allocate 4194304 bytes');
    expect(first.mark()).toBe(mark);
    const at = second.reserve(30 * PAGE);
    expect(second.u8[at + 30 * PAGE - 1]).toBe(0);
  });

  test('constants and the count of pages fit the first page', async () => {
    const [arena] = await arenasOn(createSharedMemory(), 1);
    expect(arena.kernels.heapBase()).toBeLessThanOrEqual(PAGE - 128);
    expect(arena.reserve(4)).toBeGreaterThanOrEqual(PAGE);
  });
});

describe('an arena on a memory of its own', () => {
  test('grows as needed and keeps what it holds', async () => {
    const arena = await createArena();
    const placed = [3, 100_000, 1_000_000, 5].map((floats, i) => {
      const at = arena.floats(floats);
      arena.f32.fill(i + 1, at >> 2, (at >> 2) + floats);
      return { at, floats };
    });
    expect(arena.shared).toBe(false);
    placed.forEach(({ at, floats }, i) => {
      expect(arena.read(at, floats).every((x) => x === i + 1)).toBe(true);
    });
  });

  test('refuses what no memory holds and stays good', async () => {
    const arena = await createArena();
    const mark = arena.mark();
    expect(() => arena.reserve(2 ** 33)).toThrow(
      new RangeError(
        `Arena.reserve: cannot allocate 8589934592 bytes after ${mark}; use narrower layers, a smaller batch, fewer samples or a smaller vocabulary`,
      ),
    );
    const at = arena.floats(8);
    arena.write(at, [1, 2]);
    expect([...arena.read(at, 3)]).toEqual([1, 2, 0]);
  });

  test.each([-1, 1.5, Number.NaN])('refuses %d bytes', async (bytes) => {
    const arena = await createArena();
    expect(() => arena.reserve(bytes)).toThrow(new RangeError(`Arena.reserve: bytes must be >= 0, got ${bytes}`));
  });
});

test('a thread that has not seen the growth of another one takes what is left', async () => {
  // A thread sees the new length of a shared memory only after an interrupt, or once it grows the memory itself.
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 64, shared: true });
  let seen = memory.buffer;
  const late = {
    get buffer() {
      return seen;
    },
    grow(pages: number) {
      const before = memory.grow(pages);
      seen = memory.buffer;
      return before;
    },
  } as WebAssembly.Memory;
  const kernels = instantiateKernels(await engineModule('threads'), memory);
  const [first, second] = [new SharedArena(memory, kernels), new SharedArena(late, kernels)];
  first.reserve(40 * 65_536 - 256);
  expect([seen.byteLength, memory.buffer.byteLength]).toEqual([16 * 65_536, 41 * 65_536]);
  const at = second.reserve(20 * 65_536);
  expect(at).toBeGreaterThanOrEqual(41 * 65_536);
  second.f32[at / 4] = 1;
  expect(first.memory.buffer.byteLength).toBeLessThanOrEqual(64 * 65_536);
  first.refresh();
  expect(first.f32[at / 4]).toBe(1);
  expect(() => second.reserve(8 * 65_536)).toThrow('Arena.reserve: cannot allocate 524288 bytes');
});
