/** The embeddings e(s, a) of samples in two dimensions, moving from one policy to the next. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { theme } from '../shell/theme.ts';
import type { SampleText } from './samples.ts';
import type { PolicyView } from './viewWorker.ts';

interface EmbeddingViewProps {
  readonly view: PolicyView;
  readonly samples: readonly SampleText[];
}

const width = 420;
const height = 330;
const margin = 16;
/** Milliseconds of a movement. */
const moveMs = 450;
const reduced = matchMedia('(prefers-reduced-motion: reduce)');

/** Positions in pixels, on equal scales: the frame follows the points. */
function placed({ points }: PolicyView): Float32Array {
  const sizes = [width, height] as const;
  const range = [0, 1].map((axis) => {
    const along = points.filter((_, k) => k % 2 === axis);
    return [Math.min(...along), Math.max(...along)] as const;
  });
  const scales = range.map(([least, most], axis) => (sizes[axis] - 2 * margin) / Math.max(most - least, 1e-9));
  const scale = Math.min(...scales);
  return points.map((x, k) => sizes[k % 2] / 2 + scale * (x - (range[k % 2][0] + range[k % 2][1]) / 2));
}

function draw(
  canvas: HTMLCanvasElement,
  from: Float32Array,
  to: Float32Array,
  share: number,
  samples: readonly SampleText[],
  chosen: number | null,
): void {
  const scale = Math.min(2, devicePixelRatio);
  if (canvas.width !== width * scale) {
    canvas.width = width * scale;
    canvas.height = height * scale;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  for (const [i, { good }] of samples.entries()) {
    const [x0, y0] = [from[2 * i], from[2 * i + 1]];
    const x = x0 + share * (to[2 * i] - x0);
    const y = y0 + share * (to[2 * i + 1] - y0);
    context.strokeStyle = context.fillStyle = colour(good ? '--good' : '--bad');
    context.globalAlpha = 0.3;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x, y);
    context.stroke();
    context.globalAlpha = 0.85;
    context.beginPath();
    // Discs and crosses, so that the classes do not depend on colour alone.
    if (good) {
      context.arc(x, y, 5, 0, 2 * Math.PI);
      context.fill();
    } else {
      context.lineWidth = 2.2;
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x - 4, y + 4);
      context.lineTo(x + 4, y - 4);
      context.stroke();
    }
    context.globalAlpha = 1;
    if (i === chosen) {
      context.strokeStyle = colour('--ink');
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

export function EmbeddingView({ view, samples }: EmbeddingViewProps) {
  const picture = useRef<HTMLCanvasElement>(null);
  const now = useRef<Float32Array | null>(null);
  const chosen = useSignal<number | null>(null);
  const shown = theme.value;
  useEffect(() => {
    const canvas = picture.current;
    if (!canvas) return;
    const to = placed(view);
    const from = now.current?.length === to.length ? now.current : to;
    let frame = 0;
    const start = performance.now();
    const move = (at: number): void => {
      const share = reduced.matches || from === to ? 1 : Math.min(1, Math.max(0, at - start) / moveMs);
      now.current = from.map((x, k) => x + share * (to[k] - x));
      draw(canvas, from, to, share, samples, chosen.peek());
      if (share < 1) frame = requestAnimationFrame(move);
    };
    move(start);
    return () => cancelAnimationFrame(frame);
  }, [view, samples]);
  useEffect(() => {
    if (picture.current && now.current) draw(picture.current, now.current, now.current, 1, samples, chosen.value);
  }, [shown, chosen.value]);
  const good = samples.filter((sample) => sample.good).length;
  const at = chosen.value;
  const sample = at === null ? null : samples[at];
  return (
    <figure class="panel">
      <h3>Embeddings e(s, a)</h3>
      <div
        class="points"
        role="application"
        aria-roledescription="scatter plot"
        aria-label={`Two principal components of the embeddings of ${good} good and ${samples.length - good} bad samples. Left and right arrow keys read the samples.`}
        tabIndex={0}
        onPointerMove={(event) => {
          const frame = event.currentTarget.getBoundingClientRect();
          const points = now.current ?? placed(view);
          const scale = width / frame.width;
          const [x, y] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
          const distances = samples.map((_, i) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y));
          const least = Math.min(...distances);
          chosen.value = least < 20 ? distances.indexOf(least) : null;
        }}
        onPointerLeave={() => {
          chosen.value = null;
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
          if (step === 0) return;
          event.preventDefault();
          chosen.value = ((chosen.value ?? -step) + step + samples.length) % samples.length;
        }}
      >
        <canvas ref={picture} />
      </div>
      <p class="legend" aria-hidden="true">
        <span class="good">● good</span> <span class="bad">✕ bad</span>
      </p>
      <figcaption aria-live="polite">
        {sample
          ? `${sample.good ? 'Good' : 'Bad'}: ${sample.words} Probability ${view.probabilities[at as number].toFixed(2)}.`
          : 'The first two principal components of the embedding that all heads read. Lines lead from the policy before; the frame follows the points.'}
      </figcaption>
    </figure>
  );
}
