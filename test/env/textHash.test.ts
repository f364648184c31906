import { describe, expect, it } from 'vitest';
import { textHash } from '../../src/env/textHash.ts';

describe('textHash', () => {
  it('is the same for ever', () => {
    expect([textHash(''), textHash('a'), textHash('You are in the kitchen.')]).toEqual([
      396329670518810, 1136223760149245, 3014198928377309,
    ]);
  });

  it('is an integer below 2^53 that tells 100 000 texts of every length and a change in any character apart', () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 100_000; i++) hashes.add(textHash(`state ${i}`));
    for (let length = 0; length < 200; length++) hashes.add(textHash('x'.repeat(length)));
    for (let at = 0; at < 200; at++) hashes.add(textHash(`${'x'.repeat(at)}y${'x'.repeat(200 - at)}`));
    for (let length = 1; length < 8; length++) hashes.add(textHash('\0'.repeat(length)));
    expect(hashes.size).toBe(100_000 + 200 + 200 + 7);
    expect([...hashes].every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
    expect(Math.max(...[...hashes].slice(0, 1000))).toBeGreaterThan(2 ** 52);
  });
});
