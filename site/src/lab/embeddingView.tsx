/** The embeddings e(s, a) of samples in two dimensions. */
import { useEffect, useRef } from 'preact/hooks';
import { theme } from '../shell/theme.ts';
import type { PolicyView } from './viewWorker.ts';

const size = 340;
const margin = 14;

export function EmbeddingView({ view }: { readonly view: PolicyView }) {
  const picture = useRef<HTMLCanvasElement>(null);
  const shown = theme.value;
  useEffect(() => {
    const context = picture.current?.getContext('2d');
    if (!context) return;
    const { points, samples } = view;
    let most = 1e-9;
    for (const x of points) most = Math.max(most, Math.abs(x));
    const at = (x: number): number => size / 2 + (x / most) * (size / 2 - margin);
    const style = getComputedStyle(document.documentElement);
    context.clearRect(0, 0, size, size);
    for (const [i, { good }] of samples.entries()) {
      const [x, y] = [at(points[2 * i]), at(points[2 * i + 1])];
      context.beginPath();
      // Discs and crosses, so that the classes do not depend on colour alone.
      if (good) {
        context.arc(x, y, 5, 0, 2 * Math.PI);
        context.fillStyle = style.getPropertyValue('--good');
        context.fill();
      } else {
        context.moveTo(x - 4, y - 4);
        context.lineTo(x + 4, y + 4);
        context.moveTo(x - 4, y + 4);
        context.lineTo(x + 4, y - 4);
        context.strokeStyle = style.getPropertyValue('--bad');
        context.lineWidth = 2;
        context.stroke();
      }
    }
  }, [view, shown]);
  const good = view.samples.filter((sample) => sample.good).length;
  return (
    <figure class="panel">
      <h3>Embeddings e(s, a)</h3>
      <canvas
        ref={picture}
        class="points"
        width={size}
        height={size}
        role="img"
        aria-label={`Two principal components of the embeddings of ${good} good and ${view.samples.length - good} bad samples.`}
      />
      <figcaption>
        Discs: good samples. Crosses: bad samples. The axes are the first two principal components.
      </figcaption>
    </figure>
  );
}
