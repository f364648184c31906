/** Coupling by parameter: how large each part of the gradients is, and how its good-bad pairs point. */

import { Fragment } from 'preact';
import { ScrollRegion } from '../shell/scrollRegion.tsx';
import { parameter } from './labState.ts';
import type { PolicyView } from './viewWorker.ts';

/** Parameters that are listed; the others have small shares. */
const listed = 12;

/** A parameter's name, which a narrow column may break after a dot. */
function withBreaks(name: string) {
  return name.split('.').map((part, i) => (
    <Fragment key={part}>
      {i > 0 && '.'}
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function Cosine({ value }: { readonly value: number }) {
  const size = 50 * Math.min(1, Math.abs(value));
  return (
    <span class="cosine">
      <i
        class={value >= 0 ? 'helps' : 'hinders'}
        style={{ left: `${value >= 0 ? 50 : 50 - size}%`, width: `${size}%` }}
      />
    </span>
  );
}

interface LayersViewProps {
  readonly view: PolicyView;
  /** Of the run, which tells the regions of two runs apart. */
  readonly name: string;
}

export function LayersView({ view, name: run }: LayersViewProps) {
  const rows = view.layers.toSorted((a, b) => b.share - a.share);
  return (
    <figure class="panel">
      <h3>Coupling by parameter</h3>
      <ScrollRegion label={`Coupling by parameter, ${run}`}>
        <table class="layers">
          <thead>
            <tr>
              <th scope="col">parameter</th>
              <th scope="col">share</th>
              <td class="bar-cell" />
              <th scope="col">good-bad cosine</th>
              <th scope="col">good-good</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, listed).map(({ parameter: name, share, goodBadCosine, goodGoodCosine }) => (
              <tr key={name} data-chosen={name === parameter.value ? '' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    class="plain"
                    aria-pressed={name === parameter.value}
                    onClick={() => {
                      parameter.value = name === parameter.value ? '' : name;
                    }}
                  >
                    {withBreaks(name)}
                  </button>
                </th>
                <td>{share.toFixed(2)}</td>
                <td class="bar-cell">
                  <Cosine value={goodBadCosine} />
                </td>
                <td>{goodBadCosine.toFixed(2)}</td>
                <td>{goodGoodCosine.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <figcaption>
        Share of the squared gradient norms, and cosines of the parameter's part of the gradients. Press a name to see
        the heat map of this part.
        {rows.length > listed && ` ${rows.length - listed} parameters with smaller shares are left out.`}
      </figcaption>
    </figure>
  );
}
