/** The plane as a picture: the colour at a point shows the action that the policy would take there. */
import { useEffect, useRef } from 'preact/hooks';
import { actionColours, channels } from '../plane/actions.ts';
import { actionCount } from '../plane/scene.ts';
import { side } from '../plane/worker.ts';
import { theme } from '../shell/theme.ts';

/** Colours of the grid: those of the actions blended by probability, paler where the policy is undecided. */
function paint(pixels: Uint8ClampedArray, plane: Float32Array, paper: readonly number[]): void {
  const colours = actionColours().map(channels);
  const logActions = Math.log(actionCount);
  for (let i = 0; i < side * side; i++) {
    // Row 0 of the grid is y = -1, which is drawn at the bottom.
    const row = side - 1 - Math.floor(i / side);
    const at = 4 * (row * side + (i % side));
    let entropy = 0;
    const mixed = [0, 0, 0];
    for (let a = 0; a < actionCount; a++) {
      const p = plane[i * actionCount + a];
      if (p > 0) entropy -= p * Math.log(p);
      for (let c = 0; c < 3; c++) mixed[c] += p * colours[a][c];
    }
    const strength = 0.12 + 0.68 * (1 - entropy / logActions);
    for (let c = 0; c < 3; c++) pixels[at + c] = strength * mixed[c] + (1 - strength) * paper[c];
    pixels[at + 3] = 255;
  }
}

/** @param plane f32[side * side * actions], or null before there is one */
export function PlanePicture({ plane }: { readonly plane: Float32Array | null }) {
  const picture = useRef<HTMLCanvasElement>(null);
  const shown = theme.value;
  useEffect(() => {
    const context = picture.current?.getContext('2d');
    if (!context || !plane) return;
    const image = context.createImageData(side, side);
    const paper = channels(getComputedStyle(document.documentElement).getPropertyValue('--paper').trim());
    paint(image.data, plane, paper);
    context.putImageData(image, 0, 0);
  }, [plane, shown]);
  return <canvas ref={picture} width={side} height={side} aria-hidden="true" />;
}
