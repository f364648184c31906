/** Compiles the engine's WebAssembly module and instantiates it on a memory that TypeScript owns. */
import type { instantiate } from '../../wasm/unbraid.js';

/** The exports of assembly/index.ts; pointers are byte addresses. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** `threads` runs on shared memory; both give the same bits. */
export type Build = 'single' | 'threads';

const compiled = new Map<Build, Promise<WebAssembly.Module>>();

async function compile(build: Build): Promise<WebAssembly.Module> {
  // Whole literals, inside a function: bundlers look for them, and hosts without files never come here.
  const url =
    build === 'single'
      ? new URL('../../wasm/unbraid.wasm', import.meta.url)
      : new URL('../../wasm/unbraid.threads.wasm', import.meta.url);
  if (url.protocol === 'file:') {
    // No static import of a host module: bundlers for browsers would try to resolve it.
    const fs = globalThis.process.getBuiltinModule('node:fs/promises');
    return WebAssembly.compile(new Uint8Array(await fs.readFile(url)));
  }
  return WebAssembly.compileStreaming(fetch(url));
}

/** The engine's compiled module, compiled once per process and build. */
export function engineModule(build: Build = 'single'): Promise<WebAssembly.Module> {
  const known = compiled.get(build) ?? compile(build);
  compiled.set(build, known);
  return known;
}

/** Instantiates a compiled module on `memory`. Works where hosts forbid compiling bytes. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
