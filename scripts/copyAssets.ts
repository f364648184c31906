/**
 * Completes dist/: it mirrors the root, so that paths between folders are the same from source and from the build.
 * Removes what the compiler wrote from sources that no longer exist, so that the package does not contain them.
 */
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';

cpSync('wasm', 'dist/wasm', {
  recursive: true,
  filter: (path) => !/\.js$|(threads|relaxed|wide)\.d\.ts$/.test(path),
});
cpSync('src/engine/kernels/compiled.d.ts', 'dist/wasm/compiled.d.ts');
cpSync('bridges', 'dist/bridges', { recursive: true, filter: (path) => !path.includes('__pycache__') });
chmodSync('dist/src/cli/main.js', 0o755);

for (const folder of ['src', 'workers']) {
  for (const path of readdirSync(`dist/${folder}`, { recursive: true, encoding: 'utf8' }).sort()) {
    const source = path.replace(/\.(?:d\.ts|js|js\.map)$/, '.ts');
    if (!existsSync(`${folder}/${source}`)) rmSync(`dist/${folder}/${path}`, { recursive: true, force: true });
  }
}
