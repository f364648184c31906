/**
 * A model of the critical path of a run on several threads, from the times of its phases on one thread. It predicts the
 * rows of the scaling table for which this machine has too few cores.
 *
 * The model assumes free cores that are as fast together as alone, pieces of equal time, and constant costs of waits
 * and messages. It therefore leaves out memory that threads share and cores that others use.
 */

/** One phase of a run, summed over its occurrences. */
export interface Phase {
  readonly name: string;
  /** Number of times that the phase occurs in the run. */
  readonly count: number;
  /** Time of the work that threads share, on one thread. */
  readonly sharedMs: number;
  /** Mean number of pieces into which one occurrence is partitioned. */
  readonly pieces: (threads: number) => number;
  /** Time of the work that the calling thread does alone. */
  readonly aloneMs: number;
  /** Number of times per occurrence that all threads wait for each other. */
  readonly waits: number;
  /** Number of messages per occurrence that the calling thread exchanges with each worker. */
  readonly messages: number;
}

/** Costs of threads. */
export interface ThreadCosts {
  /** A wait of two threads that poll, and the additional time for each further thread. */
  readonly waitMs: number;
  readonly waitPerThreadMs: number;
  /** Time of the calling thread for one message. */
  readonly messageMs: number;
}

/**
 * Assumed costs: a wait by polling takes two transfers of a cache line and the difference between the threads, a message
 * a structured clone and a promise.
 */
export const assumedCosts: ThreadCosts = { waitMs: 0.002, waitPerThreadMs: 0.0002, messageMs: 0.05 };

/** Predicted time of the phases on `threads` threads. */
export function predictMs(phases: readonly Phase[], threads: number, costs: ThreadCosts = assumedCosts): number {
  let ms = 0;
  for (const { count, sharedMs, pieces, aloneMs, waits, messages } of phases) {
    ms += aloneMs;
    if (threads === 1) {
      ms += sharedMs;
      continue;
    }
    const each = Math.max(1, pieces(threads));
    // The thread with the most pieces determines the time.
    ms += (sharedMs * Math.ceil(each / threads)) / each;
    ms += count * waits * (costs.waitMs + (threads - 2) * costs.waitPerThreadMs);
    ms += count * messages * (threads - 1) * costs.messageMs;
  }
  return ms;
}
