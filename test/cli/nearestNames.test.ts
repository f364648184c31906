import { expect, test } from 'vitest';
import { configTable } from '../../src/config/config.ts';
import { studies } from '../../src/study/studies.ts';
import { unbraid } from './fakeEngine.ts';

/** Command lines with a mistyped name, and how their message ends. */
test.each([
  ['trian', "unknown command 'trian'; did you mean train?"],
  ['help trian', "unknown command 'trian'; did you mean train?"],
  ['help zzz', "unknown command 'zzz'; unbraid help lists them"],
  ['train --labls graph', "unknown option '--labls'; did you mean --labels?"],
  ['train --labls=graph', "unknown option '--labls'; did you mean --labels?"],
  ['coupling . --splt=train', "unknown option '--splt'; did you mean --split?"],
  ['train --numGenerations 4', "unknown option '--numGenerations'; use --set numGenerations=VALUE"],
  ['compare --eval-every=4', "unknown option '--eval-every'; use --set evalEvery=VALUE"],
  ['train --beta 1', "unknown option '--beta'; use --set beta=VALUE"],
  ['eval . --zzzzzz', "unknown option '--zzzzzz'"],
  ['train --set betta=1', 'config: unknown key "betta"; did you mean "beta"?'],
  ['compare --set lables=oracle', 'config: unknown key "lables"; did you mean "labels"?'],
  ['profile --set evalEvry=1', 'config: unknown key "evalEvry"; did you mean "evalEvery"?'],
  ['train --set observation=token', 'got "token"; did you mean "tokens"?'],
  ['train --env houshold', 'did you mean "household"?'],
  ['compare --env crafing', 'did you mean "crafting"?'],
  ['profile --env bandt', 'did you mean "bandit"?'],
  ['train --policy atention', 'got "atention"; did you mean "attention"?'],
  ['train --method clasifier+cloning', 'got "clasifier+cloning"; did you mean "classifier+cloning"?'],
  ['train --labels grph', 'got "grph"; did you mean "graph"?'],
  ['compare --variants grpo;clasifier:graph', 'got "clasifier"; did you mean "classifier"?'],
  ['compare --variants grpo;classifier:grph', 'got "grph"; did you mean "graph"?'],
  ['compare --preset quik', 'Allowed choices are quick. Did you mean quick?'],
  ['danger --preset protoype', 'Did you mean prototype?'],
  ['danger --labels oracel', 'Did you mean oracle?'],
  ['danger --method clasifier', 'Did you mean classifier?'],
  ['train --arithmetic relax', 'Did you mean relaxed?'],
  ['eval . --split out-of-domian', 'Did you mean out-of-domain?'],
  ['verify . --runtime chromum', 'Did you mean chromium?'],
  ['study danger-zon', 'got "danger-zon"; did you mean "danger-zone"?'],
  ['list env', 'got "env"; did you mean envs?'],
])('%s: the message names the nearest', async (line, message) => {
  const outcome = await unbraid(line.split(' '), { studies: async () => studies });
  expect(outcome).toMatchObject({ code: 2, stdout: '', calls: [] });
  expect(outcome.stderr.startsWith('unbraid: ')).toBe(true);
  expect(outcome.stderr.endsWith(`${message}\n`), outcome.stderr).toBe(true);
});

test('every config key that is typed as an option is shown with --set, unless train has the option', async () => {
  const { stdout } = await unbraid(['train', '--help']);
  for (const { key } of configTable) {
    const option = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (stdout.includes(`  ${option} <`)) continue;
    const { stderr } = await unbraid(['train', option, '1']);
    expect(stderr).toBe(`unbraid: unknown option '${option}'; use --set ${key}=VALUE\n`);
  }
});

test('help shows the text of --help', async () => {
  expect((await unbraid(['help', 'eval'])).stdout).toBe((await unbraid(['eval', '--help'])).stdout);
  expect((await unbraid(['help'])).stdout).toBe((await unbraid(['--help'])).stdout);
});
