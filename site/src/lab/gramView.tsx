/** The matrix of cosines between the gradients of samples, and the pair under the pointer in words. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { channels } from '../plane/actions.ts';
import { theme } from '../shell/theme.ts';
import type { PolicyView } from './viewWorker.ts';

const colourOf = (name: string): [number, number, number] =>
  channels(getComputedStyle(document.documentElement).getPropertyValue(name).trim());

export function GramView({ view }: { readonly view: PolicyView }) {
  const picture = useRef<HTMLCanvasElement>(null);
  const pointed = useSignal<readonly [number, number] | null>(null);
  const shown = theme.value;
  const { matrix, classes } = view.coupling;
  // Good samples first, so that the blocks of good-bad pairs lie off the diagonal.
  const order = matrix.samples
    .map((_, i) => i)
    .sort((i, j) => Number(matrix.samples[j].good) - Number(matrix.samples[i].good) || i - j);
  const n = order.length;
  useEffect(() => {
    const context = picture.current?.getContext('2d');
    if (!context || n === 0) return;
    const [helps, hinders, paper] = [colourOf('--helps'), colourOf('--hinders'), colourOf('--paper')];
    const image = context.createImageData(n, n);
    for (let k = 0; k < n * n; k++) {
      const cosine = matrix.cosine[order[Math.floor(k / n)]][order[k % n]];
      const share = Math.min(1, Math.abs(cosine)) ** 0.7;
      const strong = cosine >= 0 ? helps : hinders;
      for (let c = 0; c < 3; c++) image.data[4 * k + c] = share * strong[c] + (1 - share) * paper[c];
      image.data[4 * k + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [view, shown, n]);
  const [row, column] = pointed.value ?? [0, 0];
  const pair = pointed.value && row < n && column < n ? ([order[row], order[column]] as const) : null;
  const word = (i: number): string => `${matrix.samples[i].good ? 'good' : 'bad'}: ${matrix.samples[i].text}`;
  return (
    <figure class="panel">
      <h3>Gradients of samples</h3>
      <canvas
        ref={picture}
        class="gram"
        width={n}
        height={n}
        role="img"
        aria-label={`Cosines of the gradients of ${n} samples. Mean cosine of good-bad pairs ${classes.goodBad.meanCosine.toFixed(2)}, of good-good pairs ${classes.goodGood.meanCosine.toFixed(2)}.`}
        onPointerMove={(event) => {
          const { width, height } = event.currentTarget.getBoundingClientRect();
          const at = (x: number, size: number): number => Math.min(n - 1, Math.max(0, Math.floor((n * x) / size)));
          pointed.value = [at(event.offsetY, height), at(event.offsetX, width)];
        }}
      />
      <figcaption>
        {pair
          ? `Cosine ${matrix.cosine[pair[0]][pair[1]].toFixed(2)} of ${word(pair[0])}, and ${word(pair[1])}.`
          : `Mean cosine: good-bad ${classes.goodBad.meanCosine.toFixed(2)}, good-good ${classes.goodGood.meanCosine.toFixed(2)}, bad-bad ${classes.badBad.meanCosine.toFixed(2)}. Good samples come first. Point at a cell to see its pair.`}
      </figcaption>
    </figure>
  );
}
