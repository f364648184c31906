/** Compiles the engine's WebAssembly module and instantiates it on a memory that TypeScript owns. */
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../../wasm/unbraid.js';

/** The exports of assembly/index.ts; pointers are byte addresses. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** `threads` runs on shared memory, to the bits of `single`. `relaxed` may round a * b + c once: its bits depend on the processor. */
export type Build = 'single' | 'threads' | 'relaxed';

const compiled = new Map<Build, Promise<WebAssembly.Module>>();

async function compile(build: Build): Promise<WebAssembly.Module> {
  // Whole literals, inside a function: bundlers look for them, and hosts without files never come here.
  const url = {
    single: () => new URL('../../wasm/unbraid.wasm', import.meta.url),
    threads: () => new URL('../../wasm/unbraid.threads.wasm', import.meta.url),
    relaxed: () => new URL('../../wasm/unbraid.relaxed.wasm', import.meta.url),
  }[build]();
  if (url.protocol === 'file:') {
    // No static import of a host module: bundlers for browsers would try to resolve it.
    const fs = globalThis.process.getBuiltinModule('node:fs/promises');
    return WebAssembly.compile(new Uint8Array(await fs.readFile(url)));
  }
  return WebAssembly.compileStreaming(fetch(url));
}

/** An error of the host that does not know relaxed SIMD says which byte it did not read. */
async function compileRelaxed(): Promise<WebAssembly.Module> {
  try {
    return await compile('relaxed');
  } catch (cause) {
    throw new Error(
      `engineModule: relaxed arithmetic needs an engine with relaxed SIMD, got ${(cause as Error).message}; train with exact arithmetic`,
      { cause },
    );
  }
}

/** The engine's compiled module, compiled once per process and build. */
export function engineModule(build: Build = 'single'): Promise<WebAssembly.Module> {
  const known = compiled.get(build) ?? (build === 'relaxed' ? compileRelaxed() : compile(build));
  compiled.set(build, known);
  return known;
}

/** Instantiates a compiled module on `memory`. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  // The instance's own exports: those that the loader gives beside it pass every call through one more function.
  return instantiateSync(module, { env: { memory } }).instance.exports as unknown as Kernels;
}
