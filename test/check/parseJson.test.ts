import { expect, test } from 'vitest';
import { hasRepeatedKey, parseJson } from '../../src/check/parseJson.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test('parses what JSON.parse parses, brackets in strings included', () => {
  for (const text of ['{"a":[1,0.5,null,true,"x"]}', JSON.stringify({ a: '['.repeat(500), b: '"]\\' }), nested(64)]) {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  }
});

test('rejects text that is nested deeper than 64 levels, and text that is not JSON', () => {
  const message = 'lists and objects are nested deeper than 64 levels';
  for (const text of [nested(65), nested(100_000), '{"a":'.repeat(100_000), '['.repeat(1_000_000)]) {
    expect(() => parseJson(text)).toThrow(new SyntaxError(message));
  }
  expect(() => parseJson('{"a":1')).toThrow(SyntaxError);
});

test.each([
  ['{"a":1,"a":2}', true],
  ['[{"b":{"c":1,"c":1}}]', true],
  ['{"a":1,"\\u0061":2}', true],
  ['{"__proto__":1,"__proto__":2}', true],
  ['{"__proto__":{"a":1},"a":{"a":":"}}', false],
  ['{"a:\\"":"b:c","d":["e:f",{}]}', false],
  ['7', false],
])('a key twice in %s: %s', (text, repeated) => {
  expect(hasRepeatedKey(text, parseJson(text))).toBe(repeated);
});
