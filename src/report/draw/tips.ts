/** Tips of a figure: the values of a mark or bar, which browsers show while the pointer is on it. */

import { escapeMarkup } from './escapeMarkup.ts';
import type { Figure, SeriesStyle } from './layout.ts';
import { axisNames } from './stacked.ts';

type Value = number | null;

interface Series {
  readonly name?: string;
  /** Text of each datum, where it says more than the values. */
  readonly tips?: readonly string[];
  readonly xAxisIndex?: number;
  readonly yAxisIndex?: number;
  readonly data?: readonly (Value | readonly Value[] | { readonly value: Value })[];
}

interface Axis {
  readonly name?: string;
  /** Names of categories. */
  readonly data?: readonly string[];
}

/** The name of a series until its words are known: those of the legend entry with the same style. */
export const styleName = ({ color, symbol, line }: SeriesStyle): string => `${color} ${symbol} ${line}`;

const numberText = (value: Value): string =>
  value === null ? '–' : String(Number.isInteger(value) ? value : Number(value.toPrecision(3))).replace('-', '−');

const part = (name: string, value: Value): string => `${name} ${numberText(value)}`.trim();

/** `GRPO: environment steps 1200, success 0.53`; '' for a series without values. */
function tipOf(figure: Figure, series: Series, index: number): string {
  const own = series.tips?.[index];
  if (own !== undefined) return own;
  const datum = series.data?.[index];
  if (datum === undefined || datum === null) return '';
  const xAxes = [figure.option.xAxis].flat() as Axis[];
  const yAxes = [figure.option.yAxis].flat() as Axis[];
  const [x, y] = [series.xAxisIndex ?? 0, series.yAxisIndex ?? 0];
  const xName = xAxes[x]?.name ?? '';
  const name = (figure.legend ?? []).find((entry) => styleName(entry) === series.name)?.name;
  const head = name === undefined ? '' : `${name}: `;
  if (Array.isArray(datum)) return `${head}${part(xName, datum[0])}, ${part(axisNames(figure)[y] ?? '', datum[1])}`;
  const value = typeof datum === 'number' ? datum : (datum as { value: Value }).value;
  const category = yAxes[y]?.data?.[index];
  return `${head}${category === undefined ? '' : `${category}: `}${part(xName, value)}`;
}

/** Adds a title to each element of a datum. */
export function withTips(svg: string, figure: Figure): string {
  const all = [figure.option.series ?? []].flat() as Series[];
  return svg.replace(/<path ([^>]*)><\/path>/g, (path, attributes: string) => {
    const at = (name: string): number =>
      Number(new RegExp(`ecmeta_${name}="(\\d+)"`).exec(attributes)?.[1] ?? Number.NaN);
    const series = all[at('series_index')];
    const tip = series === undefined ? '' : tipOf(figure, series, at('data_index'));
    return tip === '' ? path : `<path ${attributes}><title>${escapeMarkup(tip)}</title></path>`;
  });
}
