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
  ['envs', environmentTable],
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

test('the tables are those that configs are checked by', () => {
  expect(methodTable.map(({ name }) => name)).toEqual(methodTerms);
  const rule = configTable.find(({ key }) => key === 'labels')?.rule;
  expect(rule).toBe(`one of ${labelTable.map(({ name }) => name).join(', ')}`);
});

test.each([
  ['env', ['env'], 'list: the kind must be one of envs, methods, labels, studies, got "env"; did you mean envs?'],
  ['foo', ['foo'], 'list: the kind must be one of envs, methods, labels, studies, got "foo"'],
  ['nothing', [], "missing required argument 'kind'"],
])('list %s is wrong usage', async (_, args, message) => {
  expect(await list(...args)).toMatchObject({ code: 2, stdout: '', stderr: `unbraid: ${message}\n` });
});

test('options with choices offer the nearest, too', async () => {
  for (const [line, advice] of [
    ['eval . --split out-of-domian', ' Did you mean out-of-domain?'],
    ['verify . --runtime chromum', ' Did you mean chromium?'],
    ['danger --method clasifier', ' Did you mean classifier?'],
    ['danger --preset xyz', 'default, prototype.'],
  ]) {
    const { code, stderr } = await unbraid(line.split(' '));
    expect([code, stderr.endsWith(`${advice}\n`)], stderr).toEqual([2, true]);
  }
});
