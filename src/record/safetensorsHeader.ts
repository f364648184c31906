/**
 * The header of a safetensors file (https://huggingface.co/docs/safetensors): names, dtypes, shapes and byte ranges of
 * the tensors, and the metadata. A file from elsewhere can contain anything, so everything is checked.
 */
import { hasRepeatedKey, parseJson } from '../check/parseJson.ts';
import { shown, withoutControls } from '../check/values.ts';
import { isJsonObject } from './json.ts';

export const metadataName = '__metadata__';
export const maxNameLength = 512;
export const maxDimensions = 16;

/** What a reader accepts. The limits bound the time and memory that a malicious file can use. */
export interface HeaderRules {
  /** Name of the reading function, for its errors. */
  readonly caller: string;
  /** Bytes of a value of each dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly maxHeaderBytes: number;
  readonly maxTensors: number;
}

/** A tensor of a file. `begin` and `end` count from the first byte after the header. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The header of a file, tensors in the order of their bytes. */
export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The product of a shape; NaN if an extent is no integer >= 0 or the product is beyond 2^53. */
export function sizeOf(shape: readonly unknown[]): number {
  let size = 1;
  for (const extent of shape) {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0) return Number.NaN;
    size *= extent;
  }
  return Number.isSafeInteger(size) ? size : Number.NaN;
}

function damaged({ caller }: HeaderRules, reason: string): Error {
  return new Error(`${caller}: ${reason}; the file is damaged or no safetensors file`);
}

/**
 * The length of the header in bytes, which is stored in the first 8 bytes of a file.
 *
 * @param start the first bytes of the file, 8 if it has as many
 * @throws Error if the file is shorter than the header, or the header longer than the limit
 */
export function headerLength(rules: HeaderRules, start: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8) throw damaged(rules, `a file must have at least 8 bytes, got ${fileBytes}`);
  const headerBytes = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  if (headerBytes > rules.maxHeaderBytes && 8 + headerBytes <= fileBytes) {
    throw damaged(rules, `the header must have at most ${rules.maxHeaderBytes} bytes, got ${headerBytes}`);
  }
  if (8 + headerBytes > fileBytes) {
    throw damaged(rules, `the header should be ${headerBytes} bytes long but ${fileBytes - 8} bytes follow its length`);
  }
  return headerBytes;
}

function readMetadata(rules: HeaderRules, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw damaged(rules, `${metadataName} is not an object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw damaged(rules, `${metadataName} value of ${shown(key)} is not text`);
  }
  return value as Record<string, string>;
}

/** A value of the header as JSON of at most 80 characters. */
const shownJson = (value: unknown): string => withoutControls((JSON.stringify(value) ?? 'nothing').slice(0, 80));

/** `F32, F64, I32 or U8`. */
const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;

function readEntry(rules: HeaderRules, name: string, value: unknown): TensorEntry {
  const tensor = shown(name);
  if (name.length > maxNameLength) throw damaged(rules, `the name ${tensor} has more than ${maxNameLength} characters`);
  if (!isJsonObject(value)) throw damaged(rules, `the entry of ${tensor} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(rules.dtypes, dtype)) {
    const known = listed(Object.keys(rules.dtypes));
    throw new Error(`${rules.caller}: dtype of ${tensor} must be ${known}, got ${shownJson(dtype)}`);
  }
  if (!Array.isArray(shape) || shape.length > maxDimensions || Number.isNaN(sizeOf(shape))) {
    const rule = `a list of ${Array.isArray(shape) && shape.length > maxDimensions ? `at most ${maxDimensions} ` : ''}integers >= 0`;
    throw damaged(rules, `shape of ${tensor} must be ${rule}, got ${shownJson(shape)}`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) {
    throw damaged(rules, `data_offsets of ${tensor} must be two integers, got ${shownJson(offsets)}`);
  }
  const entry: TensorEntry = { name, dtype, shape, begin: begin as number, end: end as number };
  const expected = sizeOf(shape) * rules.dtypes[dtype];
  if (entry.end - entry.begin !== expected) {
    const got = entry.end - entry.begin;
    throw damaged(rules, `${tensor} (${dtype} [${shape.join(', ')}]) needs ${expected} bytes, got ${got}`);
  }
  return entry;
}

/** Checks that the tensors fill the bytes after the header, without gaps and overlaps. */
function checkLayout(rules: HeaderRules, entries: readonly TensorEntry[], dataBytes: number): void {
  let offset = 0;
  for (const { name, begin, end } of entries) {
    if (begin < offset) {
      const before = `inside the tensor before it, which ends at ${offset}`;
      throw damaged(rules, `${shown(name)} starts at byte ${begin}, ${before}`);
    }
    if (begin > offset) throw damaged(rules, `bytes ${offset} to ${begin} before ${shown(name)} belong to no tensor`);
    if (end > dataBytes) {
      throw damaged(rules, `${shown(name)} ends at byte ${end} but there are ${dataBytes} bytes of tensors`);
    }
    offset = end;
  }
  if (offset !== dataBytes)
    throw damaged(rules, `${dataBytes - offset} bytes after the last tensor belong to no tensor`);
}

/**
 * Parses the header.
 *
 * @param bytes the header without its length
 * @param dataBytes number of bytes of the file after the header
 * @throws Error that describes the defect: JSON, number and names of tensors, dtype, shape, offsets (overlap, gap, out
 *   of range), repeated key in an object
 */
export function parseHeader(rules: HeaderRules, bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  let text: string;
  let header: unknown;
  try {
    // A copy, because browsers reject a view of shared memory here.
    text = new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes));
    header = parseJson(text);
  } catch {
    throw damaged(rules, 'the header is not JSON');
  }
  if (!isJsonObject(header)) throw damaged(rules, 'the header is not a JSON object');
  if (hasRepeatedKey(text, header)) throw damaged(rules, 'an object in the header has a key twice');
  const metadata = readMetadata(rules, header[metadataName]);
  const named = Object.entries(header).filter(([name]) => name !== metadataName);
  if (named.length > rules.maxTensors)
    throw damaged(rules, `a file must have at most ${rules.maxTensors} tensors, got ${named.length}`);
  const entries = named
    .map(([name, value]) => readEntry(rules, name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(rules, entries, dataBytes);
  return { entries, metadata };
}
