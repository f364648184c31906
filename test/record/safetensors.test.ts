import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../src/record/safetensors.ts';
import { refusal } from '../refusal.ts';

const golden = new Uint8Array(readFileSync(new URL('../golden/reference.safetensors', import.meta.url)));

// The same tensors as in test/golden/safetensors.py, in the order the official package stores them.
const goldenTensors: NamedTensor[] = [
  { name: 'moments', shape: [3], values: new Float64Array([0.1, -2.5e-300, 1e300]) },
  { name: 'empty', shape: [0, 4], values: new Float32Array(0) },
  { name: 'head.weight', shape: [2, 3], values: new Float32Array([0.5, -1.25, 3e-8, 1e30, -0, 2]) },
  { name: 'scalar', shape: [], values: new Float32Array([1.5]) },
  { name: 'counts', shape: [3, 1], values: new Int32Array([-1, 2147483647, -2147483648]) },
  { name: 'mask', shape: [5], values: new Uint8Array([0, 1, 255, 7, 9]) },
];

/** A file with this header text and this many bytes of tensors. */
function file(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe('against the official Python package', () => {
  test('decode reads its file: names, shapes, every value, metadata', () => {
    const { tensors, metadata } = decodeSafetensors(golden);
    expect(tensors).toEqual(goldenTensors);
    expect(Object.is(tensors[2].values[4], -0)).toBe(true);
    expect(metadata).toEqual({ format: 'unbraid é' });
  });

  test("decode reads what Node's readFileSync returns", () => {
    const { tensors } = decodeSafetensors(readFileSync(new URL('../golden/reference.safetensors', import.meta.url)));
    expect(tensors).toEqual(goldenTensors);
  });

  test('encode writes its bytes', () => {
    expect(encodeSafetensors(goldenTensors, { format: 'unbraid é' })).toEqual(golden);
  });
});

describe('encode', () => {
  test('keeps the order given, also of names that look like numbers, and aligns the header to 8 bytes', () => {
    for (const name of ['1', '22', '333', '4444', '55555', 'ä"\\', '7777777', '__proto__']) {
      const tensors = [
        { name: 'z', shape: [1], values: new Uint8Array([3]) },
        { name, shape: [1, 1], values: new Float32Array([2.5]) },
        { name: '0', shape: [2], values: new Int32Array([4, 5]) },
      ];
      const bytes = encodeSafetensors(tensors);
      expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
      expect(decodeSafetensors(bytes).tensors).toEqual(tensors);
    }
  });

  test('writes the part of a buffer that a view shows', () => {
    const values = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    expect(decodeSafetensors(encodeSafetensors([{ name: 'a', shape: [2], values }])).tensors[0].values).toEqual(
      new Float32Array([2, 3]),
    );
  });

  test('reads a file that starts at an odd byte of its buffer', () => {
    const moved = new Uint8Array(golden.length + 3);
    moved.set(golden, 3);
    expect(decodeSafetensors(moved.subarray(3)).tensors).toEqual(goldenTensors);
  });

  test('rejects a name taken twice, the reserved name and a shape of another size', () => {
    const tensor = { name: 'a', shape: [2], values: new Float32Array(2) };
    expect(() => encodeSafetensors([tensor, tensor])).toThrow(
      new Error('encodeSafetensors: tensor name "a" is taken; give every tensor its own name'),
    );
    expect(() => encodeSafetensors([{ ...tensor, name: '__metadata__' }])).toThrow(
      new Error('encodeSafetensors: tensor name "__metadata__" is taken; give every tensor its own name'),
    );
    expect(() => encodeSafetensors([{ ...tensor, shape: [2, 2] }])).toThrow(
      new Error('encodeSafetensors: shape of "a" must give 2 values, got [2, 2]'),
    );
  });
});

test('an empty tensor listed after its successor is not an overlap', () => {
  const header =
    '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}';
  expect(decodeSafetensors(file(header, 4)).tensors.map(({ name }) => name)).toEqual(['b', 'a']);
});

test('a header may have any character in a name or metadata', () => {
  const tensors = [{ name: 'a":"\\{[', shape: [1], values: new Uint8Array([1]) }];
  const metadata = { ':': '"a":1,"a":2' };
  expect(decodeSafetensors(encodeSafetensors(tensors, metadata))).toEqual({ tensors, metadata });
});

describe('wrong arguments are rejected by name', () => {
  const tensor = { name: 'a', shape: [2], values: new Float32Array(2) };
  const encode = (tensors: unknown, metadata?: unknown): unknown => encodeSafetensors(tensors as [], metadata as never);
  const decode = (bytes: unknown, options?: unknown): unknown => decodeSafetensors(bytes as never, options as never);
  const fields = 'give each tensor name, shape and values';
  const cases: [() => unknown, string][] = [
    [
      () => encode(null),
      'encodeSafetensors: tensors must be an array of at most 10000 tensors, got null; write several files',
    ],
    [() => encode([null]), `encodeSafetensors: tensors[0] must be an object, got null; ${fields}`],
    [
      () => encode([{ ...tensor, name: 5 }]),
      'encodeSafetensors: tensors[0].name must be text of at most 512 characters, got 5; give a shorter name',
    ],
    [
      () => encode([{ ...tensor, shape: 2 }]),
      `encodeSafetensors: shape of "a" must be an array of at most 16 integers, got 2; ${fields}`,
    ],
    [
      () => encode([{ ...tensor, values: new Uint16Array(2) }]),
      'encodeSafetensors: values of "a" must be a Float32Array, Float64Array, Int32Array or Uint8Array, got an array of 4 bytes; convert them',
    ],
    [() => encode([tensor], { a: 1 }), 'encodeSafetensors: metadata values must be text, got 1; convert them to text'],
    [() => encode([tensor], null), 'encodeSafetensors: metadata must be a plain object, got null; leave it out'],
    [() => decode(null), 'decodeSafetensors: bytes must be a Uint8Array, got null; give the bytes of a file'],
    [
      () => decode([1, 2]),
      'decodeSafetensors: bytes must be a Uint8Array, got an array of 2; give the bytes of a file',
    ],
    [() => decode(golden, { finit: true }), 'decodeSafetensors: unknown option "finit"; did you mean "finite"?'],
  ];
  test.each(cases)('%s', (call, message) => {
    expect(refusal(call)).toBe(message);
  });
});

describe('decode rejects', () => {
  const entry = (rest: string): string => `{"a":{"dtype":"F32",${rest}}}`;
  const two = (first: string, second: string): string =>
    `{"a":{"dtype":"U8","shape":[4],"data_offsets":[${first}]},"b":{"dtype":"U8","shape":[4],"data_offsets":[${second}]}}`;
  const cases: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(0), 'a file must have at least 8 bytes, got 0'],
    [
      'a header length beyond the file',
      file('{}', 0).fill(9, 0, 1),
      'the header should be 9 bytes long but 2 bytes follow its length',
    ],
    ['a header that is not JSON', file('{"a":', 0), 'the header is not JSON'],
    ['a header that is not an object', file('[]', 0), 'the header is not a JSON object'],
    ['metadata that is not text', file('{"__metadata__":{"x":1}}', 0), '__metadata__ value of "x" is not text'],
    ['metadata that is not an object', file('{"__metadata__":[]}', 0), '__metadata__ is not an object'],
    ['an entry that is not an object', file('{"a":3}', 0), 'the entry of "a" is not an object'],
    [
      'a negative extent',
      file(entry('"shape":[-1],"data_offsets":[0,4]'), 4),
      'shape of "a" must be a list of integers >= 0, got [-1]',
    ],
    [
      'a size beyond 2^53',
      file(entry('"shape":[100000000,100000000],"data_offsets":[0,4]'), 4),
      'shape of "a" must be a list of integers >= 0, got [100000000,100000000]',
    ],
    [
      'offsets that are no pair',
      file(entry('"shape":[1],"data_offsets":[0]'), 4),
      'data_offsets of "a" must be two integers, got [0]',
    ],
    [
      'a shape of another size than its bytes',
      file(entry('"shape":[2],"data_offsets":[0,4]'), 4),
      '"a" (F32 [2]) needs 8 bytes, got 4',
    ],
    ['a tensor beyond the end', file(two('0,4', '4,8'), 7), '"b" ends at byte 8 but there are 7 bytes of tensors'],
    [
      'tensors that overlap',
      file(two('0,4', '3,7'), 7),
      '"b" starts at byte 3, inside the tensor before it, which ends at 4',
    ],
    ['a gap', file(two('0,4', '5,9'), 9), 'bytes 4 to 5 before "b" belong to no tensor'],
    ['bytes after the last tensor', file(two('0,4', '4,8'), 10), '2 bytes after the last tensor belong to no tensor'],
    [
      'a key that the header has twice',
      file(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        4,
      ),
      'an object in the header has a key twice',
    ],
    [
      'a key that an entry has twice',
      file('{"a":{"dtype":"U8","shape":[4],"shape":[2,2],"data_offsets":[0,4]}}', 4),
      'an object in the header has a key twice',
    ],
    [
      'a shape of many dimensions',
      file(entry(`"shape":[${Array(17).fill(1)}],"data_offsets":[0,4]`), 4),
      `shape of "a" must be a list of at most 16 integers >= 0, got [${Array(17).fill(1)}]`,
    ],
    [
      'a long name',
      file(`{"${'n'.repeat(513)}":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4),
      `the name "${'n'.repeat(80)}"... has more than 512 characters`,
    ],
    ['a name with an escape of a terminal', file('{"\\u009b2J":3}', 0), 'the entry of "?2J" is not an object'],
    [
      'many tensors',
      file(`{${Array.from({ length: 10_001 }, (_, i) => `"${i}":0`)}}`, 0),
      'a file must have at most 10000 tensors, got 10001',
    ],
    ['a long header', file(' '.repeat(10_000_001), 0), 'the header must have at most 10000000 bytes, got 10000001'],
  ];
  test.each(cases)('%s', (_, bytes, reason) => {
    expect(() => decodeSafetensors(bytes)).toThrow(
      new Error(`decodeSafetensors: ${reason}; the file is damaged or no safetensors file`),
    );
  });

  test('an unknown dtype', () => {
    const header = '{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}';
    expect(() => decodeSafetensors(file(header, 4))).toThrow(
      new Error('decodeSafetensors: dtype of "a" must be F32, F64, I32 or U8, got "BF16"'),
    );
  });

  test('every truncation of a file', () => {
    for (let length = 0; length < golden.length; length++) {
      expect(() => decodeSafetensors(golden.subarray(0, length))).toThrow('the file is damaged or no safetensors file');
    }
  });

  test('a non-finite value, only when asked', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const bytes = encodeSafetensors([{ name: 'w', shape: [3], values: new Float32Array([1, value, 2]) }]);
      expect(decodeSafetensors(bytes).tensors[0].values[1]).toBe(value);
      expect(() => decodeSafetensors(bytes, { finite: true })).toThrow(
        new Error(`decodeSafetensors: "w" must be finite, got ${value} at index 1`),
      );
    }
  });
});
