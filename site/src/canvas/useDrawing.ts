/** A canvas that is drawn in CSS pixels, again whenever its size, the theme or what it shows changes. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { theme } from '../shell/theme.ts';

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

export const cssColour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function useDrawing(draw: Draw): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  const shown = theme.value;

  function redraw(): void {
    const node = canvas.current;
    const context = node?.getContext('2d');
    if (!node || !context) return;
    const { clientWidth: width, clientHeight: height } = node;
    const ratio = devicePixelRatio;
    if (node.width !== Math.round(width * ratio) || node.height !== Math.round(height * ratio)) {
      node.width = Math.round(width * ratio);
      node.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    latest.current(context, width, height);
  }

  useEffect(redraw, [draw, shown]);
  useEffect(() => {
    if (!canvas.current) return;
    const watch = new ResizeObserver(redraw);
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, []);
  return canvas;
}
