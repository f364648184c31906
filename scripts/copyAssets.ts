/** Completes dist/: it mirrors the root, so that paths between folders are the same from source and from the build. */
import { cpSync } from 'node:fs';

cpSync('wasm', 'dist/wasm', { recursive: true, filter: (path) => !path.endsWith('.js') });
cpSync('bridges', 'dist/bridges', { recursive: true, filter: (path) => !path.includes('__pycache__') });
