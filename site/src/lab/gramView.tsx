/** The heat map of cosines between the gradients of samples, and the chosen pair in words. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { channels } from '../plane/actions.ts';
import { theme } from '../shell/theme.ts';
import { pair, parameter } from './labState.ts';
import { cosineOf, PairWords } from './pairWords.tsx';
import type { SampleText } from './samples.ts';
import type { PolicyView } from './viewWorker.ts';
import type { Watcher } from './watcher.ts';

interface GramViewProps {
  readonly view: PolicyView;
  readonly samples: readonly SampleText[];
  readonly watcher: Watcher;
}

const colourOf = (name: string): [number, number, number] =>
  channels(getComputedStyle(document.documentElement).getPropertyValue(name).trim());

/** One pixel for each pair. */
function draw(canvas: HTMLCanvasElement, products: Float32Array, n: number): void {
  const context = canvas.getContext('2d');
  if (!context || n === 0) return;
  const [helps, hinders, paper] = [colourOf('--helps'), colourOf('--hinders'), colourOf('--paper')];
  const image = context.createImageData(n, n);
  for (let k = 0; k < n * n; k++) {
    const value = cosineOf(products, n, Math.floor(k / n), k % n);
    const share = Math.sqrt(Math.min(1, Math.abs(value)));
    const strong = value >= 0 ? helps : hinders;
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = share * strong[c] + (1 - share) * paper[c];
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ...{ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] },
};

export function GramView({ view, samples, watcher }: GramViewProps) {
  const picture = useRef<HTMLCanvasElement>(null);
  const pointed = useSignal<readonly [number, number] | null>(null);
  const ofParameter = useSignal<Float32Array | null>(null);
  const shown = theme.value;
  const n = samples.length;
  const good = samples.filter((sample) => sample.good).length;
  const name = view.layers.some((layer) => layer.parameter === parameter.value) ? parameter.value : '';
  const isLatest = watcher.views.value.at(-1) === view;
  useEffect(() => {
    let isCurrent = true;
    if (name === '' || !isLatest) ofParameter.value = null;
    else {
      watcher.productsOf(name).then(
        (products) => {
          if (isCurrent) ofParameter.value = products;
        },
        () => {},
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [name, view, isLatest]);
  const products = name === '' ? view.products : ofParameter.value?.length === n * n ? ofParameter.value : null;
  useEffect(() => {
    if (picture.current && products) draw(picture.current, products, n);
  }, [products, shown, n]);

  const pinned = pair.value === '' ? null : (pair.value.split('-').map(Number) as [number, number]);
  const [row, column] = pointed.value ?? pinned ?? [0, Math.min(n - 1, good)];
  const isChosen = (pointed.value ?? pinned) !== null && row < n && column < n;
  const place = (event: PointerEvent & { currentTarget: HTMLElement }): readonly [number, number] => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const at = (x: number, size: number): number => Math.min(n - 1, Math.max(0, Math.floor((n * x) / size)));
    return [at(event.clientY - top, height), at(event.clientX - left, width)];
  };
  const { goodBad, goodGood, badBad } = view.cosines;
  const means = `Mean cosine of pairs: good-bad ${goodBad.toFixed(2)}, good-good ${goodGood.toFixed(2)}, bad-bad ${badBad.toFixed(2)}.`;
  return (
    <figure class="panel">
      <h3>Gradients of samples</h3>
      <label class="field">
        <span class="quiet">Part of the gradients</span>
        <select
          value={name}
          onChange={(event) => {
            parameter.value = event.currentTarget.value;
          }}
        >
          <option value="">all parameters</option>
          {view.layers.map((layer) => (
            <option key={layer.parameter}>{layer.parameter}</option>
          ))}
        </select>
      </label>
      {name !== '' && !isLatest && <p class="quiet">The part of one parameter is known for the latest policy alone.</p>}
      <div class="gram-frame">
        <p class="gram-top" aria-hidden="true">
          <span style={{ flexGrow: good }}>good</span>
          <span style={{ flexGrow: n - good }}>bad</span>
        </p>
        <p class="gram-left" aria-hidden="true">
          <span style={{ flexGrow: good }}>good</span>
          <span style={{ flexGrow: n - good }}>bad</span>
        </p>
        <div
          class="gram"
          role="application"
          aria-roledescription="heat map"
          aria-label={`Cosines of the gradients of ${n} samples, good ones first. ${means} Arrow keys choose a pair.`}
          tabIndex={0}
          onPointerMove={(event) => {
            pointed.value = place(event);
          }}
          onPointerLeave={() => {
            pointed.value = null;
          }}
          onPointerDown={(event) => {
            pair.value = place(event).join('-');
          }}
          onKeyDown={(event) => {
            const step = arrows[event.key];
            if (!step) return;
            event.preventDefault();
            pointed.value = null;
            const within = (x: number): number => Math.min(n - 1, Math.max(0, x));
            pair.value = isChosen
              ? `${within(row + step[0])}-${within(column + step[1])}`
              : `0-${Math.min(n - 1, good)}`;
          }}
        >
          <canvas ref={picture} width={n} height={n} />
          <i class="gram-cross" style={{ left: `${(100 * good) / n}%` }} />
          <i class="gram-cross across" style={{ top: `${(100 * good) / n}%` }} />
          {isChosen && (
            <i
              class="gram-mark"
              style={{
                left: `${(100 * column) / n}%`,
                top: `${(100 * row) / n}%`,
                width: `${100 / n}%`,
                height: `${100 / n}%`,
              }}
            />
          )}
        </div>
      </div>
      <p class="scale" aria-hidden="true">
        <span>-1 hinders</span>
        <i />
        <span>helps +1</span>
      </p>
      {isChosen && products ? (
        <PairWords {...{ products, samples }} row={row} column={column} />
      ) : (
        <figcaption>{means} Point at a cell, or focus the map and press arrow keys, to read its pair.</figcaption>
      )}
    </figure>
  );
}
