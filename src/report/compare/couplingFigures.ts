import { panelName, renderSvg, valueAxis } from '../draw/chart.ts';
import { ink } from '../draw/colors.ts';
import {
  figureWidth,
  file,
  type Medium,
  margin,
  type NamedPanel,
  type Panel,
  panelTop,
  type SeriesStyle,
} from '../draw/layout.ts';
import { curve } from '../draw/series.ts';
import { styleName } from '../draw/tips.ts';

/** The part of a coupling record that `layerFigure` shows. */
export interface LayerNumbers {
  readonly parameter: string;
  readonly share: number;
  readonly goodBadCosine: number | null;
}

interface CouplingLayers {
  readonly layers: readonly LayerNumbers[];
}

/** The part of a coupling record that `spilloverFigure` shows. */
export interface SpilloverNumbers {
  readonly spillover: {
    readonly stepSize: number;
    readonly relativeError: number;
    readonly points: readonly (readonly [number, number])[];
  };
}

/** The part of a coupling record that `similarityFigure` shows. */
export interface SimilarityNumbers {
  readonly similarity: readonly {
    readonly lower: number;
    readonly upper: number;
    readonly goodBadCosine: number | null;
    readonly positiveFraction: number | null;
  }[];
}

/** A coupling record, or the part that a figure shows, with its name in the figure. */
export interface NamedCoupling<T> {
  readonly name: string;
  readonly record: T;
  readonly style: SeriesStyle;
}

const minus = (text: string): string => text.replace('-', '−');

/**
 * Good-bad cosine of each parameter's part of the gradient, one panel per policy and one bar per checkpoint (at most
 * two per panel: start light, end dark). The label of a parameter includes its share of the total squared gradient
 * norm. Returns SVG.
 */
export function layerFigure(
  policies: readonly { name: string; start?: CouplingLayers; end: CouplingLayers }[],
  medium: Medium = file,
): string {
  if (policies.length === 0) throw new Error('layerFigure: policies must not be empty, got 0; run coupling first');
  const both = policies.some(({ start }) => start !== undefined);
  const styles = { start: { fill: '#ffffff', border: '#0072B2' }, end: { fill: '#0072B2', border: '#0072B2' } };
  const heading = {
    title: 'Good-bad coupling by parameter',
    subtitle: `${both ? 'Hollow bars: start of training; filled bars: end. ' : ''}Percentages: the parameter’s share of the squared gradient norm${both ? ' at the end' : ''}.`,
  };
  const parameters = policies[0].end.layers.map((layer) => layer.parameter);
  const lines = Math.max(...policies.map(({ name }) => name.split('\n').length));
  const narrow = medium.width < figureWidth;
  const top = panelTop(heading, medium) + 8 + 16 * lines;
  const height = parameters.length * (both ? 36 : 26) + 8;
  const cosines = policies.flatMap(({ start, end }) =>
    [...(start?.layers ?? []), ...end.layers].map((layer) => layer.goodBadCosine ?? 0),
  );
  // All panels share one axis range: a multiple of 0.1 at each end, including zero.
  const range = {
    min: Math.floor(Math.min(0, ...cosines) * 10) / 10,
    max: Math.ceil(Math.max(0.1, ...cosines) * 10) / 10,
  };
  const left = 150;
  const step = (medium.width - left - 10) / (narrow ? 1 : policies.length);
  const down = height + 60 + 16 * lines;
  const panels: Panel[] = policies.map((_, i) => ({
    ...(narrow ? { left, top: top + i * down } : { left: left + i * step, top }),
    ...{ width: step - (narrow ? 8 : 34), height },
  }));
  const named = narrow ? panels : panels.slice(0, 1);
  return renderSvg(
    {
      id: 'layers',
      ...heading,
      height: panels[panels.length - 1].top + height + 52,
      option: {
        grid: panels,
        xAxis: panels.map((_, i) =>
          valueAxis('mean cosine of good-bad pairs', 'x', 28, {
            gridIndex: i,
            ...range,
            splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
          }),
        ),
        yAxis: panels.map((_, i) => ({
          type: 'category',
          gridIndex: i,
          inverse: true,
          data: parameters,
          axisTick: { show: false },
          axisLine: { show: true, onZero: true, lineStyle: { color: ink } },
          // The names are drawn separately at the left edge: with negative bars, the zero line is inside the panel.
          axisLabel: { show: false },
        })),
        graphic: [
          ...panels.map((panel, i) => panelName(policies[i].name, { ...panel, left: narrow ? margin : panel.left })),
          ...named.flatMap((panel, i) =>
            parameters.map((parameter, row) => ({
              type: 'text',
              x: left - 12,
              y: panel.top + ((row + 0.5) * height) / parameters.length,
              style: {
                text: `${parameter} ${share(policies[i].end, parameter)}`,
                fontSize: 11.5,
                fill: ink,
                align: 'right',
                verticalAlign: 'middle',
              },
            })),
          ),
        ],
        series: policies.flatMap((policy, panel) =>
          (['start', 'end'] as const).flatMap((when) => {
            const record = policy[when];
            if (record === undefined) return [];
            return {
              type: 'bar',
              tips: parameters.map((parameter) => barTip(record, parameter, both ? when : '')),
              xAxisIndex: panel,
              yAxisIndex: panel,
              barCategoryGap: '30%',
              barGap: '15%',
              silent: true,
              itemStyle: { color: styles[when].fill, borderColor: styles[when].border, borderWidth: 1.4 },
              data: parameters.map(
                (parameter) => record.layers.find((layer) => layer.parameter === parameter)?.goodBadCosine ?? null,
              ),
            };
          }),
        ),
      },
    },
    medium,
  );
}

