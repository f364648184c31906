import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { sha256Hex, textSha256 } from '../../src/record/sha256.ts';

test("the host's own SHA-256 and that of hosts without one agree, on whole buffers and on parts of them, around whole blocks", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 151) & 255);
  for (const length of [0, 1, 55, 56, 63, 64, 65, 128, 290]) {
    const part = bytes.subarray(7, 7 + length);
    expect(sha256Hex(part)).toBe(bytesToHex(sha256(part)));
  }
});

test('the published example', () => {
  expect(textSha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
