/**
 * A pool of worker threads that share the work of a run, and what starts its threads: `worker_threads` in Node, Deno
 * and Bun.
 *
 * @module unbraid/workers
 */

export {
  type Crew,
  type CrewOptions,
  type EngineModules,
  openCrew,
  relaxedCrew,
  type SpawnWorker,
} from '../src/parallel/crew.ts';
export type { WorkerHandle } from '../src/parallel/crewMember.ts';
export type { MemoryMode } from '../src/parallel/memoryMode.ts';
export { spawnFrom, spawnWorker } from './spawn.node.ts';
