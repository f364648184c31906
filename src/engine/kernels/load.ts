/** Compiles the engine's WebAssembly module and instantiates it on a memory that TypeScript owns. */
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../../../wasm/unbraid.js';
import { moduleFrom } from './moduleFrom.ts';

/** The exports of assembly/index.ts; pointers are byte addresses. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** `threads` runs on shared memory, to the bits of `single`. `relaxed` may round a * b + c once: its bits depend on the processor. */
export type Build = 'single' | 'threads' | 'relaxed';

function urlOf(build: Build): URL {
  try {
    // Whole literals, inside functions: bundlers look for them, and hosts without files never come here.
    return {
      single: () => new URL('../../../wasm/unbraid.wasm', import.meta.url),
      threads: () => new URL('../../../wasm/unbraid.threads.wasm', import.meta.url),
      relaxed: () => new URL('../../../wasm/unbraid.relaxed.wasm', import.meta.url),
    }[build]();
  } catch (cause) {
    throw new Error(
      'engineModule: import.meta.url must say where this code is, got none after bundling; pass the module or its URL',
      { cause },
    );
  }
}

/** Whether the bytes arrived and the engine refused them. */
function isCompileError(error: unknown): error is Error {
  const compileError = (e: unknown): boolean => e instanceof WebAssembly.CompileError;
  return error instanceof Error && (compileError(error) || compileError(error.cause));
}

/**
 * The engine's compiled module; see `moduleFrom`.
 *
 * @throws where a host does not know relaxed SIMD and is asked for it: its own error says which byte it did not read
 */
export async function engineModule(build: Build = 'single'): Promise<WebAssembly.Module> {
  const url = urlOf(build);
  try {
    return await moduleFrom(url);
  } catch (cause) {
    if (build !== 'relaxed' || !isCompileError(cause)) throw cause;
    throw new Error(
      `engineModule: relaxed arithmetic needs an engine with relaxed SIMD, got ${cause.message}; train with exact arithmetic`,
      { cause },
    );
  }
}

/** Instantiates a compiled module on `memory`. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  // The instance's own exports: those that the loader gives beside it pass every call through one more function.
  return instantiateSync(module, { env: { memory } }).instance.exports as unknown as Kernels;
}
