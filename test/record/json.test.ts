import { expect, test } from 'vitest';
import { encodeJson } from '../../src/record/json.ts';

test('writes plain values as JSON, on one line or indented', () => {
  const value = { a: [1, 0.1, null, true], b: { c: 'x' } };
  expect(encodeJson(value, 'record')).toBe('{"a":[1,0.1,null,true],"b":{"c":"x"}}');
  expect(encodeJson({ a: 1 }, 'record', 2)).toBe('{\n  "a": 1\n}');
});

test('names the path of a number JSON cannot hold', () => {
  expect(() => encodeJson({ losses: [1, { kl: Number.NaN }] }, 'metrics')).toThrow(
    new Error(
      'encodeJson: metrics.losses[1].kl must be finite, got NaN; leave the key out or find where it comes from',
    ),
  );
  expect(() => encodeJson(Number.NEGATIVE_INFINITY, 'metrics')).toThrow(
    new Error('encodeJson: metrics must be finite, got -Infinity; leave the key out or find where it comes from'),
  );
});

test('rejects what JSON would drop or change', () => {
  for (const value of [undefined, new Float32Array(2), new Map(), () => 1, 10n]) {
    expect(() => encodeJson({ a: value }, 'record')).toThrow(
      new Error('encodeJson: record.a must be null, text, a number, a boolean, a list or a plain object'),
    );
  }
});
