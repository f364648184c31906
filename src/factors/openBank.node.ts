/** Opens a bank: a safetensors file whose tensors are read when they are used. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { onPath } from '../record/files.node.ts';
import { type HeaderRules, headerLength, parseHeader, type TensorEntry } from '../record/safetensorsHeader.ts';
import type { Bank, BankLayer, BankSteps, FactorMatrix } from './bank.ts';
import { type BankHeader, type HeaderLayer, type LayerTensors, layerTensors, parseBankHeader } from './bankHeader.ts';
import { decodeFloats, type FloatType, floatBytes } from './floats.ts';

const rules: HeaderRules = {
  caller: 'coupling',
  dtypes: { ...floatBytes, I32: 4 },
  // 10,000 samples with texts of some hundred words.
  maxHeaderBytes: 100_000_000,
  maxTensors: 50_000,
};

/** Largest number of bytes that are read at a time. */
const PIECE = 2 ** 24;

/** Reads bytes of a file, into memory that starts at a multiple of 8. */
function readBytes(file: number, path: string, position: number, bytes: number): Uint8Array {
  const target = new Uint8Array(bytes);
  for (let done = 0; done < bytes; ) {
    const got = onPath('read', path, () => readSync(file, target, done, bytes - done, position + done));
    if (got === 0) throw new Error(`coupling: ${path} must not become shorter while it is read; record the bank again`);
    done += got;
  }
  return target;
}

/** Where the values of a matrix are: row r starts at byte `position + r * stride`. */
export interface MatrixPlace {
  readonly path: string;
  readonly file: number;
  readonly position: number;
  readonly stride: number;
  readonly type: FloatType;
  /** Name of the layer and of the tensor, for errors. */
  readonly name: string;
  readonly scale: number;
}

/** A matrix in a file. */
export function fileMatrix(place: MatrixPlace, rows: number, width: number): FactorMatrix {
  const { path, file, position, stride, type, name, scale } = place;
  const size = floatBytes[type];
  const decode = (bytes: Uint8Array, target: Float32Array, row: number): void => {
    const bad = decodeFloats(type, bytes, scale, target);
    if (bad < 0) return;
    throw new Error(
      `coupling: ${name} of ${path} must be finite as 32-bit floats, got ${target[bad]} near row ${row}; record the gradients of a model with finite values`,
    );
  };
  return {
    rows,
    width,
    read(row, count, column, columns, target) {
      const start = position + row * stride + column * size;
      if (columns * size === stride) {
        // Whole rows: pieces of many rows. A row can be larger than a piece.
        const values = Math.max(1, Math.floor(PIECE / size));
        for (let at = 0; at < count * columns; at += values) {
          const n = Math.min(values, count * columns - at);
          decode(readBytes(file, path, start + at * size, n * size), target.subarray(at, at + n), row);
        }
        return;
      }
      for (let r = 0; r < count; r++) {
        const bytes = readBytes(file, path, start + r * stride, columns * size);
        decode(bytes, target.subarray(r * columns, (r + 1) * columns), row + r);
      }
    },
  };
}

/** The first row of each sample, from the sample of each row. */
function offsetsOf(sampleOfRow: Int32Array, samples: number, name: string): Int32Array {
  const offsets = new Int32Array(samples + 1);
  let last = 0;
  for (const [row, sample] of sampleOfRow.entries()) {
    if (sample < last || sample >= samples) {
      throw new Error(
        `coupling: ${name} of the bank must not descend and be below ${samples}, got ${sample} in row ${row}; record the bank again`,
      );
    }
    last = sample;
    offsets[sample + 1]++;
  }
  for (let i = 0; i < samples; i++) offsets[i + 1] += offsets[i];
  return offsets;
}

interface OpenFile {
  readonly file: number;
  readonly path: string;
  readonly dataStart: number;
}

function integers({ file, path, dataStart }: OpenFile, { begin, end }: TensorEntry): Int32Array {
  return new Int32Array(readBytes(file, path, dataStart + begin, end - begin).buffer);
}

function matrixOf(open: OpenFile, entry: TensorEntry, layer: string, scale: number): FactorMatrix {
  const type = entry.dtype as FloatType;
  const [rows, width] = entry.shape;
  const place: MatrixPlace = {
    path: open.path,
    file: open.file,
    position: open.dataStart + entry.begin,
    stride: width * floatBytes[type],
    type,
    name: `${entry.name} of layer ${layer}`,
    scale,
  };
  return fileMatrix(place, rows, width);
}

