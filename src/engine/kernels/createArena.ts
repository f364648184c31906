/** Creates arenas with the engine of this package. `unbraid/edge`, which is given its module, does not contain this. */
import { Arena } from './arena.ts';
import { type BuildChoice, notWide } from './buildChoice.ts';
import { engineModule, instantiateKernels, type Kernels } from './load.ts';
import { type ModuleSource, moduleFrom } from './moduleFrom.ts';
import { SharedArena } from './sharedArena.ts';
import { openWide } from './wide.ts';

/** Options of `createArena`. */
export interface ArenaOptions {
  /**
   * Requests the wide build, which is faster where the runtime merges vector operations, and bitwise identical: Node 24
   * and newer on x64. `build` and `buildReason` of the arena state which build it has and why. The wide build is
   * checked against stored hashes first, which blocks the thread for some 200 ms.
   */
  readonly wide: boolean;
}

function isOptions(given: ModuleSource | ArenaOptions | undefined): given is ArenaOptions {
  return typeof given === 'object' && given !== null && 'wide' in given;
}

/**
 * Creates an arena with the kernels of the engine, on its own memory unless one is given.
 *
 * @param module the compiled module of the engine, or its URL, or options; by default the narrow build next to this
 *   file
 * @throws if the module cannot be loaded, or the runtime cannot allocate the memory
 */
export async function createArena(module?: ModuleSource | ArenaOptions, memory = createMemory()): Promise<Arena> {
  if (isOptions(module)) {
    if (typeof module.wide !== 'boolean')
      throw new RangeError(`createArena: wide must be true or false, got ${String(module.wide)}; leave it out`);
    const build = memory.buffer instanceof ArrayBuffer ? 'single' : 'threads';
    const choice = module.wide ? await openWide(build) : notWide;
    return arenaOf(choice.module ?? (await engineModule(build)), memory, choice);
  }
  return arenaOf(await (module ? moduleFrom(module) : engineModule()), memory);
}

/** An arena on `memory` with the kernels of a compiled module. */
export function arenaOf(module: WebAssembly.Module, memory = createMemory(), choice: BuildChoice = notWide): Arena {
  const kernels = instantiateKernels(module, memory);
  const arena = memory.buffer instanceof ArrayBuffer ? new Arena(memory, kernels) : new SharedArena(memory, kernels);
  useKernels(arena, kernels, choice);
  return arena;
}

/**
 * Computes with other kernels from now on, which must compute the same bits.
 *
 * @param kernels of another build, instantiated on the memory of the arena
 */
export function useKernels(arena: Arena, kernels: Kernels, { build, buildReason }: BuildChoice = arena): void {
  Object.assign(arena.kernels, kernels);
  Object.assign(arena, { build, buildReason });
}

/** A memory for one thread. It can grow up to the limit of the runtime. */
function createMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 16 });
  } catch (cause) {
    throw new RangeError(
      `createArena: the runtime must provide a memory of 1 MiB, got ${(cause as Error).message}; close other programs or pages`,
      { cause },
    );
  }
}
