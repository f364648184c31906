import { beforeAll, describe, expect, test } from 'vitest';
import { runIn } from './temporaryProject.ts';

/** An importing file, what it imports, and the rules that it breaks in alphabetical order. */
const cases: readonly [string, string, string[]][] = [
  ['src/env/importer1.ts', 'src/kernels/arena.ts', ['environments-and-labels-know-no-wasm', 'environments-only-act']],
  ['src/env/importer2.ts', 'src/rollout/rollout.ts', ['environments-only-act']],
  ['src/advantage/importer3.ts', 'src/layers/network.ts', ['environments-and-labels-know-no-wasm']],
  ['src/labels/importer4.ts', 'src/policy/policy.ts', ['environments-and-labels-know-no-wasm']],
  ['src/kernels/importer5.ts', 'src/layers/network.ts', ['kernels-at-the-bottom']],
  ['src/layers/importer6.ts', 'src/policy/policy.ts', ['layers-on-kernels']],
  ['src/policy/importer7.ts', 'src/objective/objective.ts', ['policy-on-layers']],
  ['src/policy/importer8.ts', 'src/env/environment.ts', ['env-by-type']],
  ['src/rollout/importer9.ts', 'src/labels/labels.ts', ['rollouts-collect']],
  ['src/objective/importer10.ts', 'src/train/config.ts', ['objectives-ask-for-gradients']],
  ['src/coupling/importer11.ts', 'src/train/update.ts', ['coupling-knows-no-trainer']],
  ['src/evaluate/importer12.ts', 'src/train/update.ts', ['evaluation-knows-no-trainer']],
  ['src/record/importer13.ts', 'src/train/config.ts', ['records-keep']],
  ['src/train/importer14.ts', 'src/report/records.ts', ['record-types-only', 'training-shows-nothing']],
  ['src/report/importer15.ts', 'src/train/config.ts', ['reports-read-records']],
  ['src/report/importer16.ts', 'src/record/run.node.ts', ['node-files-from-node-files', 'reports-read-records']],
  ['src/danger/importer17.ts', 'src/report/records.ts', ['record-types-only']],
  ['src/train/importer18.ts', 'src/cli/print.ts', ['command-line-on-top', 'training-shows-nothing']],
  ['src/train/importer19.ts', 'src/index.ts', ['index-is-for-users']],
  ['src/train/importer20.ts', 'workers/entry.ts', ['no-workers']],
  ['src/train/importer21.ts', 'src/record/files.node.ts', ['node-files-from-node-files']],
  ['src/train/importer23.ts', 'src/edge.ts', ['index-is-for-users']],
  ['src/train/importer22.ts', 'test/fixture.ts', ['source-needs-no-tests']],
  ['src/parallel/importer25.ts', 'src/report/records.ts', ['record-types-only', 'threads-write-nothing']],
  ['src/parallel/importer26.ts', 'src/record/run.node.ts', ['node-files-from-node-files', 'threads-write-nothing']],
  ['src/parallel/importer27.ts', 'src/cli/print.ts', ['command-line-on-top', 'threads-write-nothing']],
  ['src/parallel/importer28.ts', 'src/danger/danger.ts', ['threads-write-nothing']],
  ['src/parallel/importer29.ts', 'src/record/json.ts', []],
  ['src/parallel/importer30.ts', 'workers/entry.ts', ['no-workers']],
  ['src/kernels/importer31.ts', 'src/parallel/crew.ts', ['kernels-at-the-bottom', 'work-knows-no-threads']],
  ['src/layers/importer32.ts', 'src/parallel/crew.ts', ['layers-on-kernels', 'work-knows-no-threads']],
  ['src/policy/importer33.ts', 'src/parallel/crew.ts', ['policy-on-layers', 'work-knows-no-threads']],
  ['src/rollout/importer34.ts', 'src/parallel/crew.ts', ['rollouts-collect', 'work-knows-no-threads']],
  ['src/coupling/importer35.ts', 'src/parallel/crew.ts', ['work-knows-no-threads']],
  ['src/objective/importer36.ts', 'src/parallel/crew.ts', ['objectives-ask-for-gradients', 'work-knows-no-threads']],
  ['src/env/importer37.ts', 'src/parallel/crew.ts', ['environments-only-act', 'work-knows-no-threads']],
  ['src/evaluate/importer38.ts', 'src/parallel/crew.ts', ['work-knows-no-threads']],
  ['src/conflict/importer42.ts', 'src/coupling/gram.ts', ['remedies-use-plain-arrays']],
  ['src/conflict/importer43.ts', 'src/kernels/arena.ts', ['remedies-use-plain-arrays']],
  ['src/conflict/importer44.ts', 'src/evaluate/statistics.ts', ['remedies-use-plain-arrays']],
  ['src/conflict/importer45.ts', 'wasm/compiled.ts', ['remedies-use-plain-arrays']],
  ['src/conflict/importer46.ts', 'src/random.ts', []],
  ['src/conflict/importer47.ts', 'src/conflict/tasks.ts', []],
  ['src/report/importer48.ts', 'src/evaluate/bootstrap.ts', []],
  ['src/report/importer49.ts', 'src/evaluate/success.ts', ['reports-read-records']],
  ['src/report/importer50.ts', 'src/study/job.ts', ['reports-read-records', 'studies-are-run']],
  ['src/danger/importer51.ts', 'src/study/job.ts', ['studies-are-run']],
  ['src/study/importer52.ts', 'src/report/records.ts', []],
  ['workers/importer39.ts', 'src/parallel/crew.ts', []],
  ['workers/importer40.ts', 'src/policy/policy.ts', ['workers-hold-seats']],
  ['workers/importer41.ts', 'test/fixture.ts', ['source-needs-no-tests']],
  ['src/train/importsNode.ts', 'node:path', ['node-in-node-files']],
  ['src/record/importsNode.node.ts', 'node:path', []],
  ['src/cli/importsNode.ts', 'node:path', []],
  ['src/cli/opens1.ts', 'src/env/bridge.node.ts', ['bridges-need-permission']],
  ['src/cli/study/opens2.ts', 'src/env/resolveBridge.node.ts', ['bridges-need-permission']],
  ['src/cli/bridges.ts', 'src/env/bridge.node.ts', []],
  ['src/train/missing.ts', 'src/train/nowhere.ts', ['resolvable']],
  ['src/cli/program.ts', 'src/train/trainer.ts', []],
];

