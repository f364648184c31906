/** A part of the page whose code is loaded when it comes near the viewport. */
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface LaterProps {
  readonly load: () => Promise<ComponentType>;
  /** Pixels kept free until it is there, so that the text below does not jump. */
  readonly height: number;
}

/** How far below the viewport loading starts. */
const margin = '800px';

export function Later({ load, height }: LaterProps) {
  const place = useRef<HTMLDivElement>(null);
  const part = useSignal<{ readonly Part: ComponentType } | null>(null);
  const problem = useSignal(false);
  const fetchPart = async (): Promise<void> => {
    try {
      part.value = { Part: await load() };
    } catch {
      problem.value = true;
    }
  };
  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        void fetchPart();
      },
      { rootMargin: margin },
    );
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  if (part.value) return <part.value.Part />;
  return (
    <div ref={place} style={{ minHeight: `${height}px` }}>
      {problem.value && (
        <div class="problem" role="alert">
          <p>
            This figure could not be loaded; the network may be away.{' '}
            {/* Browsers remember a module that failed, so that only another load of the page asks for it again. */}
            <button type="button" class="act" onClick={() => location.reload()}>
              Reload the page
            </button>
          </p>
        </div>
      )}
    </div>
  );
}
