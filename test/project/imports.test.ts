import { beforeAll, describe, expect, test } from 'vitest';
import { runIn } from './temporaryProject.ts';

/** An importing file, what it imports, and the rules that it breaks in alphabetical order. */
const cases: readonly [string, string, string[]][] = [
  ['src/check/a1.ts', 'src/random.ts', ['imports-of-check']],
  ['src/random.ts', 'src/config/config.ts', ['imports-of-root']],
  ['src/config/a2.ts', 'src/env/environment.ts', ['imports-of-config']],
  ['src/record/a3.ts', 'src/config/config.ts', ['imports-of-record']],
  ['src/statistics/a4.ts', 'src/record/json.ts', ['imports-of-statistics']],
  ['src/report/a5.ts', 'src/config/config.ts', ['imports-of-report']],
  ['src/report/a6.ts', 'src/record/run.node.ts', ['node-files-from-node-files']],
  ['src/report/a7.ts', 'src/statistics/bootstrap.ts', []],
  ['src/report/a8.ts', 'src/study/job.ts', ['imports-of-report']],
  ['src/env/a9.ts', 'src/engine/kernels/arena.ts', ['imports-of-env']],
  ['src/env/text/a10.ts', 'src/rollout/rollout.ts', ['imports-of-env']],
  ['src/engine/kernels/a11.ts', 'src/engine/layers/network.ts', ['imports-of-engine/kernels']],
  ['src/engine/kernels/a12.ts', 'wasm/compiled.ts', []],
  ['src/engine/layers/a13.ts', 'src/engine/policy/policy.ts', ['imports-of-engine/layers']],
  ['src/engine/layers/a14.ts', 'wasm/compiled.ts', ['compiled-in-kernels']],
  ['src/engine/states/a15.ts', 'src/engine/policy/policy.ts', ['imports-of-engine/states']],
  ['src/engine/states/a16.ts', 'src/env/environment.ts', ['environments-by-type']],
  ['src/engine/states/a17.ts', 'src/env/limits.ts', []],
  ['src/engine/policy/a18.ts', 'src/engine/learn/objective.ts', ['imports-of-engine/policy']],
  ['src/engine/learn/a19.ts', 'src/config/config.ts', ['imports-of-engine/learn']],
  ['src/engine/learn/a20.ts', 'src/parallel/updates.ts', ['imports-of-engine/learn']],
  ['src/rollout/a21.ts', 'src/credit/labels/labels.ts', ['imports-of-rollout']],
  ['src/rollout/a22.ts', 'src/parallel/crew.ts', ['imports-of-rollout']],
  ['src/credit/labels/a23.ts', 'src/engine/policy/policy.ts', ['imports-of-credit']],
  ['src/credit/advantages/a24.ts', 'src/engine/layers/network.ts', ['imports-of-credit']],
  ['src/coupling/a25.ts', 'src/engine/learn/update.ts', ['imports-of-coupling']],
  ['src/coupling/remedies/a26.ts', 'src/coupling/gram.ts', ['remedies-use-plain-arrays']],
  ['src/coupling/remedies/a27.ts', 'src/engine/kernels/arena.ts', ['remedies-use-plain-arrays']],
  ['src/coupling/remedies/a28.ts', 'src/random.ts', []],
  ['src/coupling/remedies/a29.ts', 'src/coupling/remedies/tasks.ts', []],
  ['src/parallel/a30.ts', 'src/train/trainer.ts', ['imports-of-parallel']],
  ['src/parallel/a31.ts', 'src/record/schemas.ts', ['records-by-type', 'workers-write-no-record']],
  ['src/parallel/a32.ts', 'src/record/json.ts', []],
  ['src/parallel/a33.ts', 'workers/entry.ts', ['no-workers']],
  ['src/train/a34.ts', 'src/study/job.ts', ['imports-of-train']],
  ['src/train/a35.ts', 'src/record/schemas.ts', ['records-by-type']],
  ['src/train/a36.ts', 'src/cli/shared/print.ts', ['imports-of-train']],
  ['src/train/a37.ts', 'src/index.ts', ['imports-of-train']],
  ['src/train/a38.ts', 'src/record/files.node.ts', ['node-files-from-node-files']],
  ['src/train/a39.ts', 'test/fixture.ts', ['source-needs-no-tests']],
  ['src/study/a40.ts', 'src/record/schemas.ts', []],
  ['src/study/danger/a41.ts', 'src/parallel/crew.ts', ['imports-of-study']],
  ['src/study/a42.ts', 'src/cli/shared/print.ts', ['imports-of-study']],
  ['src/index.ts', 'src/cli/program.ts', ['imports-of-entry']],
  ['src/entry/a49.ts', 'src/report/draw/chart.ts', ['imports-of-entry']],
  ['src/study/a50.ts', 'src/entry/a49.ts', ['imports-of-study']],
  ['src/edge.ts', 'src/report/draw/chart.ts', ['imports-of-entry']],
  ['src/cli/a43.ts', 'src/index.ts', []],
  ['src/cli/a44.ts', 'src/engine/layers/network.ts', ['imports-of-cli']],
  ['src/cli/program.ts', 'src/train/trainer.ts', []],
  ['src/elsewhere/a45.ts', 'src/random.ts', ['every-file-has-a-folder']],
  ['workers/a46.ts', 'src/parallel/crew.ts', []],
  ['workers/a47.ts', 'src/engine/policy/policy.ts', ['workers-import-parallel']],
  ['workers/a48.ts', 'test/fixture.ts', ['source-needs-no-tests']],
  ['src/train/importsNode.ts', 'node:path', ['node-in-node-files']],
  ['src/record/importsNode.node.ts', 'node:path', []],
  ['src/cli/importsNode.ts', 'node:path', []],
  ['src/cli/opens1.ts', 'src/env/bridge/bridge.node.ts', ['bridges-need-permission']],
  ['src/cli/study/opens2.ts', 'src/env/bridge/resolveBridge.node.ts', ['bridges-need-permission']],
  ['src/cli/shared/bridges.ts', 'src/env/bridge/bridge.node.ts', []],
  ['site/src/a51.ts', 'src/random.ts', ['site-uses-the-package']],
  ['site/scripts/a52.ts', 'site/src/a51.ts', []],
  ['src/parallel/a53.ts', 'site/src/a51.ts', ['nothing-needs-the-site']],
  ['src/train/missing.ts', 'src/train/nowhere.ts', ['resolvable']],
];

