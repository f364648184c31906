import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { measureBank } from '../../src/factors/measureBank.ts';
import { openBank } from '../../src/factors/openBank.node.ts';
import { type BankParts, bankBytes, floats, fourSamples, integers, sample, testFolder, writeBank } from './bankFile.ts';

const rows = { name: 'w', shape: [2, 3], kind: 'rows' };
const x = floats('0.x', [4, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]);
const d = floats('0.d', [4, 2], [1, 0, 0, 1, 1, 1, 1, -1]);
const own = integers('0.sample', [0, 1, 2, 3]);
const good: BankParts = { header: { layers: [rows] }, tensors: [x, d, own] };

async function measure(parts: BankParts): Promise<unknown> {
  const bank = openBank(writeBank(parts));
  try {
    return runAtOnce(measureBank(await createArena(), bank));
  } finally {
    bank.close();
  }
}

test('a bank in order is measured', async () => {
  await expect(measure(good)).resolves.toMatchObject({ samples: 4, labelled: 4 });
});

const emptySamples = fourSamples.slice(0, 1);
const hostile: readonly [string, BankParts, RegExp][] = [
  [
    'another format',
    { ...good, metadata: { format: 'pt' } },
    /must have the format "unbraid-factors".*got "pt"; record/,
  ],
  ['another version', { ...good, metadata: { version: '2' } }, /must have version 1, got "2"; use a newer unbraid/],
  ['a header that is no JSON', { ...good, metadata: { header: '{' } }, /the header of the bank must be JSON/],
  [
    'one sample',
    { ...good, header: { layers: [rows], samples: emptySamples } },
    /samples must be a list of at least 2/,
  ],
  [
    'a label that is none',
    { ...good, header: { layers: [rows], samples: [...emptySamples, sample('a', 'b', 'fine')] } },
    /samples\.1\.label must be .*got "fine"/,
  ],
  ['no layers', { ...good, header: { layers: [] } }, /layers must be a list of at least 1/],
  ['a layer without tensors', { ...good, tensors: [] }, /must be 0\.x or 0\.e, got neither/],
  ['a tensor of no layer', { ...good, tensors: [...good.tensors, floats('1.x', [1], [1])] }, /got "1\.x"/],
  ['a tensor of no kind', { ...good, tensors: [...good.tensors, floats('0.q', [1], [1])] }, /got "0\.q"/],
  [
    'fewer rows of d',
    { ...good, tensors: [x, floats('0.d', [2, 2], [1, 1, 1, 1]), own] },
    /0\.d .*must be floats \[4, /,
  ],
  [
    'widths beside the shape',
    { ...good, header: { layers: [{ ...rows, shape: [2, 4] }] } },
    /those of its shape \[2, 4\]/,
  ],
  ['samples that descend', { ...good, tensors: [x, d, integers('0.sample', [0, 2, 1, 3])] }, /got 1 in row 2/],
  ['a sample beyond the last', { ...good, tensors: [x, d, integers('0.sample', [0, 1, 2, 4])] }, /below 4, got 4/],
  [
    'a value that is not finite',
    { ...good, tensors: [x, floats('0.d', [4, 2], [1, 0, 0, 1, Number.NaN, 1, 1, 1]), own] },
    /0\.d of layer w of .*must be finite as 32-bit floats, got NaN/,
  ],
  [
    'products beyond the range',
    {
      ...good,
      tensors: [floats('0.x', [4, 3], Array(12).fill(1e30)), floats('0.d', [4, 2], Array(8).fill(1e30)), own],
    },
    /inner products of gradients must be finite, got (Infinity|NaN) for w/,
  ],
  [
    'a scale that is no power of two',
    { ...good, header: { layers: [{ ...rows, scale: { x: 3 } }] } },
    /a power of two/,
  ],
  [
    'a token beyond the weight',
    {
      header: { layers: [rows] },
      tensors: [floats('0.e', [1, 3], [1, 1, 1]), integers('0.token', [2]), integers('0.tokenSample', [0])],
    },
    /tokens of layer w must be below 2, got 2/,
  ],
  [
    'steps without changes',
    { ...good, header: { layers: [rows], steps: { sizes: [1] } } },
    /must have the tensors steps/,
  ],
  [
    'similarity of another shape',
    { ...good, tensors: [...good.tensors, floats('similarity', [2, 2], [1, 0, 0, 1])] },
    /similarity of the bank must be F32 \[4, 4\]/,
  ],
  [
    'widths beyond the limit',
    {
      header: { layers: [{ ...rows, shape: [1, 600_000] }] },
      tensors: [
        floats('0.x', [1, 600_000], Array(600_000).fill(0)),
        floats('0.d', [1, 1], [1]),
        integers('0.sample', [0]),
      ],
    },
    /at most 524288 together, got 600001; record a sketch/,
  ],
];

test.each(hostile)('a bank with %s is refused', async (_, parts, message) => {
  await expect(measure(parts)).rejects.toThrow(message);
});

test('a bank that is cut off is refused at every length', () => {
  const bytes = bankBytes(good);
  const path = join(testFolder(), 'bank.safetensors');
  for (let length = 0; length < bytes.length; length += 13) {
    writeFileSync(path, bytes.subarray(0, length));
    expect(() => openBank(path)).toThrow(/^coupling: .*; the file is damaged or no safetensors file$/);
  }
});
