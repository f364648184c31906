import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportedFiles, reachable, readManifest, root } from '../../scripts/package/build.ts';
import { linkTargets } from '../../scripts/package/stageText.ts';
import { type Project, packedFiles, projectWithPackage } from './installedPackage.ts';

const consumer = `import { type Config, train, type TrainOutcome } from 'unbraid';
import { type OpenedPolicy, openPolicy } from 'unbraid/edge';
import { spawnWorker } from 'unbraid/workers';
import module from 'unbraid/edge.wasm';
import engine from 'unbraid/unbraid.wasm';

const config: Partial<Config> = { iterations: 0 };
const run: TrainOutcome = await train(config);
const policy: OpenedPolicy = openPolicy(module, new Uint8Array());
export const good: [number, number | null, Float32Array] = [spawnWorker.length, run.success.train, policy.logProbs({ observation: [], info: { admissibleActions: [] } })];
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
  test('contains the build with its source maps, the bridges, the modules and the pages, and no other file', () => {
    const kinds = packedFiles().map((path) =>
      path
        .replace(/^(dist\/(?:src|node|workers))\/.*?(\.d\.ts|\.js|\.js\.map)$/, '$1 $2')
        .replace(/^(dist\/vendor\/\w+)\/.*\.js$/, '$1 .js')
        .replace(/^(docs)\/.*(\.\w+)$/, '$1 $2'),
    );
    expect([...new Set(kinds)].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'THIRD-PARTY.md',
      'dist/bridges/gym_bridge.py',
      'dist/bridges/minatar_bridge.py',
      'dist/bridges/minigrid_bridge.py',
      'dist/bridges/requirements/gym.txt',
      'dist/bridges/requirements/gym_box2d.txt',
      'dist/bridges/requirements/minatar.txt',
      'dist/bridges/requirements/minigrid.txt',
      'dist/bridges/requirements/scienceworld.txt',
      'dist/bridges/requirements/textworld.txt',
      'dist/bridges/requirements/textworld_express.txt',
      'dist/bridges/scienceworld_bridge.py',
      'dist/bridges/shipped.py',
      'dist/bridges/textworld_bridge.py',
      'dist/bridges/textworld_express_bridge.py',
      'dist/bridges/textworld_maker.py',
      'dist/bridges/unbraid_bridge.py',
      'dist/browser/unbraid.js',
      'dist/browser/unbraid.js.map',
      'dist/browser/unbraid.relaxed.wasm',
      'dist/browser/unbraid.threads.wasm',
      'dist/browser/unbraid.wasm',
      'dist/browser/worker.js',
      'dist/browser/worker.js.map',
      'dist/node .js',
      'dist/node .js.map',
      'dist/src .d.ts',
      'dist/src .js',
      'dist/src .js.map',
      'dist/vendor/browser .js',
      'dist/vendor/node .js',
      'dist/wasm/compiled.d.ts',
      'dist/wasm/peak.wasm',
      'dist/wasm/unbraid.d.ts',
      'dist/wasm/unbraid.edge.wasm',
      'dist/wasm/unbraid.relaxed.wasm',
      'dist/wasm/unbraid.relaxed.wide.wasm',
      'dist/wasm/unbraid.threads.wasm',
      'dist/wasm/unbraid.threads.wide.wasm',
      'dist/wasm/unbraid.wasm',
      'dist/wasm/unbraid.wide.wasm',
      'dist/workers .d.ts',
      'dist/workers .js',
      'dist/workers .js.map',
      'docs .md',
      'docs .svg',
      'docs .webp',
      'docs/fleet/Containerfile',
      'package.json',
    ]);
  });

  test('has a source map beside every module of unbraid that a program can import', () => {
    const files = packedFiles();
    const library = reachable(exportedFiles(readManifest().exports), '.js');
    // The files of dist/node beside library.js only re-export.
    const modules = files.filter((path) => /^dist\/(?!vendor\/|node\/(?!library)).*\.js$/.test(path));
    const isCommand = (path: string): boolean => path.startsWith('dist/src/') && !library.has(path);
    expect(modules.filter((path) => isCommand(path) === files.includes(`${path}.map`))).toEqual([]);
    expect(isCommand('dist/src/cli/main.js')).toBe(true);
    const installed = (path: string): string =>
      readFileSync(join(project.folder, 'node_modules/unbraid', path), 'utf8');
    expect(modules.filter((path) => isCommand(path) && installed(path).includes('sourceMappingURL'))).toEqual([]);
    const map = JSON.parse(installed('dist/src/coupling/gram.js.map')) as {
      sources: string[];
      sourcesContent: string[];
    };
    const place = map.sources.findIndex((path) => path.endsWith('/src/coupling/gram.ts'));
    expect(map.sourcesContent[place]).toBe(readFileSync(join(root, 'src/coupling/gram.ts'), 'utf8'));
  });

  test('has a manifest without fields of the repository', () => {
    const manifest = JSON.parse(readFileSync(join(project.folder, 'node_modules/unbraid/package.json'), 'utf8'));
    expect(Object.keys(manifest).sort()).toEqual(
      [
        ...['bin', 'description', 'engines', 'exports', 'keywords', 'license', 'name'],
        ...['peerDependencies', 'peerDependenciesMeta', 'sideEffects', 'type', 'version'],
      ].sort(),
    );
    expect(manifest.exports).toEqual(readManifest().exports);
  });

  test('has pages whose relative links lead to files inside it', () => {
    const files = packedFiles();
    const inside = (target: string): boolean =>
      files.some((path) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`));
    const pages = files.filter((path) => path.endsWith('.md'));
    const dead = pages.flatMap((path) =>
      linkTargets(path, readFileSync(join(project.folder, 'node_modules/unbraid', path), 'utf8'))
        .filter((target) => !inside(target))
        .map((target) => `${path}: ${target}`),
    );
    expect(dead).toEqual([]);
    // Of its links, the README in the package lacks only the one to CONTRIBUTING.md.
    const targets = [root, join(project.folder, 'node_modules/unbraid')].map((folder) =>
      linkTargets('README.md', readFileSync(join(folder, 'README.md'), 'utf8')),
    );
    expect(targets[1]).toEqual(targets[0].filter((target) => target !== 'CONTRIBUTING.md'));
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