/** `output, end of training: mean cosine 0.31`. */
function barTip(record: CouplingLayers, parameter: string, when: string): string {
  const cosine = record.layers.find((layer) => layer.parameter === parameter)?.goodBadCosine ?? null;
  const value = cosine === null ? 'not measured' : minus(cosine.toFixed(3));
  return `${parameter}${when === '' ? '' : `, ${when} of training`}: mean cosine ${value}`;
}

function share(record: CouplingLayers, parameter: string): string {
  const layer = record.layers.find((candidate) => candidate.parameter === parameter);
  return layer === undefined ? '' : `${Math.round(layer.share * 100)}%`;
}

/**
 * The smallest of 1, 2, 4, 6, 8, 10 times a power of ten that is at least `reach` > 0. Half of such an axis end has few
 * digits, too.
 */
function roundEnd(reach: number): number {
  let power = 1;
  while (power > reach) power /= 10;
  while (power * 10 <= reach) power *= 10;
  return Number((([1, 2, 4, 6, 8].find((factor) => factor * power >= reach) ?? 10) * power).toPrecision(1));
}

/** Spillover: predicted (first order) against measured change of log pi of each sample. Returns SVG. */
export function spilloverFigure(policies: readonly NamedCoupling<SpilloverNumbers>[], medium: Medium = file): string {
  if (policies.length === 0) throw new Error('spilloverFigure: policies must not be empty, got 0; run coupling first');
  const heading = {
    title: 'Change of log π in one step: predicted from coupling, and measured',
    subtitle: 'One mark per sample. On the dashed line the first-order prediction is exact.',
    legend: policies.map(({ name, record, style }) => ({
      name: `${name} (relative error ${record.spillover.relativeError.toFixed(2)})`,
      ...style,
      line: 'none' as const,
    })),
  };
  const reach =
    1.02 * Math.max(1e-9, ...policies.flatMap(({ record }) => record.spillover.points.flat().map(Math.abs)));
  const top = panelTop(heading);
  const side = 360;
  const end = roundEnd(reach);
  const range = {
    min: -end,
    max: end,
    interval: end / 2,
    axisLabel: { color: '#555555', fontSize: 11, formatter: (x: number) => minus(String(Number(x.toPrecision(2)))) },
  };
  return renderSvg(
    {
      id: 'spillover',
      ...heading,
      height: top + side + 56,
      panels: [{ left: (figureWidth - side) / 2, top, width: side, height: side }],
      option: {
        xAxis: valueAxis('predicted change of log π', 'x', 28, {
          ...range,
          splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
        }),
        yAxis: valueAxis('measured change of log π', 'y', 56, range),
        series: [
          {
            type: 'line',
            symbol: 'none',
            silent: true,
            lineStyle: { color: '#777777', type: [5, 4], width: 1.3 },
            data: [
              [-end, -end],
              [end, end],
            ],
          },
          ...policies.map(({ record, style }) => ({
            type: 'scatter',
            name: styleName({ ...style, line: 'none' }),
            symbol: style.symbol,
            symbolSize: 7,
            silent: true,
            itemStyle: { color: style.color, opacity: 0.65 },
            data: record.spillover.points,
          })),
        ],
      },
    },
    medium,
  );
}

/**
 * Good-bad coupling against the similarity of two states: mean cosine and share of positive pairs, one line per policy.
 * Returns SVG.
 */
export function similarityFigure(policies: readonly NamedCoupling<SimilarityNumbers>[], medium: Medium = file): string {
  if (policies.length === 0) throw new Error('similarityFigure: policies must not be empty, got 0; run coupling first');
  const heading = {
    title: 'Good-bad coupling by similarity of the two states',
    subtitle: 'Each mark is at the centre of a bin of pairs; 1 means equal observations.',
    legend: policies.map(({ name, style }) => ({ name, ...style })),
  };
  const top = panelTop(heading) + 24;
  const names = ['mean cosine of good-bad pairs', 'good-bad pairs with a positive cosine'];
  const panels: NamedPanel[] = names.map((name, i) => ({ name, left: 70 + 362 * i, top, width: 308, height: 210 }));
  const bins = policies.flatMap(({ record }) => record.similarity);
  const range = { min: Math.min(...bins.map((bin) => bin.lower)), max: Math.max(...bins.map((bin) => bin.upper)) };
  const keys = ['goodBadCosine', 'positiveFraction'] as const;
  return renderSvg(
    {
      id: 'similarity',
      ...heading,
      height: top + 210 + 52,
      panels,
      option: {
        xAxis: panels.map((_, i) => valueAxis('similarity of the states', 'x', 28, { gridIndex: i, ...range })),
        yAxis: [
          valueAxis('mean cosine', 'y', 42, { gridIndex: 0 }),
          valueAxis('fraction of pairs', 'y', 38, { gridIndex: 1, min: 0, max: 1, interval: 0.25 }),
        ],
        series: policies.flatMap(({ record, style }) =>
          keys.map((key, panel) =>
            curve(
              record.similarity
                .filter((bin) => bin[key] !== null)
                .map((bin) => [(bin.lower + bin.upper) / 2, bin[key] as number]),
              style,
              panel,
            ),
          ),
        ),
      },
    },
    medium,
  );
}
