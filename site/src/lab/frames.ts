/**
 * Shows what workers report a few times a second, however often they report, so that most frames are free. A hidden
 * tab has no frames: nothing is drawn there, and everything is shown when the tab is seen again.
 */
import { batch } from '@preact/signals';

export interface Frames {
  /** Makes a change to what is shown, in one of the next frames. */
  show(change: () => void): void;
}

/** Least milliseconds between two changes of the page. */
const least = 80;

export function createFrames(): Frames {
  let waiting: (() => void)[] = [];
  let isAsked = false;
  let drawn = Number.NEGATIVE_INFINITY;

  function draw(now: number): void {
    isAsked = false;
    if (document.hidden) return;
    if (now - drawn < least) {
      ask();
      return;
    }
    drawn = now;
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
