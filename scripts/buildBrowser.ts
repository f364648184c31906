/**
 * Makes dist/browser/ from dist/: for pages without a bundler, whole files with their dependencies inside and the .wasm files beside them.
 */
import { cpSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const outDir = 'dist/browser';
const modules = ['unbraid.wasm', 'unbraid.threads.wasm'];

/** Each file with the module it is made from. */
const files: Readonly<Record<string, string>> = { 'unbraid.js': 'library', 'worker.js': 'dist/workers/worker.web.js' };

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

rmSync(outDir, { recursive: true, force: true });
for (const [name, input] of Object.entries(files)) {
  const bundle = await rolldown({
    input,
    platform: 'browser',
    plugins: [library, neighbours],
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
