import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { runIn } from './temporaryProject.ts';

const mathsRule = 'lint/nursery/noJsRestrictedProperties';
const clockRule = 'lint/style/noRestrictedGlobals';
const loopRule = 'lint/suspicious/noForIn';
const clockAndMaths = 'export const x = Date.now() + Math.log(performance.now()) ** 2;\n';

const inHostsOrder =
  "export const first = Promise.race(['a'.localeCompare('b')]);\nfor (const key in { a: 1 }) throw new Error(key);\n";
const listFolder = (expression: string): string =>
  `import { readdirSync } from 'node:fs';\nexport const names = (path: string): string[] => ${expression};\n`;

/** File, text, and the rules that reject it. */
const cases: readonly [string, string, string[]][] = [
  ['src/engine/policy/exp.ts', 'export const x = Math.exp(1);\n', [mathsRule]],
  ['src/engine/policy/randomAsValue.ts', 'export const xs = [1, 2].map(Math.random);\n', [mathsRule]],
  ['src/engine/policy/takenOut.ts', 'export const { tanh } = Math;\n', [mathsRule]],
  ['src/engine/policy/inBrackets.ts', "export const x = Math['log'](2);\n", [mathsRule]],
  ['src/engine/policy/throughGlobal.ts', 'export const x = globalThis.Math.pow(2, 0.5);\n', [mathsRule]],
  ['src/engine/policy/power.ts', 'export const half = (x: number): number => x ** 0.5;\n', ['plugin']],
  ['src/engine/policy/powerOfTwo.ts', 'export const two = (x: number): number => 2 ** x;\n', ['plugin']],
  ['src/engine/policy/powerAssigned.ts', 'export let x = 3;\nx **= 2;\n', ['plugin']],
  ['src/engine/policy/date.ts', 'export const now = Date.now();\n', [clockRule]],
  ['src/engine/policy/performance.ts', 'export const now = performance.now();\n', [clockRule]],
  ['src/engine/policy/crypto.ts', 'export const bytes = crypto.getRandomValues(new Uint8Array(4));\n', [clockRule]],
  ['src/engine/policy/intl.ts', "export const less = new Intl.Collator('sv').compare;\n", [clockRule]],
  ['src/engine/policy/intlThroughGlobal.ts', 'export const tables = globalThis.Intl;\n', [mathsRule]],
  ['src/record/intl.node.ts', "export const less = new Intl.Collator('sv').compare;\n", [clockRule]],
  ['src/engine/policy/localeCompare.ts', "export const order = 'a'.localeCompare('b');\n", [mathsRule]],
  ['src/engine/policy/toLocaleString.ts', 'export const text = (0.5).toLocaleString();\n', [mathsRule]],
  ['workers/toLocaleUpperCase.ts', "export const text = 'i'.toLocaleUpperCase();\n", [mathsRule]],
  ['src/engine/policy/toLocaleLowerCase.ts', "export const { toLocaleLowerCase } = 'I';\n", [mathsRule]],
  ['src/engine/policy/forIn.ts', 'for (const key in { a: 1 }) throw new Error(key);\n', [loopRule]],
  ['workers/forIn.ts', 'for (const key in { a: 1 }) throw new Error(key);\n', [loopRule]],
  ['src/engine/policy/race.ts', 'export const first = Promise.race([]);\n', ['plugin']],
  ['workers/any.ts', 'export const first = Promise.any([]);\n', ['plugin']],
  ['src/engine/policy/raceAsValue.ts', 'export const first = Promise.race;\n', ['plugin']],
  ['src/engine/layers/signedShift.ts', 'export const at = (address: number): number => address >> 2;\n', ['plugin']],
  [
    'src/engine/layers/signedShiftOfSum.ts',
    'export const at = (a: number, n: number): number => (a + 4 * n) >> 3;\n',
    ['plugin'],
  ],
  ['src/parallel/signedShiftBy.ts', 'export const at = (a: number, n: number): number => a >> n;\n', ['plugin']],
  ['src/cli/signedShift.ts', 'export const at = (address: number): number => address >> 2;\n', ['plugin']],
  ['workers/signedShift.ts', 'export const at = (address: number): number => address >> 1;\n', ['plugin']],
  ['src/engine/policy/shiftAssigned.ts', 'export let at = 8;\nat >>= 2;\n', ['plugin']],
  ['src/engine/policy/ownIndex.ts', 'export const at = (address: number): number => address >>> 2;\n', ['plugin']],
  ['src/engine/policy/ownIndex64.ts', 'export const at = (address: number): number => address >>> 3;\n', ['plugin']],
  ['src/record/folder.node.ts', listFolder('readdirSync(path)'), ['plugin']],
  ['src/record/folderFiltered.node.ts', listFolder("readdirSync(path).filter((name) => name !== '')"), ['plugin']],
  ['src/record/folderLooped.node.ts', listFolder('[...readdirSync(path)]'), ['plugin']],
  ['src/engine/policy/any.ts', 'export const x: any = 1;\n', ['lint/suspicious/noExplicitAny']],
  ['src/engine/policy/lostPromise.ts', 'const later = async () => 1;\nlater();\n', ['lint/nursery/noFloatingPromises']],
  [
    'src/engine/policy/typeAsValue.ts',
    "import { Rows } from './rows.ts';\nexport const x: Rows = 1;\n",
    ['lint/style/useImportType'],
  ],
  ['assembly/excluded.ts', 'export const x = a == b ? Math.exp(1) : 0;\n', []],
  ['src/engine/policy/exact.ts', 'export const x = Math.sqrt(2) + Math.fround(0.1) + Math.imul(3, 4) + Math.PI;\n', []],
  ['src/engine/policy/exactPower.ts', 'export const limit = 2 ** 53;\n', []],
  ['src/engine/policy/inOrder.ts', "export const text = 'i'.toUpperCase() + (0.5).toString() + ('a' < 'b');\n", []],
  ['src/engine/policy/forOf.ts', 'for (const key of Object.keys({ a: 1 })) throw new Error(key);\n', []],
  ['src/engine/policy/otherShift.ts', 'export const half = (n: number): number => (n >>> 1) + (n << 2);\n', []],
  ['src/engine/kernels/address.ts', 'export const at = (address: number): number => address >>> 2;\n', []],
  ['src/engine/policy/all.ts', 'export const every = Promise.all([]);\n', []],
  ['src/record/folderSorted.node.ts', listFolder("readdirSync(path).filter((name) => name !== '').sort()"), []],
  ['src/record/folderSortedCopy.node.ts', listFolder('readdirSync(path).toSorted()'), []],
  ['src/cli/inHostsOrder.ts', inHostsOrder, []],
  ['src/report/inHostsOrder.ts', inHostsOrder, []],
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
