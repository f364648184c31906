/**
 * Notices that a run reports nothing. A browser that ends a thread inside the worker that trains leaves no event, and
 * the worker then waits for ever.
 */
import { type ReadonlySignal, signal } from '@preact/signals';

/** Seconds without a report after which the page says so. A step of the largest policy takes less on a phone. */
export const silentSeconds = 20;

export interface Silence {
  readonly isSilent: ReadonlySignal<boolean>;
  /** Call it at every report. */
  heard(): void;
  close(): void;
}

/** @param isRunning whether reports are expected. Those of a hidden tab are not, as a browser can suspend it. */
export function watchSilence(isRunning: () => boolean): Silence {
  const isSilent = signal(false);
  let seconds = 0;
  const heard = (): void => {
    seconds = 0;
    isSilent.value = false;
  };
  // Seconds are counted, because a suspended page would find a large difference of times when it goes on.
  const ticking = setInterval(() => {
    if (!isRunning() || document.hidden) heard();
    else if (++seconds === silentSeconds) isSilent.value = true;
  }, 1000);
  return { isSilent, heard, close: () => clearInterval(ticking) };
}
