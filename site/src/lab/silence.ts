/**
 * Notices that a run reports nothing. A browser that ends a thread inside the worker that trains leaves no event, and
 * the worker then waits without end.
 */
import { type ReadonlySignal, signal } from '@preact/signals';

/** Seconds without a report after which the page says so. */
export const silentSeconds = 20;

export interface Silence {
  readonly isSilent: ReadonlySignal<boolean>;
  /** Call it at every report. */
  onReport(): void;
  close(): void;
}

/** @param isRunning whether reports are expected. Those of a hidden tab are not, as a browser can suspend it. */
export function watchSilence(isRunning: () => boolean): Silence {
  const isSilent = signal(false);
  let seconds = 0;
  const onReport = (): void => {
    seconds = 0;
    isSilent.value = false;
  };
  // Ticks are counted instead of a difference of times, because a browser can suspend a page for longer.
  const ticking = setInterval(() => {
    if (!isRunning() || document.hidden) onReport();
    else if (++seconds === silentSeconds) isSilent.value = true;
  }, 1000);
  return { isSilent, onReport, close: () => clearInterval(ticking) };
}
