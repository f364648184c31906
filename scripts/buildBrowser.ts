/**
 * Makes dist/browser/ from dist/: for pages without a bundler, whole files with their dependencies inside and the .wasm files beside them.
 */
import { cpSync, existsSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const outDir = 'dist/browser';
const modules = ['unbraid.wasm', 'unbraid.threads.wasm'];

/** Each file with what it exports. */
const files: Readonly<Record<string, readonly string[]>> = {
  'unbraid.js': ['src/index.js', 'workers/spawn.web.js'],
  'worker.js': ['workers/worker.web.js'],
};

/** Files that code finds by URL lie elsewhere in dist/; here all of them are neighbours. */
const neighbours: Plugin = {
  name: 'neighbours',
  transform(code) {
    return code.replace(
      /new URL\('[^']*?([\w.]+)', import\.meta\.url\)/g,
      (_, name: string) => `new URL('./${name === 'worker.web.js' ? 'worker.js' : name}', import.meta.url)`,
    );
  },
};

/** A module made of `paths` alone. */
function entry(paths: readonly string[]): Plugin {
  return {
    name: 'entry',
    resolveId: (id) => (id === 'entry' ? '\0entry' : null),
    load: (id) =>
      id === '\0entry'
        ? paths.map((path) => `export * from ${JSON.stringify(resolve('dist', path))};\n`).join('')
        : null,
  };
}

rmSync(outDir, { recursive: true, force: true });
for (const [name, all] of Object.entries(files)) {
  const paths = all.filter((path) => existsSync(`dist/${path}`));
  if (paths.length === 0) continue;
  const bundle = await rolldown({
    input: 'entry',
    platform: 'browser',
    plugins: [entry(paths), neighbours],
    onLog(level, log) {
      if (level !== 'warn') return;
      throw new Error(`buildBrowser: ${name}: ${log.message}`);
    },
  });
  await bundle.write({ file: `${outDir}/${name}`, format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  console.log(`${outDir}/${name}: ${statSync(`${outDir}/${name}`).size} bytes`);
}
for (const name of modules) cpSync(`dist/wasm/${name}`, `${outDir}/${name}`);
