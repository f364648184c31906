/** The header of a bank: samples and layers in JSON, checked against the tensors of the file. */
import * as v from 'valibot';
import { shown } from '../check/values.ts';
import { parseRecord } from '../record/parseRecord.ts';
import type { TensorEntry } from '../record/safetensorsHeader.ts';
import { maxBankSamples } from './bank.ts';
import { floatBytes } from './floats.ts';
import { maxWidths } from './rowPairs.ts';

const finite = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.maxLength(100_000));
const integer = v.pipe(v.number(), v.integer());

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1) rest /= 2;
  while (rest > 0 && rest < 1) rest *= 2;
  return rest === 1;
}

const scale = v.pipe(finite, v.check(isPowerOfTwo, 'a power of two'));

const sample = v.object({
  state: text,
  text: v.optional(v.nullable(text), null),
  action: text,
  label: v.optional(v.picklist(['good', 'bad', 'unknown']), 'unknown'),
  group: v.optional(v.nullable(integer), null),
  advantage: v.optional(v.nullable(finite), null),
  logProb: v.optional(v.nullable(finite), null),
});

const layer = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
  shape: v.pipe(v.array(v.pipe(integer, v.minValue(0))), v.maxLength(16)),
  kind: v.picklist(['rows', 'gradients', 'sketch']),
  scale: v.optional(v.record(v.picklist(['x', 'd', 'e', 'g']), scale), {}),
});

const samples = v.pipe(v.array(sample), v.minLength(2), v.maxLength(maxBankSamples));

const header = v.object({
  model: v.optional(text, ''),
  logProb: v.optional(text, ''),
  samples,
  layers: v.pipe(v.array(layer), v.minLength(1), v.maxLength(10_000)),
  notes: v.optional(v.pipe(v.array(text), v.maxLength(1000)), []),
  steps: v.optional(v.nullable(v.object({ sizes: v.pipe(v.array(finite), v.minLength(1), v.maxLength(100)) })), null),
});

export type BankHeader = v.InferOutput<typeof header>;
export type HeaderLayer = BankHeader['layers'][number];

const again = 'record the bank again';

/** Parses the samples of a store that has none of its own: a list like `samples` of a bank. */
export function parseSamples(json: string, place: string): BankHeader['samples'] {
  return parseRecord('coupling', samples, json, place, 'give each sample a state, an action and a label');
}

/** Parses the metadata of a bank. */
export function parseBankHeader(metadata: Readonly<Record<string, string>>): BankHeader {
  const { format, version, header: json } = metadata;
  const own = Object.hasOwn(metadata, 'format') && format === 'unbraid-factors';
  if (!own) {
    throw new Error(
      `coupling: the file of --factors must have the format "unbraid-factors" in its metadata, got ${shown(format)}; record it with unbraid_probe`,
    );
  }
  if (version !== '1') {
    throw new Error(
      `coupling: the format of the bank must have version 1, got ${shown(version)}; use a newer unbraid, or record the bank with an older unbraid_probe`,
    );
  }
  return parseRecord('coupling', header, json ?? '', 'the header of the bank', again);
}

/** The tensors of a layer that the file has, by the last part of their name. */
export type LayerTensors = Readonly<
  Partial<Record<'x' | 'd' | 'sample' | 'e' | 'token' | 'tokenSample' | 'g', TensorEntry>>
>;

function wrong(name: string, rule: string, got: string): never {
  throw new Error(`coupling: ${name} of the bank must be ${rule}, got ${got}; ${again}`);
}

const described = (entry: TensorEntry | undefined): string =>
  entry ? `${entry.dtype} [${entry.shape.join(', ')}]` : 'none';

