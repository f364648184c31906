import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { train } from '../../src/train/trainer.ts';
import { type Project, packedFiles, projectWithPackage, root } from './installedPackage.ts';
import { snippetFiles } from './snippets.ts';

const consumer = `import { type Config, train, type TrainOutcome } from 'unbraid';
import { type OpenedPolicy, openPolicy } from 'unbraid/edge';
import { spawnWorker } from 'unbraid/workers';
import module from 'unbraid/unbraid.wasm';

const config: Partial<Config> = { iterations: 0 };
const run: TrainOutcome = await train(config);
const policy: OpenedPolicy = openPolicy(module, new Uint8Array());
export const good: [number, number, Float32Array] = [spawnWorker.length, run.success.train, policy.logProbs({ observation: [], info: { admissibleActions: [] } })];
// @ts-expect-error: a type that was not found would be any, and this no error.
export const wrong: string = run.success.train;
// @ts-expect-error
policy.nothing();
// @ts-expect-error
export const bytes: Uint8Array = module;
`;

const compilerOptions = {
  noEmit: true,
  strict: true,
  target: 'es2022',
  lib: ['es2023', 'webworker'],
  types: [],
  skipDefaultLibCheck: true,
};

const bin = (name: string): string => join(root, 'node_modules/.bin', name);

let project: Project;
beforeAll(() => {
  project = projectWithPackage({
    ...snippetFiles('Node'),
    'consumer.ts': consumer,
    ...Object.fromEntries(
      [
        // Once with all declarations checked, which takes longest.
        { moduleResolution: 'nodenext', module: 'nodenext', skipLibCheck: false },
        { moduleResolution: 'bundler', module: 'esnext', skipLibCheck: true },
      ].map((options) => [
        `tsconfig.${options.moduleResolution}.json`,
        JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, files: ['consumer.ts'] }),
      ]),
    ),
  });
});
afterAll(() => project.remove());

describe('the package', () => {
  test('ships the build, the bridges, the modules and the papers, and nothing else', () => {
    const files = packedFiles();
    const kinds = [
      ...new Set(files.map((path) => path.replace(/^(dist\/(?:src|workers))\/.*?(\.d\.ts|\.js)$/, '$1 $2'))),
    ];
    expect(kinds).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/bridges/textworld_express_bridge.py',
      'dist/browser/unbraid.js',
      'dist/browser/unbraid.threads.wasm',
      'dist/browser/unbraid.wasm',
      'dist/browser/worker.js',
      'dist/src .d.ts',
      'dist/src .js',
      'dist/wasm/compiled.d.ts',
      'dist/wasm/unbraid.d.ts',
      'dist/wasm/unbraid.threads.wasm',
      'dist/wasm/unbraid.wasm',
      'dist/workers .d.ts',
      'dist/workers .js',
      'package.json',
    ]);
  });

  test.each(['nodenext', 'bundler'])('has types that resolve with moduleResolution %s', (kind) => {
    const { status, stdout } = spawnSync(bin('tsc'), ['-p', `tsconfig.${kind}.json`], {
      cwd: project.folder,
      encoding: 'utf8',
    });
    expect([stdout, status]).toEqual(['', 0]);
  });

  test('trains where it is installed, to the bits of its source, and its command starts', async () => {
    const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
    const run = (args: readonly string[]): string =>
      execFileSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' }).trim();
    expect(run(['main.js'])).toBe(parametersSha256);
    const command = 'node_modules/unbraid/dist/src/cli/main.js';
    accessSync(join(project.folder, command), constants.X_OK);
    expect(run([command, '--version'])).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
