/**
 * Preloaded into a process and its worker threads (`node --import`): the files of the narrow builds are read as those
 * of the wide builds, and V8 compiles each of their functions by the compiler that merges vector operations. It
 * replaces Node's file function, so the product needs no hook for it. Plain JavaScript, because a test can start a Node
 * that does not run TypeScript.
 */
import { setFlagsFromString } from 'node:v8';

const promises = process.getBuiltinModule('node:fs/promises');
const { readFile } = promises;

promises.readFile = (path, ...options) => {
  const narrow = /\/wasm\/unbraid(\.threads|\.relaxed)?\.wasm$/;
  const wide = path instanceof URL && new URL(path.href.replace(narrow, '/wasm/unbraid$1.wide.wasm'));
  return readFile(wide || path, ...options);
};
const version = Number.parseInt(process.versions.v8, 10);
// From V8 14 on, --no-liftoff at run time needs the other two; see src/engine/kernels/optimised.ts.
const inlining = version < 14 ? [] : ['--no-wasm-inlining-call-indirect', '--no-wasm-inlining'];
const merging = version < 15 ? '--experimental-wasm-revectorize' : '--wasm-revectorize';
for (const flag of [...inlining, '--no-liftoff', merging]) setFlagsFromString(flag);
