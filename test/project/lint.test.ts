import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { runIn } from './temporaryProject.ts';

const mathsRule = 'lint/nursery/noJsRestrictedProperties';
const clockRule = 'lint/style/noRestrictedGlobals';
const clockAndMaths = 'export const x = Date.now() + Math.log(performance.now()) ** 2;\n';

/** File, text, and the rules that refuse it. */
const cases: readonly [string, string, string[]][] = [
  ['src/policy/exp.ts', 'export const x = Math.exp(1);\n', [mathsRule]],
  ['src/policy/randomAsValue.ts', 'export const xs = [1, 2].map(Math.random);\n', [mathsRule]],
  ['src/policy/takenOut.ts', 'export const { tanh } = Math;\n', [mathsRule]],
  ['src/policy/inBrackets.ts', "export const x = Math['log'](2);\n", [mathsRule]],
  ['src/policy/throughGlobal.ts', 'export const x = globalThis.Math.pow(2, 0.5);\n', [mathsRule]],
  ['src/policy/power.ts', 'export const half = (x: number): number => x ** 0.5;\n', ['plugin']],
  ['src/policy/powerOfTwo.ts', 'export const two = (x: number): number => 2 ** x;\n', ['plugin']],
  ['src/policy/powerAssigned.ts', 'export let x = 3;\nx **= 2;\n', ['plugin']],
  ['src/policy/date.ts', 'export const now = Date.now();\n', [clockRule]],
  ['src/policy/performance.ts', 'export const now = performance.now();\n', [clockRule]],
  ['src/policy/crypto.ts', 'export const bytes = crypto.getRandomValues(new Uint8Array(4));\n', [clockRule]],
  ['src/policy/any.ts', 'export const x: any = 1;\n', ['lint/suspicious/noExplicitAny']],
  ['src/policy/lostPromise.ts', 'const later = async () => 1;\nlater();\n', ['lint/nursery/noFloatingPromises']],
  [
    'src/policy/typeAsValue.ts',
    "import { Rows } from './rows.ts';\nexport const x: Rows = 1;\n",
    ['lint/style/useImportType'],
  ],
  ['assembly/excluded.ts', 'export const x = a == b ? Math.exp(1) : 0;\n', []],
  ['src/policy/exact.ts', 'export const x = Math.sqrt(2) + Math.fround(0.1) + Math.imul(3, 4) + Math.PI;\n', []],
  ['src/policy/exactPower.ts', 'export const limit = 2 ** 53;\n', []],
  ['src/cli/clock.ts', clockAndMaths, []],
  ['test/clock.test.ts', clockAndMaths, []],
  ['src/report/clock.ts', clockAndMaths, [clockRule, clockRule]],
  ['src/record/clock.node.ts', clockAndMaths, [mathsRule, 'plugin']],
];

describe('lint of files that break a rule, and of files that only seem to', () => {
  const refusals = new Map<string, string[]>();
  beforeAll(() => {
    const files = Object.fromEntries(cases.map(([path, text]) => [path, text]));
    const command = ['biome', 'lint', '--vcs-enabled=false', '--reporter=github', '.'];
    const { output } = runIn(files, ['biome.json', 'lint'], command);
    for (const [, rule, path] of output.matchAll(/::error title=([^,]+),file=([^,]+),/g)) {
      const [file] = cases.find(([name]) => path.endsWith(name)) as [string, string, string[]];
      refusals.set(file, [...(refusals.get(file) ?? []), rule].sort());
    }
  });

  test.each(cases)('%s', (path, _, rules) => {
    expect(refusals.get(path) ?? []).toEqual(rules);
  });
});

test('kernels call no maths library: every function is their own or an instruction', () => {
  const folder = new URL('../../assembly/', import.meta.url);
  const forbidden = /\b(?:JS|Native)?Mathf?\.\w+|\bDate\b|[\w)] \*\*=? /g;
  const calls = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(forbidden)].map(([call]) => call));
  expect(calls).toEqual([]);
});
