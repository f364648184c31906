/**
 * Shows what workers report once a frame, however often they report. A hidden tab has no frames: nothing is drawn
 * there, and everything is shown when the tab is seen again.
 */
import { batch } from '@preact/signals';

export interface Frames {
  /** Makes a change to what is shown, in the next frame. */
  show(change: () => void): void;
}

export function createFrames(): Frames {
  let waiting: (() => void)[] = [];
  let isAsked = false;

  function draw(): void {
    isAsked = false;
    if (document.hidden) return;
    const changes = waiting;
    waiting = [];
    batch(() => {
      for (const change of changes) change();
    });
  }
  function ask(): void {
    if (isAsked || document.hidden || waiting.length === 0) return;
    isAsked = true;
    requestAnimationFrame(draw);
  }
  document.addEventListener('visibilitychange', () => {
    // A frame that was asked for before the tab was hidden may never come.
    isAsked = false;
    ask();
  });
  return {
    show(change) {
      waiting.push(change);
      ask();
    },
  };
}
