import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordedConfig, resolveConfig } from '../../src/config/config.ts';
import { presetKeys, presetTable } from '../../src/config/presets.ts';
import { unbraid } from '../cli/fakeEngine.ts';

test('every preset is a config, and each of its keys changes the config', () => {
  expect(presetTable.map(({ name }) => name)).toEqual(['classic-control']);
  for (const { name, keys } of presetTable) {
    const config = resolveConfig({ env: 'look-alike', ...keys });
    const plain = resolveConfig({ env: 'look-alike', policy: 'mlp' });
    for (const [key, value] of Object.entries(keys)) {
      expect([name, key, config[key as keyof typeof config]]).toEqual([name, key, value]);
      // The widths are the defaults, on which the preset must not depend.
      if (!['policy', 'hidden'].includes(key)) expect(plain[key as keyof typeof plain], key).not.toBe(value);
    }
  }
  expect(() => presetKeys('classic')).toThrow(
    new Error('config: preset must be one of classic-control, got "classic"; leave it out'),
  );
});

describe('train --preset', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'unbraid-preset-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const configOf = async (name: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const out = join(folder, name);
    const { code, stdout, stderr } = await unbraid(['train', ...args, '--out', out, '--json']);
    expect([code, stderr.includes('error')]).toEqual([0, false]);
    return JSON.parse(stdout.trim().split('\n').at(-1) as string).config;
  };
  const preset = ['--env', 'look-alike', '--preset', 'classic-control'];

  test('sets its keys; the recorded config names them and no preset', async () => {
    const config = await configOf('plain', ...preset);
    const expected = resolveConfig({ env: 'look-alike', ...presetKeys('classic-control') });
    expect(config).toEqual(expected);
    expect(Object.keys(config)).not.toContain('preset');
  });

  test('options of keys, --set and --config take precedence', async () => {
    const file = join(folder, 'keys.json');
    writeFileSync(file, '{"minibatches":9}');
    const config = await configOf(
      'more',
      ...preset,
      ...['--iterations', '7', '--set', 'normalizeRewards=false', '--config', file],
    );
    const expected = { ...presetKeys('classic-control'), iterations: 7, normalizeRewards: false, minibatches: 9 };
    expect(config).toEqual(resolveConfig({ env: 'look-alike', ...expected }));
  });

  test('a wrong name is refused with the nearest', async () => {
    const { code, stderr } = await unbraid(['train', '--preset', 'clasic-control']);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are classic-control. Did you mean classic-control?');
  });

  test('a resumed run keeps its config', async () => {
    const { code, stderr } = await unbraid(['train', '--resume', folder, '--preset', 'classic-control']);
    expect([code, stderr.trim()]).toEqual([2, 'unbraid: --resume uses the config of the run; drop --preset']);
  });
});

describe('recordedConfig', () => {
  test('of the defaults has the keys of a receipt that was stored before the later keys; what is changed is recorded', () => {
    const receipt = new URL('../receipts/numerics2-household-attention.json', import.meta.url);
    const stored = Object.keys(JSON.parse(readFileSync(receipt, 'utf8')).config);
    expect(Object.keys(recordedConfig(resolveConfig({}))).sort()).toEqual(stored.sort());
    const changed = resolveConfig({ policy: 'mlp', discount: 0.9, normalizeObservations: true });
    expect(recordedConfig(changed)).toMatchObject({ discount: 0.9, normalizeObservations: true });
    expect(resolveConfig(recordedConfig(changed))).toEqual(changed);
    expect(Object.keys(recordedConfig(changed)).length).toBe(stored.length + 2);
  });
});
