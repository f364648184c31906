/** Compiles the WebAssembly module of the engine and instantiates it on a memory that TypeScript owns. */
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../../../wasm/unbraid.js';
import { moduleFrom } from './moduleFrom.ts';

/** The exports of assembly/index.ts; pointers are byte addresses. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/**
 * `threads` runs on shared memory and is bitwise identical to `single`. `relaxed` may round a * b + c once, so its bits
 * depend on the processor.
 */
export type Build = 'single' | 'threads' | 'relaxed';

/**
 * Width of the vectors for which a build arranges its kernels: 128 bits, or 256 bits where the runtime merges pairs of
 * vector operations. Both compute bitwise identical results.
 */
export type Width = 'narrow' | 'wide';

/** The URL of a narrow build, which is stored beside the code. */
export function narrowUrl(build: Build): URL {
  try {
    // Literal URLs inside functions: bundlers search for the literals, and runtimes without files never call these
    // functions.
    return {
      single: () => new URL('../../../wasm/unbraid.wasm', import.meta.url),
      threads: () => new URL('../../../wasm/unbraid.threads.wasm', import.meta.url),
      relaxed: () => new URL('../../../wasm/unbraid.relaxed.wasm', import.meta.url),
    }[build]();
  } catch (cause) {
    throw new Error(
      'engineModule: import.meta.url must be the URL of this code, got none after bundling; pass the module or its URL',
      { cause },
    );
  }
}

/** Whether the bytes were loaded and the runtime rejected them. */
function isCompileError(error: unknown): error is Error {
  const compileError = (e: unknown): boolean => e instanceof WebAssembly.CompileError;
  return error instanceof Error && (compileError(error) || compileError(error.cause));
}

/**
 * The URL of a wide build, which is stored beside the narrow one. It is computed, and no literal: a bundler for pages
 * would copy the file, and pages cannot use it.
 */
export function wideUrl(build: Build): URL {
  return new URL(narrowUrl(build).href.replace(/\.wasm$/, '.wide.wasm'));
}

/**
 * Returns the compiled module of the engine; see `moduleFrom`. For a wide module that a run uses, see `openWide`.
 *
 * @throws if `build` is relaxed and the runtime does not support relaxed SIMD; its own error names the byte that it
 *   rejected
 */
export async function engineModule(build: Build = 'single', width: Width = 'narrow'): Promise<WebAssembly.Module> {
  const url = width === 'wide' ? wideUrl(build) : narrowUrl(build);
  try {
    return await moduleFrom(url);
  } catch (cause) {
    if (build !== 'relaxed' || !isCompileError(cause)) throw cause;
    throw new Error(
      `engineModule: relaxed arithmetic needs a runtime with relaxed SIMD, got ${cause.message}; train with exact arithmetic`,
      { cause },
    );
  }
}

/** Instantiates a compiled module on `memory`. The result is an object of its own, whose functions can be replaced. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  // The exports of the instance itself: the wrapped exports of the loader add one function call per kernel call.
  return { ...(instantiateSync(module, { env: { memory } }).instance.exports as unknown as Kernels) };
}
