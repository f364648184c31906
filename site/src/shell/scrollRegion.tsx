/** A part of a page that scrolls sideways where it is wider than the page. Shadows at its edges show that it does. */
import type { ComponentChildren } from 'preact';

interface ScrollRegionProps {
  /** What it holds, for screen readers. */
  readonly label: string;
  readonly children: ComponentChildren;
}

export function ScrollRegion({ label, children }: ScrollRegionProps) {
  return (
    // A region that scrolls must be reachable by keyboard.
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
