/**
 * Bundles dist/ into files that contain their dependencies: dist/browser/ for pages without a bundler, with the .wasm
 * files beside them, and dist/node/, one file for each entry and one that they share. Node loads a hundred single files
 * more slowly than it trains for the first time.
 */
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { packagesIn } from './package/packagesIn.ts';

/** The entries of src/entry; `unbraid/edge` has no bundle. */
const entries = ['layers', 'learn', 'env', 'coupling', 'statistics', 'record', 'volunteer'];

const modules = ['unbraid.wasm', 'unbraid.threads.wasm', 'unbraid.relaxed.wasm'];

/** The folder of each bundle, with its entries: name of the file to the module that it is made from. */
const bundles: readonly (readonly [folder: string, inputs: Readonly<Record<string, string>>])[] = [
  [
    'dist/node',
    {
      unbraid: 'dist/src/index.js',
      ...Object.fromEntries(entries.map((name) => [name, `dist/src/entry/${name}.js`])),
      workers: 'dist/workers/workers.node.js',
    },
  ],
  ['dist/browser', { unbraid: 'library' }],
  ['dist/browser', { worker: 'dist/workers/worker.web.js' }],
];

/** Files that code finds by URL: beside a page's file; for Node they stay in dist/wasm. */
const placed = (folder: string, name: string): string => {
  if (folder === 'dist/node') return `../wasm/${name}`;
  return `./${name === 'worker.web.js' ? 'worker.js' : name}`;
};

const relocated = (folder: string): Plugin => ({
  name: 'relocated',
  transform(code) {
    const moved = code.replace(
      /new URL\('[^']*?([\w.]+)', import\.meta\.url\)/g,
      (_, name: string) => `new URL('./${placed(folder, name)}', import.meta.url)`,
    );
    if (moved === code) return null;
    // Line i of the result is line i of the code: the map has one segment for each line.
    const mappings = code.replace(/[^\n]+/g, '').replaceAll('\n', ';AACA');
    return { code: moved, map: { mappings: `AAAA${mappings}`, names: [], sources: [], version: 3 } };
  },
});

/** The names of all entries in one module. */
const library: Plugin = {
  name: 'library',
  resolveId: (id) => (id === 'library' ? '\0library' : null),
  load: (id) =>
    id === '\0library'
      ? ['src/index.js', ...entries.map((name) => `src/entry/${name}.js`), 'workers/workers.web.js']
          .map((path) => `export * from ${JSON.stringify(resolve('dist', path))};\n`)
          .join('')
      : null,
};

/** The module that starts threads in Node stays in dist/workers, because it starts a script beside itself. */
const outside: Plugin = {
  name: 'outside',
  resolveId: (id) => (id === './spawn.node.js' ? { id: '../workers/spawn.node.js', external: 'relative' } : null),
};

const packages = new Set<string>();
for (const folder of ['dist/node', 'dist/browser']) rmSync(folder, { recursive: true, force: true });
for (const [folder, input] of bundles) {
  const forNode = folder === 'dist/node';
  const bundle = await rolldown({
    input,
    platform: 'browser',
    plugins: [library, outside, relocated(folder)],
    onLog(level, log) {
      if (level !== 'warn') return;
      throw new Error(`buildBundles: ${Object.keys(input)}: ${log.message}`);
    },
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: '[name].js',
    // Traces from Node name functions as the source does.
    minify: !forNode,
    // In Node the entries share one file: two copies of a class would not be the same class.
    codeSplitting: forNode && { groups: [{ name: 'library', test: /^(?!.*workers\.node\.js$)/ }] },
    // The map names files of dist/, which the package contains.
    sourcemap: true,
    sourcemapExcludeSources: true,
    // Docstrings are a quarter of the file, and Node reads all of it. Licences are in THIRD-PARTY.md.
    ...(forNode && { comments: { legal: true, annotation: true, jsdoc: false } }),
  });
  for (const name of packagesIn(output)) packages.add(name);
  await bundle.close();
  for (const { fileName } of output) {
    if (!fileName.endsWith('.map'))
      console.log(`${folder}/${fileName}: ${statSync(`${folder}/${fileName}`).size} bytes`);
  }
}
for (const name of modules) cpSync(`dist/wasm/${name}`, `dist/browser/${name}`);
// scripts/package.ts reads their licences.
writeFileSync('dist/bundled.json', `${JSON.stringify([...packages].sort())}\n`);
