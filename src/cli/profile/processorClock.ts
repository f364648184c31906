/** A clock for a machine that is shared: it stands still while this thread waits for a processor that others have. */
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * A thread that loses the processor loses it for longer than this, in ms; between readings that lie nearer it is not
 * asked for.
 */
const LEAST_LOSS_MS = 0.2;

export interface ProcessorClock {
  /** ms; must be read by the thread that opened it, and often. */
  now(): number;
  /** ms for which the thread has waited so far; null where the host does not tell, and the clock never stands still. */
  waitedMs(): number | null;
  close(): void;
}

/** Opens what Linux counts of the calling thread: ns run, ns waited to run, turns. */
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
