import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { openBergson } from '../../src/factors/bergson.node.ts';
import { layerGram } from '../../src/factors/layerGram.ts';
import { fourSamples, testFolder } from './bankFile.ts';

const info = {
  attribute_tokens: false,
  num_items: 4,
  num_grads: 4,
  grad_sizes: { 'layers.0.q': 2, 'layers.0.k': 1 },
  base_dtype: 'float32',
};

/** A store with rows of three values: two of the first module, one of the second. */
function store(given: object, rows: readonly number[][]): string {
  const folder = testFolder();
  writeFileSync(join(folder, 'info.json'), JSON.stringify({ ...info, ...given }));
  writeFileSync(join(folder, 'gradients.bin'), new Uint8Array(Float32Array.from(rows.flat()).buffer));
  return folder;
}

/** offsets.npy as NumPy writes it: version 1, a header that ends at a multiple of 64, 64-bit integers. */
function npy(offsets: readonly number[]): Uint8Array {
  const text = `{'descr': '<i8', 'fortran_order': False, 'shape': (${offsets.length},), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0);
  const values = new Uint8Array(BigInt64Array.from(offsets.map(BigInt)).buffer);
  return Buffer.concat([start, Buffer.from(header), values]);
}

const rows = [
  [1, 0, 3],
  [0, 1, 0],
  [1, 1, -1],
  [2, 0, 1],
];

async function grams(folder: string): Promise<number[][]> {
  const bank = openBergson(folder);
  const arena = await createArena();
  const found = bank.layers.map((layer) => [...runAtOnce(layerGram(arena, layer, bank.samples.length))]);
  bank.close();
  return found;
}

const dots = (columns: readonly number[]): number[] =>
  rows.flatMap((a) => rows.map((b) => columns.reduce((sum, c) => sum + a[c] * b[c], 0)));

test('each module of a store is a layer', async () => {
  const folder = store({}, rows);
  const bank = openBergson(folder);
  expect(bank.layers.map(({ name, sketch }) => [name, sketch])).toEqual([
    ['layers.0.q', true],
    ['layers.0.k', true],
  ]);
  expect(bank.samples[2]).toMatchObject({ state: '2', action: 'item 2', label: 'unknown' });
  bank.close();
  expect(await grams(folder)).toEqual([dots([0, 1]), dots([2])]);
});

test('rows of tokens are summed for each item', async () => {
  const parts = [[1, 0, 1], [0, 0, 2], rows[1], rows[2], [1, 0, 0], [1, 0, 1]];
  const folder = store({ attribute_tokens: true, num_grads: 6 }, parts);
  writeFileSync(join(folder, 'offsets.npy'), npy([0, 2, 3, 4, 6]));
  expect(await grams(folder)).toEqual([dots([0, 1]), dots([2])]);
  writeFileSync(join(folder, 'offsets.npy'), npy([0, 2, 3, 4, 5]));
  expect(() => openBergson(folder)).toThrow(/offsets\.npy must ascend from 0 to 6, got other offsets/);
  writeFileSync(join(folder, 'offsets.npy'), npy([0, 2, 6]));
  expect(() => openBergson(folder)).toThrow(/offsets\.npy must be a NumPy array of 5 integers/);
});

test('samples.json has the labels', () => {
  const folder = store({}, rows);
  writeFileSync(join(folder, 'samples.json'), JSON.stringify(fourSamples));
  const bank = openBergson(folder);
  expect(bank.samples.map(({ label }) => label)).toEqual(['good', 'bad', 'bad', 'good']);
  bank.close();
  writeFileSync(join(folder, 'samples.json'), JSON.stringify(fourSamples.slice(2)));
  expect(() => openBergson(folder)).toThrow(/must have a sample for each of the 4 items of the store, got 2/);
});

test('a damaged store is refused', () => {
  expect(() => openBergson(store({ base_dtype: 'int8' }, rows))).toThrow(/base_dtype must be .*got "int8"/);
  expect(() => openBergson(store({}, rows.slice(1)))).toThrow(
    /gradients\.bin must have 4 rows of 12 bytes, got 36 bytes/,
  );
  const folder = store({}, rows);
  rmSync(join(folder, 'info.json'));
  expect(() => openBergson(folder)).toThrow(/info\.json/);
});
