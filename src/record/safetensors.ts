/**
 * The safetensors file format (https://huggingface.co/docs/safetensors): eight bytes with the length of the header
 * (little endian), a JSON header, then the bytes of the tensors without gaps. Pure functions over bytes; the caller
 * reads and writes files.
 *
 * Tensors are stored in the order of the argument, and the file contains no other data, so equal tensors have equal
 * bytes.
 */

import { checkKeys, isPlainObject, refuse, shown } from '../check/values.ts';
import {
  type HeaderRules,
  headerLength,
  maxDimensions,
  maxNameLength,
  metadataName,
  parseHeader,
  sizeOf,
} from './safetensorsHeader.ts';

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

const maxTensors = 10_000;

const rules: HeaderRules = {
  caller: 'decodeSafetensors',
  dtypes: { F32: 4, F64: 8, I32: 4, U8: 1 },
  maxHeaderBytes: 10_000_000,
  // A policy has about 30 tensors.
  maxTensors,
};

function dtypeOf(name: string, values: unknown): string {
  const found = Object.entries(arrays).find(([, array]) => values instanceof array);
  if (found) return found[0];
  const rule = 'a Float32Array, Float64Array, Int32Array or Uint8Array';
  return refuse('encodeSafetensors', `values of ${shown(name)}`, rule, values, 'convert them');
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
  const { caller } = rules;
  checkKeys(caller, 'options', options, { finite: true });
  if (!(bytes instanceof Uint8Array)) refuse(caller, 'bytes', 'a Uint8Array', bytes, 'give the bytes of a file');
  const dataStart = 8 + headerLength(rules, bytes, bytes.length);
  const { entries, metadata } = parseHeader(rules, bytes.subarray(8, dataStart), bytes.length - dataStart);
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const values = valuesFrom(dtype as Dtype, bytes.subarray(dataStart + begin, dataStart + end));
    const at = options.finite ? values.findIndex((value: number) => !Number.isFinite(value)) : -1;
    if (at >= 0) throw new Error(`${caller}: ${shown(name)} must be finite, got ${values[at]} at index ${at}`);
    return { name, shape, values };
  });
  return { tensors, metadata };
}