const relative = (from: string, to: string): string =>
  to.startsWith('node:') ? to : `${'../'.repeat(from.split('/').length - 1)}${to}`;

const comlink = "import { wrap } from 'comlink';\nexport const y = wrap;\n";

/** Text of other importing files, and the rules that they break. */
const texts: Readonly<Record<string, readonly [string, string[]]>> = {
  'workers/messages.ts': [comlink, []],
  'src/parallel/messages.ts': [comlink, ['comlink-in-workers']],
  'src/cli/messages.ts': [comlink, ['comlink-in-workers']],
  'src/train/dynamic.ts': [
    "export const y = async () => (await import('../record/files.node.ts')).x;\n",
    ['node-files-from-node-files'],
  ],
  // A circle is reported once, from the first of its files by name.
  'src/train/circleA.ts': ["export { x } from './circleB.ts';\n", ['no-circular']],
  'src/train/circleB.ts': ["export { x } from './circleA.ts';\n", []],
  'src/policy/type.ts': ["import type { X } from '../env/environment.ts';\nexport const y: X = 1;\n", []],
  'src/danger/type.ts': ["import type { X } from '../report/records.ts';\nexport const y: X = 1;\n", []],
};

describe('imports', () => {
  const broken = new Map<string, Set<string>>();
  beforeAll(() => {
    const files: Record<string, string> = {
      'package.json': '{ "type": "module", "dependencies": { "comlink": "1.0.0" } }',
      'node_modules/comlink/package.json': '{ "name": "comlink", "version": "1.0.0", "main": "index.js" }',
      'node_modules/comlink/index.js': 'export const wrap = 1;\n',
    };
    for (const [from, to] of cases) {
      files[from] = `import { x } from '${relative(from, to)}';\nexport const y = x;\n`;
      if (!to.startsWith('node:') && to !== 'src/train/nowhere.ts')
        files[to] ??= 'export const x = 1;\nexport type X = number;\n';
    }
    for (const [path, [text]] of Object.entries(texts)) files[path] = text;
    const command = ['depcruise', '--config', 'dependency-cruiser.cjs', '--output-type', 'json', 'src', 'workers'];
    const { output } = runIn(files, ['dependency-cruiser.cjs', 'tsconfig.json'], command);
    const { summary } = JSON.parse(output) as { summary: { violations: { from: string; rule: { name: string } }[] } };
    for (const { from, rule } of summary.violations) broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  });

  test.each(cases)('of %s from %s', (from, _, rules) => {
    expect([...(broken.get(from) ?? [])].sort()).toEqual(rules);
  });

  test.each(Object.entries(texts))('of %s', (path, [, rules]) => {
    expect([...(broken.get(path) ?? [])].sort()).toEqual(rules);
  });
});
