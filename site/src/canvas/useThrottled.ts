/** A signal that follows another one a few times a second while training plays, and at once otherwise. */
import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Player } from '../plane/player.ts';

/** Milliseconds between two changes: tables and charts that change with every frame cannot be read. */
const wait = 120;

/** @param isNew whether a value must be shown at once */
export function useThrottled<T>(
  source: ReadonlySignal<T>,
  { playing }: Player,
  isNew: (value: T, shown: T) => boolean,
): ReadonlySignal<T> {
  const shown = useSignal(source.peek());
  const last = useRef(0);
  useSignalEffect(() => {
    const value = source.value;
    const now = performance.now();
    if (playing.value && now - last.current < wait && !isNew(value, shown.peek())) return;
    last.current = now;
    shown.value = value;
  });
  return shown;
}
