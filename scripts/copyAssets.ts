/** Completes dist/: it mirrors the root, so that paths between folders are the same from source and from the build. */
import { chmodSync, cpSync } from 'node:fs';

cpSync('wasm', 'dist/wasm', {
  recursive: true,
  filter: (path) => !/\.js$|(threads|relaxed)\.d\.ts$/.test(path),
});
cpSync('src/engine/kernels/compiled.d.ts', 'dist/wasm/compiled.d.ts');
cpSync('bridges', 'dist/bridges', { recursive: true, filter: (path) => !path.includes('__pycache__') });
chmodSync('dist/src/cli/main.js', 0o755);