const relative = (from: string, to: string): string =>
  to.startsWith('node:') ? to : `${'../'.repeat(from.split('/').length - 1)}${to}`;

const comlink = "import { wrap } from 'comlink';\nexport const y = wrap;\n";

/** Text of other importing files, and the rules that they break. */
const texts: Readonly<Record<string, readonly [string, string[]]>> = {
  'workers/messages.ts': [comlink, []],
  'src/parallel/messages.ts': [comlink, ['comlink-in-workers']],
  'src/cli/messages.ts': [comlink, ['comlink-in-workers']],
  'src/cli/worker/queue1.ts': [
    "import { Worker } from 'bullmq';\nexport const y = Worker;\n",
    ['queue-libraries-in-one-file'],
  ],
  'src/cli/worker/queue2.ts': [
    "export const y = async () => (await import('bullmq')).Worker;\n",
    ['queue-libraries-in-one-file'],
  ],
  'src/cli/worker/queue3.ts': ["import type { Worker } from 'bullmq';\nexport type Y = Worker;\n", []],
  'src/study/queue4.ts': [
    "import type { Worker } from 'bullmq';\nexport type Y = Worker;\n",
    ['queue-libraries-by-type'],
  ],
  'src/cli/queue/libraries.ts': [
    "import { Redis } from 'ioredis';\nexport const y = async () => [Redis, (await import('bullmq')).Worker];\n",
    ['queue-libraries-late'],
  ],
  'src/study/jobKinds.ts': ["export { x } from './drawnJob.ts';\n", ['jobs-draw-nothing']],
  'src/study/drawnJob.ts': ["export { x } from '../report/a7.ts';\n", []],
  'src/train/dynamic.ts': [
    "export const y = async () => (await import('../record/files.node.ts')).x;\n",
    ['node-files-from-node-files'],
  ],
  // A cycle is reported once, from the first of its files by name.
  'src/train/circleA.ts': ["export { x } from './circleB.ts';\n", ['no-circular']],
  'src/train/circleB.ts': ["export { x } from './circleA.ts';\n", []],
  'src/engine/policy/type.ts': ["import type { X } from '../../env/environment.ts';\nexport const y: X = 1;\n", []],
  'src/train/type.ts': ["import type { X } from '../record/schemas.ts';\nexport const y: X = 1;\n", []],
};

describe('imports', () => {
  const broken = new Map<string, Set<string>>();
  beforeAll(() => {
    const files: Record<string, string> = {
      'package.json':
        '{ "type": "module", "dependencies": { "comlink": "1.0.0", "bullmq": "1.0.0", "ioredis": "1.0.0" } }',
      'node_modules/comlink/package.json': '{ "name": "comlink", "version": "1.0.0", "main": "index.js" }',
      'node_modules/comlink/index.js': 'export const wrap = 1;\n',
      'node_modules/bullmq/package.json': '{ "name": "bullmq", "version": "1.0.0", "main": "index.js" }',
      'node_modules/bullmq/index.js': 'export const Worker = 1;\n',
      'node_modules/ioredis/package.json': '{ "name": "ioredis", "version": "1.0.0", "main": "index.js" }',
      'node_modules/ioredis/index.js': 'export const Redis = 1;\n',
    };
    for (const [from, to] of cases) {
      files[from] = `import { x } from '${relative(from, to)}';\nexport const y = x;\n`;
      if (!to.startsWith('node:') && to !== 'src/train/nowhere.ts')
        files[to] ??= 'export const x = 1;\nexport type X = number;\n';
    }
    for (const [path, [text]] of Object.entries(texts)) files[path] = text;
    const folders = ['src', 'workers', 'site'];
    const command = ['depcruise', '--config', 'dependency-cruiser.cjs', '--output-type', 'json', ...folders];
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