function checkMatrix(entry: TensorEntry | undefined, name: string, rows: number | null, width: number | null): void {
  const rule = `floats [${rows ?? 'rows'}, ${width ?? 'width'}]`;
  const fits =
    entry !== undefined &&
    Object.hasOwn(floatBytes, entry.dtype) &&
    entry.shape.length === 2 &&
    (rows === null || entry.shape[0] === rows) &&
    (width === null || entry.shape[1] === width) &&
    entry.shape[1] > 0;
  if (!fits) wrong(name, rule, described(entry));
}

function checkIntegers(entry: TensorEntry | undefined, name: string, rows: number): void {
  if (entry?.dtype !== 'I32' || entry.shape.length !== 1 || entry.shape[0] !== rows)
    wrong(name, `I32 [${rows}]`, described(entry));
}

/** Checks that the tensors of a layer fit its kind and each other. */
function checkLayer({ name, shape, kind }: HeaderLayer, k: number, tensors: LayerTensors, samples: number): void {
  const { x, d, sample, e, token, tokenSample, g } = tensors;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const layer = `${shown(name)} (layer ${k})`;
  if (kind !== 'rows') {
    checkMatrix(g, `${k}.g of ${layer}`, samples, kind === 'gradients' ? size : null);
    return;
  }
  if (!x && !e) wrong(`the tensors of ${layer}`, `${k}.x or ${k}.e`, 'neither');
  if (shape.length !== 2) wrong(`shape of ${layer}`, 'two integers for a layer of rows', `[${shape.join(', ')}]`);
  if (x) {
    checkMatrix(x, `${k}.x of ${layer}`, null, null);
    checkMatrix(d, `${k}.d of ${layer}`, x.shape[0], null);
    checkIntegers(sample, `${k}.sample of ${layer}`, x.shape[0]);
    const [width, dWidth] = [x.shape[1], d?.shape[1] ?? 0];
    const fits = (shape[0] === dWidth && shape[1] === width) || (shape[0] === width && shape[1] === dWidth);
    if (!fits)
      wrong(
        `widths of ${k}.x and ${k}.d of ${layer}`,
        `those of its shape [${shape.join(', ')}]`,
        `${width} and ${dWidth}`,
      );
    if (width + dWidth > maxWidths) {
      const rule = `at most ${maxWidths} together`;
      throw new Error(
        `coupling: the widths of ${k}.x and ${k}.d of ${layer} must be ${rule}, got ${width + dWidth}; record a sketch of this layer`,
      );
    }
  }
  if (e) {
    checkMatrix(e, `${k}.e of ${layer}`, null, shape[1]);
    checkIntegers(token, `${k}.token of ${layer}`, e.shape[0]);
    checkIntegers(tokenSample, `${k}.tokenSample of ${layer}`, e.shape[0]);
    if (x && (x.shape[1] !== shape[1] || d?.shape[1] !== shape[0]))
      wrong(`shape of the tied ${layer}`, 'that of the output layer, [d, x]', `[${shape.join(', ')}]`);
  }
}

const parts = new Set(['x', 'd', 'sample', 'e', 'token', 'tokenSample', 'g']);
const further = new Set(['steps.weights', 'steps.change', 'similarity']);

/** Assigns the tensors of the file to the layers, and checks them. */
export function layerTensors({ layers, samples }: BankHeader, entries: readonly TensorEntry[]): LayerTensors[] {
  const found: Partial<Record<string, TensorEntry>>[] = layers.map(() => ({}));
  for (const entry of entries) {
    if (further.has(entry.name)) continue;
    const [number, part, more] = entry.name.split('.');
    const place = /^\d{1,5}$/.test(number) ? found[Number(number)] : undefined;
    if (!place || !parts.has(part) || more !== undefined) {
      throw new Error(
        `coupling: each tensor of the bank must be named by the number of a layer and one of ${[...parts].join(', ')}, got ${shown(entry.name)}; ${again}`,
      );
    }
    place[part] = entry;
  }
  return layers.map((each, k) => {
    checkLayer(each, k, found[k], samples.length);
    return found[k];
  });
}
