/**
 * Makes from dist/ whole files with their dependencies inside: dist/browser/ for pages without a bundler, with the .wasm files beside them, and
 * dist/node/unbraid.js, because Node takes longer to find and load a hundred files than to train for the first time.
 */
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { packagesIn } from './package/packagesIn.ts';

const modules = ['unbraid.wasm', 'unbraid.threads.wasm', 'unbraid.relaxed.wasm'];

/** Each file with the module it is made from. */
const files: Readonly<Record<string, string>> = {
  'dist/node/unbraid.js': 'dist/src/index.js',
  'dist/browser/unbraid.js': 'library',
  'dist/browser/worker.js': 'dist/workers/worker.web.js',
};

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

/** The library and what starts its workers, in one module. */
const library: Plugin = {
  name: 'library',
  resolveId: (id) => (id === 'library' ? '\0library' : null),
  load: (id) =>
    id === '\0library'
      ? ['src/index.js', 'workers/spawn.web.js']
          .map((path) => `export * from ${JSON.stringify(resolve('dist', path))};\n`)
          .join('')
      : null,
};

const packages = new Set<string>();
for (const folder of ['dist/node', 'dist/browser']) rmSync(folder, { recursive: true, force: true });
for (const [file, input] of Object.entries(files)) {
  const folder = dirname(file);
  const bundle = await rolldown({
    input,
    platform: 'browser',
    plugins: [library, relocated(folder)],
    onLog(level, log) {
      if (level !== 'warn') return;
      throw new Error(`buildBundles: ${basename(file)}: ${log.message}`);
    },
  });
  const { output } = await bundle.write({
    file,
    format: 'esm',
    // Traces from Node name functions as the source does.
    minify: folder !== 'dist/node',
    codeSplitting: false,
    // The map names files of dist/, which the package contains.
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  for (const name of packagesIn(output)) packages.add(name);
  await bundle.close();
  console.log(`${file}: ${statSync(file).size} bytes`);
}
for (const name of modules) cpSync(`dist/wasm/${name}`, `dist/browser/${name}`);
// scripts/package.ts reads their licences.
writeFileSync('dist/bundled.json', `${JSON.stringify([...packages].sort())}\n`);
