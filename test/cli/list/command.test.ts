import { expect, test } from 'vitest';
import { configTable } from '../../../src/config/config.ts';
import { labelTable } from '../../../src/config/labelNames.ts';
import { methodTable, methodTerms } from '../../../src/config/method.ts';
import { environmentTable } from '../../../src/env/names.ts';
import { studies } from '../../../src/study/studies.ts';
import { unbraid } from '../fakeEngine.ts';

const list = (...args: string[]) => unbraid(['list', ...args], { studies: async () => studies });

const asked = studies.map(({ name, question }) => ({ name, meaning: question }));

test.each([
  ['envs', environmentTable.map(({ name, meaning }) => ({ name, meaning }))],
  ['methods', methodTable],
  ['labels', labelTable],
  ['studies', asked],
])('list %s: every name with its meaning, as lines and as JSON', async (kind, entries) => {
  const text = await list(kind);
  expect([text.code, text.stderr]).toEqual([0, '']);
  const lines = text.stdout.trimEnd().split('\n');
  expect(lines.length).toBe(entries.length);
  for (const [i, { name, meaning }] of entries.entries()) {
    expect(lines[i].startsWith(`${name}  `)).toBe(true);
    expect(lines[i].endsWith(`  ${meaning}`)).toBe(true);
    expect(meaning.length).toBeGreaterThan(20);
  }
  const json = await list(kind, '--json');
  expect(JSON.parse(json.stdout)).toEqual({ command: 'list', kind, entries });
});

test('without a kind: all of them, each with its heading', async () => {
  const { code, stdout } = await list();
  expect(code).toBe(0);
  const parts = stdout.trimEnd().split('\n\n');
  const heads = ['envs (--env)', 'methods (--method)', 'labels (--labels)', 'studies (study)'];
  expect(parts.map((part) => part.split('\n')[0])).toEqual(heads.map((head) => `${head}:`));
  const envs = (await list('envs')).stdout.trimEnd().split('\n');
  expect(parts[0].split('\n').slice(1)).toEqual(envs.map((line) => `  ${line}`));
  const { kinds } = JSON.parse((await list('--json')).stdout);
  const labels = JSON.parse((await list('labels', '--json')).stdout);
  expect(kinds.length).toBe(4);
  expect(kinds[2]).toEqual({ kind: 'labels', entries: labels.entries });
});

test('the tables are those that configs are checked by', () => {
  expect(methodTable.map(({ name }) => name)).toEqual(methodTerms);
  const rule = configTable.find(({ key }) => key === 'labels')?.rule;
  // A program can also pass a source of its own.
  expect(rule).toBe(`one of ${[...labelTable.map(({ name }) => name), 'custom'].join(', ')}`);
});

test.each([
  ['env', ['env'], 'list: the kind must be one of envs, methods, labels, studies, got "env"; did you mean envs?'],
  ['foo', ['foo'], 'list: the kind must be one of envs, methods, labels, studies, got "foo"'],
  ['two kinds', ['envs', 'labels'], "too many arguments for 'list'. Expected 1 argument but got 2."],
])('list %s is wrong usage', async (_, args, message) => {
  expect(await list(...args)).toMatchObject({ code: 2, stdout: '', stderr: `unbraid: ${message}\n` });
});
