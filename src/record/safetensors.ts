/**
 * The safetensors file format (https://huggingface.co/docs/safetensors): eight bytes with the length of the header
 * (little endian), a JSON header, then the bytes of the tensors without gaps. Pure functions over bytes; the caller
 * reads and writes files.
 *
 * Tensors are stored in the order of the argument, and the file contains no other data, so equal tensors have equal
 * bytes.
 */

import { hasRepeatedKey, parseJson } from '../check/parseJson.ts';
import { checkKeys, isPlainObject, refuse, shown, withoutControls } from '../check/values.ts';
import { isJsonObject } from './json.ts';

/** Values of a tensor, row by row: dtypes F32, F64, I32 and U8. */
export type TensorValues = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A tensor of a safetensors file. */
export interface NamedTensor {
  readonly name: string;
  /** Row-major dimensions; `[]` is a scalar. Their product is `values.length`. */
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

/** The content of a safetensors file, tensors in the order of their bytes. */
export interface SafetensorsFile {
  readonly tensors: readonly NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The type of the values of each dtype. */
const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array } as const;

type Dtype = keyof typeof arrays;

const metadataName = '__metadata__';
/** Limits of a header. They bound the time and memory that a malicious file can use. A policy has about 30 tensors. */
const maxHeaderBytes = 10_000_000;
const maxTensors = 10_000;
const maxNameLength = 512;
const maxDimensions = 16;

function dtypeOf(name: string, values: unknown): string {
  const found = Object.entries(arrays).find(([, array]) => values instanceof array);
  if (found) return found[0];
  const rule = 'a Float32Array, Float64Array, Int32Array or Uint8Array';
  return refuse('encodeSafetensors', `values of ${shown(name)}`, rule, values, 'convert them');
}

function sizeOf(shape: readonly unknown[]): number {
  let size = 1;
  for (const extent of shape) {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0) return Number.NaN;
    size *= extent;
  }
  return Number.isSafeInteger(size) ? size : Number.NaN;
}

function checkTensors(tensors: unknown): void {
  const caller = 'encodeSafetensors';
  if (!Array.isArray(tensors) || tensors.length > maxTensors) {
    refuse(caller, 'tensors', `an array of at most ${maxTensors} tensors`, tensors, 'write several files');
  }
  for (const [i, tensor] of tensors.entries()) {
    const advice = 'give each tensor name, shape and values';
    if (typeof tensor !== 'object' || tensor === null) refuse(caller, `tensors[${i}]`, 'an object', tensor, advice);
    const { name, shape } = tensor as NamedTensor;
    if (typeof name !== 'string' || name.length > maxNameLength) {
      refuse(caller, `tensors[${i}].name`, `text of at most ${maxNameLength} characters`, name, 'give a shorter name');
    }
    if (!Array.isArray(shape) || shape.length > maxDimensions) {
      refuse(caller, `shape of ${shown(name)}`, `an array of at most ${maxDimensions} integers`, shape, advice);
    }
  }
}

/**
 * Encodes `tensors`, in their order, as the bytes of a safetensors file.
 *
 * @param metadata text pairs stored in the header, in the key order of the object
 * @throws Error if a name is repeated or reserved, the product of a shape differs from the number of values, the type
 *   of the values has no dtype here, or there are more than 10,000 tensors, 512 characters in a name or 16 dimensions
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  checkTensors(tensors);
  if (!isPlainObject(metadata)) refuse('encodeSafetensors', 'metadata', 'a plain object', metadata, 'leave it out');
  for (const text of Object.values(metadata)) {
    if (typeof text !== 'string') refuse('encodeSafetensors', 'metadata values', 'text', text, 'convert them to text');
  }
  const entries: string[] = [];
  // Written as text: in an object, keys that look like integers would come first.
  if (Object.keys(metadata).length > 0) entries.push(`"${metadataName}":${JSON.stringify(metadata)}`);
  const seen = new Set<string>([metadataName]);
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    if (seen.has(name))
      throw new Error(`encodeSafetensors: tensor name ${shown(name)} is taken; give every tensor its own name`);
    seen.add(name);
    if (sizeOf(shape) !== values.length) {
      throw new Error(
        `encodeSafetensors: shape of "${name}" must give ${values.length} values, got [${shape.join(', ')}]`,
      );
    }
    const end = offset + values.byteLength;
    entries.push(
      `${JSON.stringify(name)}:{"dtype":"${dtypeOf(name, values)}","shape":[${shape.join(',')}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }
  const header = new TextEncoder().encode(`{${entries.join(',')}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(header, 8);
  let position = 8 + headerBytes;
  for (const { values } of tensors) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return file;
}

function damaged(reason: string): Error {
  return new Error(`decodeSafetensors: ${reason}; the file is damaged or no safetensors file`);
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw damaged(`a file must have at least 8 bytes, got ${bytes.length}`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes && 8 + headerBytes <= bytes.length) {
    throw damaged(`the header must have at most ${maxHeaderBytes} bytes, got ${headerBytes}`);
  }
  if (8 + headerBytes > bytes.length) {
    throw damaged(`the header should be ${headerBytes} bytes long but ${bytes.length - 8} bytes follow its length`);
  }
  let text: string;
  let header: unknown;
  try {
    // A copy, because browsers reject a view of shared memory here.
    text = new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes.subarray(8, 8 + headerBytes)));
    header = parseJson(text);
  } catch {
    throw damaged('the header is not JSON');
  }
  if (!isJsonObject(header)) throw damaged('the header is not a JSON object');
  if (hasRepeatedKey(text, header)) throw damaged('an object in the header has a key twice');
  return { header, dataStart: 8 + headerBytes };
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw damaged(`${metadataName} is not an object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw damaged(`${metadataName} value of ${shown(key)} is not text`);
  }
  return value as Record<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A value of the header as JSON of at most 80 characters. */
