import { describe, expect, test } from 'vitest';
import { checkKeys, isList, isPlainObject, shown } from '../../src/check/values.ts';
import { refusal } from '../refusal.ts';

test.each([
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [-0, '0'],
  [5n, '5n'],
  [10n ** 200n, `1${'0'.repeat(79)}n`],
  [undefined, 'undefined'],
  [null, 'null'],
  ['a"b', '"a\\"b"'],
  ['\u001b[2J', '"\\u001b[2J"'],
  ['\u009b2J\u202e', '"?2J?"'],
  ['x'.repeat(81), `"${'x'.repeat(80)}"...`],
  [[], '[]'],
  [[1, 2], 'an array of 2'],
  [new Float32Array(2), 'an array of 8 bytes'],
  [Object.create(null), 'an object'],
  [Symbol('x'), 'a symbol'],
  [() => 0, 'a function'],
])('a message shows %o', (value, text) => {
  expect(shown(value)).toBe(text);
});

test('plain objects are those of braces and JSON, in any realm; lists are arrays and typed arrays', () => {
  expect([{}, Object.create(null), JSON.parse('{}')].map(isPlainObject)).toEqual([true, true, true]);
  expect([null, [], 5, new Map(), new Date(0), () => 0, Object.create({})].map(isPlainObject)).toEqual(
    Array(7).fill(false),
  );
  expect([[], new Float32Array(1), new BigInt64Array(1)].map(isList)).toEqual([true, true, true]);
  expect([null, 'text', { length: 1 }, new DataView(new ArrayBuffer(1))].map(isList)).toEqual(Array(4).fill(false));
});

describe('unknown keys', () => {
  const known = { signal: true, onProgress: true };
  const cases: [unknown, string][] = [
    [{ singal: 1 }, 'f: unknown option "singal"; did you mean "signal"?'],
    [{ on_progress: 1 }, 'f: unknown option "on_progress"; did you mean "onProgress"?'],
    [{ zebra: undefined }, 'f: unknown option "zebra"; the keys are: signal, onProgress'],
    [{ ['x'.repeat(1e6)]: 1 }, `f: unknown option "${'x'.repeat(80)}"...; the keys are: signal, onProgress`],
    [JSON.parse('{"__proto__":1}'), 'f: unknown option "__proto__"; the keys are: signal, onProgress'],
    [null, 'f: options must be a plain object, got null; its keys are: signal, onProgress'],
    ['signal', 'f: options must be a plain object, got "signal"; its keys are: signal, onProgress'],
  ];
  test.each(cases)('%o', (given, message) => {
    expect(refusal(() => checkKeys('f', 'options', given, known))).toBe(message);
  });

  test('known keys and none are taken', () => {
    checkKeys('f', 'options', {}, known);
    checkKeys('f', 'options', { signal: undefined, onProgress: 1 }, known);
  });
});
