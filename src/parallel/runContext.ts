/** State that the distributed phases of one run share: the workers, the policy and the work counters. */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { RunCalls } from './crew.ts';
import { nextGeneration, startGeneration } from './workCounter.ts';
import type { CounterGeneration } from './worker.ts';
import type { Weights } from './workerUpdates.ts';

/** A phase that has a work counter of its own. Updates use the counter of the update board. */
export type CountedPhase = 'rollouts' | 'evaluation' | 'coupling';

/** The work counters of a run. */
export interface RunCounters {
  /** The next generation of a phase's counter. Workers can claim from it after `start`. */
  next(phase: CountedPhase): CounterGeneration;
  /** Starts a generation; without effect after `stop`. */
  start(generation: CounterGeneration): void;
  /** Ends the current generation of all counters, for ever: workers see it between two steps and stop. */
  stop(): void;
}

export interface RunContext {
  readonly policy: Policy;
  readonly workers: RunCalls;
  readonly counters: RunCounters;
  /** Number of threads, including the calling thread. */
  readonly size: number;
  /** Whether all threads use one shared memory. */
  readonly shared: boolean;
  readonly signal: AbortSignal | undefined;
  /** A copy of the weights for workers that have a memory of their own, otherwise null. */
  weights(): Weights;
}

/** Allocates one counter per phase: episodes can be assigned before an evaluation and collected after it. */
export function createRunCounters(arena: Arena): RunCounters {
  const counters = { rollouts: arena.floats(1), evaluation: arena.floats(1), coupling: arena.floats(1) };
  let latest = 0;
  let stopped = false;
  const write = (counter: number, generation: number): void => startGeneration(arena.i32, index32(counter), generation);
  return {
    next(phase) {
      latest = nextGeneration(latest);
      return { counter: counters[phase], generation: latest };
    },
    start({ counter, generation }) {
      if (!stopped) write(counter, generation);
    },
    stop() {
      stopped = true;
      latest = nextGeneration(latest);
      for (const counter of Object.values(counters)) write(counter, latest);
    },
  };
}
