/** Opens the wide build of the engine: compiled with merged vector operations, and checked before it is used. */
import type { KernelChoice } from './buildChoice.ts';
import { type Build, engineModule, instantiateKernels, narrowUrl, wideUrl } from './load.ts';
import { readBytes } from './moduleFrom.ts';
import { compileOptimised, mergingObstacle } from './optimised.ts';
import type { KernelHashes } from './selfCheck/checkKernels.ts';

type Check = typeof import('./selfCheck/checkKernels.ts');

/**
 * Loads the check only where it is needed. Its URL is computed, like that of the wide build: a bundler for pages would
 * copy the check, and pages cannot use it. src and dist/src have it at the same place beside the narrow build.
 */
async function loadCheck(): Promise<Check> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const url = new URL(`../src/engine/kernels/selfCheck/checkKernels.${extension}`, narrowUrl('single'));
  return import(/* @vite-ignore */ /* webpackIgnore: true */ url.href);
}

/** Pages of the memory in which kernels are checked, at most. */
const CHECK_PAGES = 1024;

/** A memory that modules of a build can import, with nothing else in it. */
export function emptyMemory(build: Build): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16, maximum: CHECK_PAGES, shared: build === 'threads' });
}

/** Parts of `openWide` that a test replaces. */
export interface WideTools {
  readonly obstacle: () => string | null;
  readonly bytesOf: (build: Build) => Promise<Uint8Array<ArrayBuffer>>;
}

const ownTools: WideTools = {
  obstacle: () => mergingObstacle(),
  bytesOf: async (build) => readBytes(wideUrl(build)),
};

/** The hashes of the relaxed build, whose bits depend on the processor. */
function hashesHere({ hashKernels }: Check, module: WebAssembly.Module, build: Build): KernelHashes {
  const steps = hashKernels(module, emptyMemory(build));
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Why a compiled module cannot replace the narrow one; null if it can. */
async function flawOf(module: WebAssembly.Module, build: Build): Promise<string | null> {
  const check = await loadCheck();
  const narrowModule = await engineModule(build);
  const expected = build === 'relaxed' ? hashesHere(check, narrowModule, build) : undefined;
  const flaw = check.checkKernels(module, emptyMemory(build), expected);
  if (flaw !== null) return flaw;
  // Where a run replaces its kernels, the constants of the wide module are written below the buffers of the run.
  const narrow = instantiateKernels(narrowModule, emptyMemory(build)).heapBase();
  const wide = instantiateKernels(module, emptyMemory(build)).heapBase();
  return wide <= narrow ? null : `its constants end at ${wide}, after those of the narrow build at ${narrow}`;
}

/**
 * Opens the wide build. The narrow build is chosen, with the reason, if the runtime cannot merge vector operations, the
 * file cannot be read or compiled, or a kernel of the compiled module computes other bits than it must. Blocks the
 * thread for some 200 ms.
 */
export async function openWide(build: Build, tools: WideTools = ownTools): Promise<KernelChoice> {
  const narrow = (buildReason: string): KernelChoice => ({ build: 'narrow', buildReason, module: null });
  const obstacle = tools.obstacle();
  if (obstacle !== null) return narrow(obstacle);
  try {
    const module = compileOptimised(await tools.bytesOf(build), true);
    const flaw = await flawOf(module, build);
    if (flaw !== null) return narrow(`the wide build failed its check: ${flaw}`);
    return { build: 'wide', buildReason: 'the wide build was requested, and its check found no difference', module };
  } catch (error) {
    return narrow(`the wide build did not load: ${error instanceof Error ? error.message : String(error)}`);
  }
}
