/**
 * Reads a store of gradients that Bergson (version 2) wrote: a folder with `gradients.bin`, one row of all modules'
 * gradients per example, or per token with `offsets.npy`, and `info.json` with the sizes. Bergson usually projects
 * gradients, so they are read as sketches. The file samples.json in the folder, if there is one, has the list of the
 * samples with their labels, as the header of a bank; without it no sample has a label.
 */
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { onPath, readBytes as readFile, readText } from '../record/files.node.ts';
import { parseRecord } from '../record/parseRecord.ts';
import { type Bank, type BankLayer, type BankSample, type FactorMatrix, maxBankSamples } from './bank.ts';
import { parseSamples } from './bankHeader.ts';
import { type FloatType, floatBytes } from './floats.ts';
import { fileMatrix } from './openBank.node.ts';

const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));

const types: Readonly<Record<string, FloatType>> = {
  float16: 'F16',
  bfloat16: 'BF16',
  float32: 'F32',
  float64: 'F64',
};

const info = v.object({
  attribute_tokens: v.optional(v.boolean(), false),
  num_items: v.pipe(positive, v.minValue(2), v.maxValue(maxBankSamples)),
  num_grads: positive,
  grad_sizes: v.record(v.pipe(v.string(), v.maxLength(512)), positive),
  base_dtype: v.picklist(Object.keys(types)),
});

const next = 'build the store again with Bergson 2';

/** The values of offsets.npy, NumPy's format for one array of 64-bit integers. */
function readOffsets(path: string, items: number, rows: number): Float64Array {
  const bytes = readFile(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes.length > 10 ? 10 + view.getUint16(8, true) : 0;
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, start));
  const shape = /^.NUMPY.*'descr': '<i8', 'fortran_order': False, 'shape': \((\d+),\)/s.exec(header)?.[1];
  const count = items + 1;
  if (shape !== `${count}` || bytes.length !== start + 8 * count) {
    throw new Error(
      `coupling: ${path} must be a NumPy array of ${count} integers of 64 bits, got another file; ${next}`,
    );
  }
  const offsets = Float64Array.from({ length: count }, (_, i) => Number(view.getBigInt64(start + 8 * i, true)));
  const ascending = offsets.every((offset, i) => offset >= (i === 0 ? 0 : offsets[i - 1]));
  if (!ascending || offsets[0] !== 0 || offsets[items] !== rows)
    throw new Error(`coupling: ${path} must ascend from 0 to ${rows}, got other offsets; ${next}`);
  return offsets;
}

/** The sums of the rows of each item. */
function summedRows(matrix: FactorMatrix, offsets: Float64Array): FactorMatrix {
  return {
    rows: offsets.length - 1,
    width: matrix.width,
    read(row, rows, column, columns, target) {
      const one = new Float32Array(columns);
      target.fill(0);
      for (let i = 0; i < rows; i++) {
        for (let r = offsets[row + i]; r < offsets[row + i + 1]; r++) {
          matrix.read(r, 1, column, columns, one);
          for (let c = 0; c < columns; c++) target[i * columns + c] += one[c];
        }
      }
    },
  };
}

function samplesOf(directory: string, items: number): BankSample[] {
  const path = join(directory, 'samples.json');
  if (!existsSync(path)) {
    const unknown = { text: null, label: 'unknown', group: null, advantage: null, logProb: null } as const;
    return Array.from({ length: items }, (_, i) => ({ state: `${i}`, action: `item ${i}`, ...unknown }));
  }
  const samples = parseSamples(readText(path), path);
  if (samples.length !== items) {
    throw new Error(
      `coupling: ${path} must have a sample for each of the ${items} items of the store, got ${samples.length}; add or remove samples`,
    );
  }
  return samples;
}

/**
 * Opens a store as a bank whose layers are the modules.
 *
 * @throws Error that names the file, the rule, the value and the next step
 */
export function openBergson(directory: string): Bank {
  const infoPath = join(directory, 'info.json');
  const { attribute_tokens, num_items, num_grads, grad_sizes, base_dtype } = parseRecord(
    'coupling',
    info,
    readText(infoPath),
    infoPath,
    next,
  );
  const samples = samplesOf(directory, num_items);
  const sizes = Object.entries(grad_sizes);
  const width = sizes.reduce((sum, [, size]) => sum + size, 0);
  const type = types[base_dtype];
  const stride = width * floatBytes[type];
  const rows = attribute_tokens ? num_grads : num_items;
  const offsets = attribute_tokens ? readOffsets(join(directory, 'offsets.npy'), num_items, rows) : null;
  const path = join(directory, 'gradients.bin');
  const file = onPath('open', path, () => openSync(path, 'r'));
  const { size } = fstatSync(file);
  if (size !== rows * stride) {
    closeSync(file);
    throw new Error(`coupling: ${path} must have ${rows} rows of ${stride} bytes, got ${size} bytes; ${next}`);
  }
  let column = 0;
  const layers = sizes.map(([name, moduleWidth]): BankLayer => {
    const position = column * floatBytes[type];
    column += moduleWidth;
    const place = { path, file, position, stride, type, name: `module ${name}`, scale: 1 };
    const matrix = fileMatrix(place, rows, moduleWidth);
    const gradients = offsets ? summedRows(matrix, offsets) : matrix;
    return { name, shape: [moduleWidth], dense: null, embedding: null, gradients, sketch: true };
  });
  return {
    model: 'gradients stored by Bergson',
    logProb: 'the negative of what Bergson calls the loss, if the store was built from a loss',
    samples,
    layers,
    notes: [
      'The gradients are those that Bergson stored: usually random projections. If it normalised them, products are cosines.',
    ],
    steps: null,
    similarity: null,
    close: () => closeSync(file),
  };
}
