/** A clock for a shared machine: it does not advance while this thread waits for a processor. */
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * A thread that loses its processor waits longer than this, in ms. The waiting time is read only after a longer
 * interval.
 */
const LEAST_LOSS_MS = 0.2;

export interface ProcessorClock {
  /** The time in ms. Call it often, in the thread that opened the clock. */
  now(): number;
  /**
   * Time in ms that the thread has waited for a processor; null if the system does not report it. The clock then
   * always advances.
   */
  waitedMs(): number | null;
  close(): void;
}

/** Opens the scheduler statistics of the calling thread on Linux: ns run, ns waited, number of time slices. */
function openSchedule(): number | null {
  try {
    return openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return null;
  }
}

export function openProcessorClock(): ProcessorClock {
  const file = openSchedule();
  if (file === null) return { now: () => performance.now(), waitedMs: () => null, close: () => undefined };
  const buffer = Buffer.alloc(96);
  const readWaitedMs = (): number => {
    const length = readSync(file, buffer, 0, buffer.length, 0);
    return Number(buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };
  const startMs = readWaitedMs();
  let waitedMs = startMs;
  let aheadMs = 0;
  let lastMs = performance.now();
  return {
    now() {
      let at = performance.now();
      if (at - lastMs > LEAST_LOSS_MS) {
        const present = readWaitedMs();
        aheadMs += present - waitedMs;
        waitedMs = present;
        const after = performance.now();
        aheadMs += after - at;
        at = after;
      }
      lastMs = at;
      return at - aheadMs;
    },
    waitedMs: () => waitedMs - startMs,
    close: () => closeSync(file),
  };
}
