/** Writes small banks for tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeSafetensors, type NamedTensor } from '../../src/record/safetensors.ts';

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-bank-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const sample = (state: string, action: string, label: string, more: object = {}): object => ({
  state,
  action,
  label,
  logProb: -1,
  ...more,
});

/** Two states with a good and a bad action each; the same words are good in one and bad in the other. */
export const fourSamples = [
  sample('a', 'left', 'good'),
  sample('a', 'right', 'bad'),
  sample('b', 'left', 'bad'),
  sample('b', 'right', 'good'),
];

export interface BankParts {
  readonly header?: object;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

export function bankBytes({ header = {}, metadata = {}, tensors }: BankParts): Uint8Array {
  const whole = { model: 'm', samples: fourSamples, ...header };
  return encodeSafetensors(tensors, {
    format: 'unbraid-factors',
    version: '1',
    header: JSON.stringify(whole),
    ...metadata,
  });
}

export function writeBank(parts: BankParts): string {
  const path = join(testFolder(), 'bank.safetensors');
  writeFileSync(path, bankBytes(parts));
  return path;
}

export const floats = (name: string, shape: readonly number[], values: readonly number[]): NamedTensor => ({
  name,
  shape,
  values: Float32Array.from(values),
});

export const integers = (name: string, values: readonly number[]): NamedTensor => ({
  name,
  shape: [values.length],
  values: Int32Array.from(values),
});
