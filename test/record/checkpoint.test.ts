import { describe, expect, test } from 'vitest';
import { type Checkpoint, checkpointName, packCheckpoint, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { sha256Hex, tensorsSha256 } from '../../src/record/sha256.ts';

const sha = (digits: string): string => digits.repeat(32);

const checkpoint: Checkpoint = {
  iteration: 80,
  parameters: [
    { name: 'state.weight', shape: [2, 2], values: new Float32Array([1, 2, -0, 1e-40]) },
    { name: 'bias', shape: [2], values: new Float32Array([0.1, 0.2]) },
  ],
  state: [{ name: 'adam.m', shape: [3], values: new Float64Array([0.1, 0.2, 0.3]) }],
  counters: { envSteps: 123456789, lengths: [3, 5], success: 0.1 },
  chain: {
    head: { numerics: 1, configSha256: 'ab'.repeat(32), environment: 'household 1', vocabularySha256: null },
    links: [
      { iteration: 80, parametersSha256: sha('cd'), stateSha256: sha('ef'), metricsSha256: sha('01'), link: sha('23') },
    ],
    open: ['{}\n'],
  },
  tokenizer: { version: 1, words: ['<unknown>', 'take'] },
};

describe('packing', () => {
  test('unpacking returns every bit', () => {
    expect(unpackCheckpoint(packCheckpoint(checkpoint), '000080', 'x')).toEqual(checkpoint);
    const { tokenizer: _, ...plain } = checkpoint;
    const files = packCheckpoint(plain);
    expect([...files.keys()]).toEqual(['parameters.safetensors', 'state.safetensors', 'state.json', 'manifest.json']);
    expect(unpackCheckpoint(files, '000080', 'x')).toEqual(plain);
  });

  test('equal checkpoints have equal bytes', () => {
    expect(packCheckpoint(structuredClone(checkpoint))).toEqual(packCheckpoint(checkpoint));
  });

  test('the name is the iteration in six digits', () => {
    expect([0, 80, 123456, 1234567].map(checkpointName)).toEqual(['000000', '000080', '123456', '1234567']);
  });

  test('rejects an iteration that is no count', () => {
    expect(() => packCheckpoint({ ...checkpoint, iteration: -1 })).toThrow(
      new Error('packCheckpoint: iteration must be an integer >= 0, got -1'),
    );
  });
});

describe('hashes', () => {
  test('sha256Hex of "abc" is the one in FIPS 180-2', () => {
    expect(sha256Hex(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test('tensorsSha256 sees one bit of a value, a name and a shape', () => {
    const [weight, bias] = checkpoint.parameters;
    const hashes = [
      [weight, bias],
      [{ ...weight, values: new Float32Array([1, 2, 0, 1e-40]) }, bias],
      [{ ...weight, name: 'w' }, bias],
      [{ ...weight, shape: [4] }, bias],
    ].map(tensorsSha256);
    expect(new Set(hashes).size).toBe(4);
    expect(tensorsSha256(structuredClone([weight, bias]))).toBe(hashes[0]);
  });

  test('any flipped bit in any file is found', () => {
    const files = packCheckpoint(checkpoint);
    for (const [name, bytes] of files) {
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] ^= 1 << (i % 8);
        expect(() => unpackCheckpoint(new Map(files).set(name, changed), '000080', 'x'), `${name} byte ${i}`).toThrow(
          'checkpoint 000080: ',
        );
      }
    }
  });

  test('errors name the file and the way out', () => {
    const files = packCheckpoint(checkpoint);
    const advice = 'use an earlier checkpoint: 000000, 000060';
    const damaged = new Map(files).set('parameters.safetensors', new Uint8Array(9));
    expect(() => unpackCheckpoint(damaged, '000080', advice)).toThrow(
      new Error(
        'checkpoint 000080: parameters.safetensors does not match its hash; the file is damaged; use an earlier checkpoint: 000000, 000060',
      ),
    );
    const missing = new Map(files);
    missing.delete('state.json');
    expect(() => unpackCheckpoint(missing, '000080', advice)).toThrow(
      new Error(`checkpoint 000080: state.json is missing; ${advice}`),
    );
    expect(() => unpackCheckpoint(new Map(files).set('manifest.json', new Uint8Array(3)), '000080', advice)).toThrow(
      new Error(`checkpoint 000080: manifest.json is damaged; ${advice}`),
    );
    const forged = new TextEncoder().encode('{\n  "version": 1,\n  "sha256": {}\n}\n');
    expect(() => unpackCheckpoint(new Map(files).set('manifest.json', forged), '000080', advice)).toThrow(
      new Error(`checkpoint 000080: parameters.safetensors has no hash; ${advice}`),
    );
  });
});