const shownJson = (value: unknown): string => withoutControls((JSON.stringify(value) ?? 'nothing').slice(0, 80));

function readEntry(name: string, value: unknown): Entry {
  const tensor = shown(name);
  if (name.length > maxNameLength) throw damaged(`the name ${tensor} has more than ${maxNameLength} characters`);
  if (!isJsonObject(value)) throw damaged(`the entry of ${tensor} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype)) {
    throw new Error(`decodeSafetensors: dtype of ${tensor} must be F32, F64, I32 or U8, got ${shownJson(dtype)}`);
  }
  if (!Array.isArray(shape) || shape.length > maxDimensions || Number.isNaN(sizeOf(shape))) {
    const rule = `a list of ${Array.isArray(shape) && shape.length > maxDimensions ? `at most ${maxDimensions} ` : ''}integers >= 0`;
    throw damaged(`shape of ${tensor} must be ${rule}, got ${shownJson(shape)}`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) {
    throw damaged(`data_offsets of ${tensor} must be two integers, got ${shownJson(offsets)}`);
  }
  const entry: Entry = { name, dtype: dtype as Dtype, shape, begin: begin as number, end: end as number };
  const expected = sizeOf(shape) * arrays[entry.dtype].BYTES_PER_ELEMENT;
  if (entry.end - entry.begin !== expected) {
    throw damaged(`${tensor} (${dtype} [${shape.join(', ')}]) needs ${expected} bytes, got ${entry.end - entry.begin}`);
  }
  return entry;
}

function valuesFrom(dtype: Dtype, bytes: Uint8Array): TensorValues {
  // A copy, because the bytes of the tensor may be unaligned in the file. `slice()` is unsuitable: for Node's Buffer it
  // returns a view.
  const { buffer } = new Uint8Array(bytes);
  return new arrays[dtype](buffer);
}

/**
 * Decodes the tensors and the metadata of a safetensors file, in the order of their bytes. The values are copies.
 *
 * @param options.finite reject a float tensor that contains NaN or an infinity
 * @throws Error that describes the defect: length, header, number and names of tensors, dtype, shape, offsets (overlap,
 *   gap, out of range), repeated key in an object, non-finite value
 */
export function decodeSafetensors(bytes: Uint8Array, options: { finite?: boolean } = {}): SafetensorsFile {
  const caller = 'decodeSafetensors';
  checkKeys(caller, 'options', options, { finite: true });
  if (!(bytes instanceof Uint8Array)) refuse(caller, 'bytes', 'a Uint8Array', bytes, 'give the bytes of a file');
  const { header, dataStart } = readHeader(bytes);
  const dataBytes = bytes.length - dataStart;
  const metadata = readMetadata(header[metadataName]);
  const named = Object.entries(header).filter(([name]) => name !== metadataName);
  if (named.length > maxTensors) throw damaged(`a file must have at most ${maxTensors} tensors, got ${named.length}`);
  const entries = named
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let offset = 0;
  for (const { name, begin, end } of entries) {
    if (begin < offset)
      throw damaged(`${shown(name)} starts at byte ${begin}, inside the tensor before it, which ends at ${offset}`);
    if (begin > offset) throw damaged(`bytes ${offset} to ${begin} before ${shown(name)} belong to no tensor`);
    if (end > dataBytes)
      throw damaged(`${shown(name)} ends at byte ${end} but there are ${dataBytes} bytes of tensors`);
    offset = end;
  }
  if (offset !== dataBytes) throw damaged(`${dataBytes - offset} bytes after the last tensor belong to no tensor`);
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const values = valuesFrom(dtype, bytes.subarray(dataStart + begin, dataStart + end));
    const at = options.finite ? values.findIndex((value: number) => !Number.isFinite(value)) : -1;
    if (at >= 0) throw new Error(`decodeSafetensors: ${shown(name)} must be finite, got ${values[at]} at index ${at}`);
    return { name, shape, values };
  });
  return { tensors, metadata };
}
