import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testFolder } from '../../factors/bankFile.ts';
import { unbraid } from '../fakeEngine.ts';

const golden = fileURLToPath(new URL('../../factors/golden/mlp.safetensors', import.meta.url));

test('coupling --factors prints the record, and writes it with a page into the folder', async () => {
  const folder = testFolder();
  const out = join(folder, 'result');
  const { code, stdout } = await unbraid(['coupling', '--factors', golden, '--out', out, '--json']);
  expect(code).toBe(0);
  const record = JSON.parse(stdout) as { samples: number; layers: { parameter: string; name: string }[] };
  expect(record).toMatchObject({ command: 'coupling', factors: golden, samples: 8, distinctSamples: 8 });
  expect(record.layers.map(({ name }) => name)).toContain('0');
  expect(JSON.parse(readFileSync(join(out, 'coupling.json'), 'utf8'))).toEqual(record);
  const page = readFileSync(join(out, 'coupling.html'), 'utf8');
  for (const part of ['Pairs of samples', 'Good-bad coupling by parameter', 'Change of log π in one step', '0.weight'])
    expect(page).toContain(part);
});

test('without --out the results are beside the bank; without --json a table is printed', async () => {
  const folder = testFolder();
  const bank = join(folder, 'bank.safetensors');
  cpSync(golden, bank);
  const { code, stdout } = await unbraid(['coupling', '--factors', bank]);
  expect(code).toBe(0);
  expect(stdout).toContain('any actions, other state');
  expect(stdout).toContain(join(folder, 'bank-coupling', 'coupling.html'));
});

test('a file that is no bank is refused with exit code 1, and nothing is written', async () => {
  const { code, stderr } = await unbraid(['coupling', '--factors', fileURLToPath(import.meta.url)]);
  expect(code).toBe(1);
  expect(stderr).toContain('the file is damaged or no safetensors file');
});
