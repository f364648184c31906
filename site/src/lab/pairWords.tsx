/** A pair of samples in words: states, actions, inner product, and the spillover of a step on the first. */
import type { SampleText } from './samples.ts';

interface PairWordsProps {
  readonly products: Float32Array;
  readonly samples: readonly SampleText[];
  readonly row: number;
  readonly column: number;
}

/** Rise of log pi of the first sample, to which the step is scaled. */
const rise = 0.01;

/** Spillover above which the step is not small for the second sample. */
const mostSpillover = 0.2;

export function cosineOf(products: Float32Array, n: number, i: number, j: number): number {
  const norms = Math.sqrt(products[i * n + i] * products[j * n + j]);
  return norms > 0 ? products[i * n + j] / norms : 0;
}

/** In three digits, without powers of ten for usual sizes. */
const three = (x: number): string => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));

const signed = (x: number): string => (x < 0 ? x.toFixed(4) : `+${x.toFixed(4)}`);

function Sample({ sample: { good, words } }: { readonly sample: SampleText }) {
  return (
    <p class={good ? 'sample good' : 'sample bad'}>
      <b>{good ? 'Good' : 'Bad'}:</b> {words}
    </p>
  );
}

export function PairWords({ products, samples, row, column }: PairWordsProps) {
  const n = samples.length;
  const product = products[row * n + column];
  const square = products[row * n + row];
  const spillover = square > 0 ? (rise * product) / square : 0;
  return (
    <figcaption class="pair" aria-live="polite">
      <Sample sample={samples[row]} />
      <Sample sample={samples[column]} />
      <p>
        Inner product {three(product)}, cosine {cosineOf(products, n, row, column).toFixed(2)}.{' '}
        {Math.abs(spillover) > mostSpillover
          ? `The gradient of the first has almost vanished beside that of the second: no small step raises its log π by ${rise}.`
          : `A step that raises log π of the first by ${rise} changes that of the second by ${signed(spillover)}, to first order: this is its spillover.`}
      </p>
    </figcaption>
  );
}