function layerOf(open: OpenFile, layer: HeaderLayer, tensors: LayerTensors, samples: number): BankLayer {
  const { name, shape, kind, scale } = layer;
  const { x, d, sample, e, token, tokenSample, g } = tensors;
  const matrix = (part: 'x' | 'd' | 'e' | 'g', entry: TensorEntry): FactorMatrix =>
    matrixOf(open, entry, name, scale[part] ?? 1);
  const none = { name, shape, dense: null, embedding: null, gradients: null, sketch: kind === 'sketch' };
  if (g && kind !== 'rows') return { ...none, gradients: matrix('g', g) };
  const offsets = (entry: TensorEntry): Int32Array => offsetsOf(integers(open, entry), samples, entry.name);
  const tokens = token ? integers(open, token) : new Int32Array();
  const bad = tokens.findIndex((each) => each < 0 || each >= shape[0]);
  if (bad >= 0) {
    throw new Error(
      `coupling: tokens of layer ${name} must be below ${shape[0]}, got ${tokens[bad]} in row ${bad}; record the bank again`,
    );
  }
  return {
    ...none,
    dense: x && d && sample ? { x: matrix('x', x), d: matrix('d', d), offsets: offsets(sample) } : null,
    embedding: e && tokenSample ? { e: matrix('e', e), tokens, offsets: offsets(tokenSample) } : null,
  };
}

/** Reads a tensor of the bank that belongs to no layer, if it has the shape. */
function readTable(
  open: OpenFile,
  entries: readonly TensorEntry[],
  name: string,
  dtype: string,
  shape: readonly number[],
): ArrayBuffer | null {
  const entry = entries.find((each) => each.name === name);
  if (!entry) return null;
  if (entry.dtype !== dtype || entry.shape.join() !== shape.join()) {
    throw new Error(
      `coupling: ${name} of the bank must be ${dtype} [${shape.join(', ')}], got ${entry.dtype} [${entry.shape.join(', ')}]; record the bank again`,
    );
  }
  const bytes = readBytes(open.file, open.path, open.dataStart + entry.begin, entry.end - entry.begin);
  const values = dtype === 'F64' ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  if (!values.every(Number.isFinite))
    throw new Error(`coupling: ${name} of the bank must be finite, got a value that is not; record the bank again`);
  return bytes.buffer as ArrayBuffer;
}

function stepsOf(open: OpenFile, header: BankHeader, entries: readonly TensorEntry[]): BankSteps | null {
  if (header.steps === null) return null;
  const { sizes } = header.steps;
  const n = header.samples.length;
  const weights = readTable(open, entries, 'steps.weights', 'F64', [n]);
  const change = readTable(open, entries, 'steps.change', 'F64', [sizes.length, n]);
  if (!weights || !change) {
    throw new Error(
      'coupling: a bank with steps must have the tensors steps.weights and steps.change, got fewer; record the bank again',
    );
  }
  return { sizes, weights: new Float64Array(weights), change: new Float64Array(change) };
}

/**
 * Opens a bank and checks its header. The values of layers are checked when they are read.
 *
 * @throws Error that names the file or the tensor, the rule, the value and the next step
 */
export function openBank(path: string): Bank {
  // Opening a pipe without a writer would never end.
  if (!onPath('open', path, () => statSync(path)).isFile())
    throw new Error(`coupling: the bank must be a regular file, got ${path}; save it with unbraid_probe`);
  const file = onPath('open', path, () => openSync(path, 'r'));
  try {
    const { size } = onPath('open', path, () => fstatSync(file));
    const headerBytes = headerLength(rules, readBytes(file, path, 0, Math.min(8, size)), size);
    const open: OpenFile = { file, path, dataStart: 8 + headerBytes };
    const { entries, metadata } = parseHeader(rules, readBytes(file, path, 8, headerBytes), size - open.dataStart);
    const header = parseBankHeader(metadata);
    const tensors = layerTensors(header, entries);
    const n = header.samples.length;
    const similarity = readTable(open, entries, 'similarity', 'F32', [n, n]);
    return {
      model: header.model,
      logProb: header.logProb,
      samples: header.samples,
      layers: header.layers.map((layer, k) => layerOf(open, layer, tensors[k], n)),
      notes: header.notes,
      steps: stepsOf(open, header, entries),
      similarity: similarity && new Float32Array(similarity),
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
