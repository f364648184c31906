/** Where the threads of a run store parameters and gradients: tests which memory the workers can use. */
import type { SentModule } from '../engine/kernels/moduleFrom.ts';
import type { CrewMember } from './crewMember.ts';

/**
 * Where the threads of a run store parameters and gradients:
 * - `own`: the run has one thread and an unshared memory;
 * - `shared`: all threads use one shared memory;
 * - `copied`: each thread has a memory of its own, and parameters and gradients are sent in messages. This is slower
 *   than `shared`, and the results are bitwise identical.
 */
export type MemoryMode = 'own' | 'shared' | 'copied';

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Tests whether the workers can use a shared memory. The reason states the obstacle if they cannot. */
export async function shareable(
  members: readonly CrewMember[],
  module: SentModule | undefined,
): Promise<{ memory: MemoryMode; reason: string }> {
  if (typeof SharedArrayBuffer === 'undefined') {
    const advice =
      'a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
    return { memory: 'copied', reason: `this runtime has no SharedArrayBuffer; ${advice}` };
  }
  let memory: WebAssembly.Memory;
  try {
    // One page, to test whether shared memory exists at all. A run allocates the size that it needs.
    memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  } catch (error) {
    // Copies would need at least as much memory.
    return { memory: 'own', reason: `this runtime cannot allocate shared memory: ${reasonOf(error)}` };
  }
  try {
    await Promise.all(members.map((member) => member.attach(memory, module)));
    return { memory: 'shared', reason: 'the host shares memory between threads' };
  } catch (error) {
    // If the cause is a worker exit, copies cannot help: this call fails, too.
    await start(members);
    return { memory: 'copied', reason: `this runtime does not share memory between threads: ${reasonOf(error)}` };
  }
}

/** Tests that the workers run. */
export async function start(members: readonly CrewMember[]): Promise<void> {
  await Promise.all(members.map((member) => member.attach(null)));
}
