import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Project, packedFiles, projectWithPackage, root } from './installedPackage.ts';

const consumer = `import { type Config, train, type TrainOutcome } from 'unbraid';
import { type OpenedPolicy, openPolicy } from 'unbraid/edge';
import { spawnWorker } from 'unbraid/workers';
import module from 'unbraid/edge.wasm';
import engine from 'unbraid/unbraid.wasm';

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
// @ts-expect-error
export const more: Uint8Array = engine;
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
      ...new Set(files.map((path) => path.replace(/^(dist\/(?:src|node|workers))\/.*?(\.d\.ts|\.js)$/, '$1 $2'))),
    ];
    expect(kinds).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/bridges/textworld_express_bridge.py',
      'dist/browser/unbraid.js',
      'dist/browser/unbraid.relaxed.wasm',
      'dist/browser/unbraid.threads.wasm',
      'dist/browser/unbraid.wasm',
      'dist/browser/worker.js',
      'dist/node .js',
      'dist/src .d.ts',
      'dist/src .js',
      'dist/wasm/compiled.d.ts',
      'dist/wasm/peak.wasm',
      'dist/wasm/unbraid.d.ts',
      'dist/wasm/unbraid.edge.wasm',
      'dist/wasm/unbraid.relaxed.wasm',
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

  test('brings a command that starts', () => {
    const command = join(project.folder, 'node_modules/unbraid/dist/src/cli/main.js');
    accessSync(command, constants.X_OK);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(execFileSync(process.execPath, [command, '--version'], { encoding: 'utf8' }).trim()).toBe(version);
  });
});
