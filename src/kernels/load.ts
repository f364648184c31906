/** Compiles the engine's WebAssembly module and instantiates it on a memory that TypeScript owns. */
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../../wasm/unbraid.js';

/** The exports of assembly/index.ts; pointers are byte addresses. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

const moduleUrl = new URL('../../wasm/unbraid.wasm', import.meta.url);
let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  if (moduleUrl.protocol === 'file:') {
    // No static import of a host module: bundlers for browsers would try to resolve it.
    const fs = globalThis.process.getBuiltinModule('node:fs/promises');
    return WebAssembly.compile(new Uint8Array(await fs.readFile(moduleUrl)));
  }
  return WebAssembly.compileStreaming(fetch(moduleUrl));
}

/** The engine's compiled module, compiled once per process. */
export function engineModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

/** Instantiates a compiled module on `memory`. Works where hosts forbid compiling bytes. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return instantiateSync<Record<string, unknown>>(module, { env: { memory } }).exports as unknown as Kernels;
}
