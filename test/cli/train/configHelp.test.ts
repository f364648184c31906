import { expect, test } from 'vitest';
import { configGroups } from '../../../src/cli/train/configHelp.ts';
import { configTable, resolveConfig } from '../../../src/config/config.ts';
import { labelTable } from '../../../src/config/labelNames.ts';
import { methodTable } from '../../../src/config/method.ts';
import { presetTable } from '../../../src/config/presets.ts';
import { unbraid } from '../fakeEngine.ts';

/** The help of `train` by heading, each text with single spaces. */
async function sections(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await unbraid(['train', '--help']);
  expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  const parts = stdout.split(/^(\S.*):\n/m);
  const titles = parts.filter((_, i) => i % 2 === 1);
  return new Map(titles.map((title, i) => [title, parts[2 * i + 2].replaceAll(/\s+/g, ' ')]));
}

test('the groups have every config key once', () => {
  const grouped = configGroups.flatMap(({ keys }) => keys);
  expect([...grouped].sort()).toEqual(configTable.map(({ key }) => key).sort());
});

test('each group shows its keys with default, unit and meaning', async () => {
  const help = await sections();
  const rows = new Map(configTable.map((row) => [row.key, row]));
  for (const { title, keys } of configGroups) {
    const texts = keys.map((key) => {
      const row = rows.get(key);
      const unit = row?.default === null && row.unit !== '' ? `(${row.unit})` : row?.unit;
      return `${key} ${row?.default} ${unit} ${row?.meaning}`.replaceAll(/ +/g, ' ');
    });
    expect(help.get(title)?.trim()).toBe(texts.join(' '));
  }
});

test('each preset has its line, with its keys', async () => {
  const help = await sections();
  const lines = presetTable.map(({ name, meaning, keys }) => {
    const values = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
    return `${name} ${meaning}: ${values.join(', ')}`;
  });
  expect(help.get('Presets of --preset')?.trim()).toBe(lines.join(' '));
});

test('each label source and each method term has its line', async () => {
  const help = await sections();
  const lines = (table: readonly { name: string; meaning: string }[]): string =>
    table.map(({ name, meaning }) => `${name} ${meaning}`).join(' ');
  expect(labelTable.length).toBe(8);
  expect(help.get('Label sources of --labels')?.trim()).toBe(lines(labelTable));
  expect(help.get('Terms of --method')?.trim()).toBe(lines(methodTable));
  for (const { name } of labelTable) expect(resolveConfig({ labels: name }).labels).toBe(name);
});
