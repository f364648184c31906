import { expect, test } from 'vitest';
import { parseJson } from '../src/parseJson.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test('parses what JSON.parse parses, brackets in strings included', () => {
  for (const text of ['{"a":[1,0.5,null,true,"x"]}', JSON.stringify({ a: '['.repeat(500), b: '"]\\' }), nested(64)]) {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  }
});

test('refuses text that is nested deeper than 64 levels, and text that is not JSON', () => {
  const message = 'lists and objects are nested deeper than 64 levels';
  for (const text of [nested(65), nested(100_000), '{"a":'.repeat(100_000), '['.repeat(1_000_000)]) {
    expect(() => parseJson(text)).toThrow(new SyntaxError(message));
  }
  expect(() => parseJson('{"a":1')).toThrow(SyntaxError);
});
