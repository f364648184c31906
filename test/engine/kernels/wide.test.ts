import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { type Build, wideUrl } from '../../../src/engine/kernels/load.ts';
import { readBytes } from '../../../src/engine/kernels/moduleFrom.ts';
import { mergingObstacle } from '../../../src/engine/kernels/optimised.ts';
import { createSharedMemory } from '../../../src/engine/kernels/sharedMemory.ts';
import { openWide, type WideTools } from '../../../src/engine/kernels/wide.ts';

const builds = ['single', 'threads', 'relaxed'] as const;

const tools = (changes: Partial<WideTools>): WideTools => ({
  obstacle: () => null,
  bytesOf: (build: Build) => readBytes(wideUrl(build)),
  ...changes,
});

/** The bytes with the first occurrence of `from` replaced. */
function changed(bytes: Uint8Array<ArrayBuffer>, from: readonly number[], to: readonly number[]): typeof bytes {
  const at = bytes.findIndex((_, i) => from.every((byte, k) => bytes[i + k] === byte));
  expect(at).toBeGreaterThan(0);
  const copy = bytes.slice();
  copy.set(to, at);
  return copy;
}

test('a runtime that cannot merge operations keeps the narrow build, and reads no file', async () => {
  const bytesOf = (): never => {
    throw new Error('read');
  };
  expect(await openWide('single', tools({ obstacle: () => 'it is an abacus', bytesOf }))).toEqual({
    build: 'narrow',
    buildReason: 'it is an abacus',
    module: null,
  });
});

describe.skipIf(mergingObstacle() !== null)('in this runtime', () => {
  test.each(builds)('%s: the wide build passes its check', async (build) => {
    const { module, ...choice } = await openWide(build);
    const buildReason = 'the wide build was requested, and its check found no difference';
    expect(choice).toEqual({ build: 'wide', buildReason });
    expect(module).toBeInstanceOf(WebAssembly.Module);
  });

  test.each(builds)('%s: a build with one wrong operation is rejected, with the name of a kernel', async (build) => {
    // f32x4.mul becomes f32x4.div.
    const bytesOf = async () => changed(await readBytes(wideUrl(build)), [0xfd, 0xe6, 0x01], [0xfd, 0xe7, 0x01]);
    const { module, ...choice } = await openWide(build, tools({ bytesOf }));
    expect(module).toBeNull();
    expect(choice.build).toBe('narrow');
    expect(choice.buildReason).toMatch(
      /^the wide build failed its check: kernel \w+: the hash of its results must be /,
    );
  });

  test('a build whose constants end after those of the narrow build is rejected', async () => {
    const bytesOf = async () => {
      const bytes = await readBytes(wideUrl('single'));
      const module = new WebAssembly.Module(bytes);
      const memory = new WebAssembly.Memory({ initial: 16 });
      const { heapBase } = new WebAssembly.Instance(module, { env: { memory } }).exports;
      const base = (heapBase as () => number)();
      const leb = (value: number): number[] => (value < 64 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
      // The function returns a constant: i32.const (0x41) and end (0x0b).
      return changed(bytes, [0x41, ...leb(base), 0x0b], [0x41, ...leb(base + 16), 0x0b]);
    };
    expect((await openWide('single', tools({ bytesOf }))).buildReason).toMatch(
      /^the wide build failed its check: its constants end at \d+, after those of the narrow build at \d+$/,
    );
  });

  test('bytes that do not compile and files that are missing are reasons, too', async () => {
    const empty = tools({ bytesOf: async () => new Uint8Array(4) });
    expect((await openWide('single', empty)).buildReason).toMatch(/^the wide build did not load: .*WebAssembly/);
    const missing = tools({ bytesOf: async () => readBytes(new URL('file:///no/such.wasm')) });
    expect((await openWide('single', missing)).buildReason).toMatch(/^the wide build did not load: .*ENOENT/);
  });

  test('createArena has the wide build on request, on either kind of memory, and says so', async () => {
    for (const memory of [undefined, createSharedMemory()]) {
      const arena = await createArena({ wide: true }, memory);
      expect([arena.build, arena.shared]).toEqual(['wide', memory !== undefined]);
      expect(arena.kernels.exp1(0)).toBe(1);
    }
  });
});

test('createArena has the narrow build unless the wide one is requested', async () => {
  for (const given of [undefined, { wide: false }]) {
    const { build, buildReason } = await createArena(given);
    expect([build, buildReason]).toEqual(['narrow', 'the wide build was not requested']);
  }
  await expect(createArena({ wide: 1 as never })).rejects.toThrow(
    new RangeError('createArena: wide must be true or false, got 1; leave it out'),
  );
});
