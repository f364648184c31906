import type { CouplingMatrix } from '../../record/schemas.ts';
import { fontFamily, panelName, renderSvg } from './chart.ts';
import { cosineColors, ink, LEVELS } from './colors.ts';
import { figureWidth, file, type Medium, margin, type Panel, panelTop } from './layout.ts';

/** One panel of a heat map. `name` contains the policy and the checkpoint, in at most two lines. */
export interface HeatMapPanel {
  readonly name: string;
  readonly matrix: CouplingMatrix;
}

const SIDE = 290;
const COLUMNS = 2;

function levelOf(cosine: number): number {
  return Math.round(((Math.min(1, Math.max(-1, cosine)) + 1) / 2) * (LEVELS - 1));
}

/** Indices of the samples: good before bad, then by state, then by text. */
export function sampleOrder(samples: CouplingMatrix['samples']): number[] {
  return samples
    .map((_, i) => i)
    .sort((i, j) => {
      const a = samples[i];
      const b = samples[j];
      const byText = a.text < b.text ? -1 : a.text > b.text ? 1 : i - j;
      return Number(b.good) - Number(a.good) || a.state - b.state || byText;
    });
}

/**
 * One path per colour. Neighbours of equal colour in a row are one rectangle, which keeps a figure of 100 samples
 * small.
 */
function cells(matrix: CouplingMatrix, panel: Panel): object[] {
  const order = sampleOrder(matrix.samples);
  const size = panel.width / order.length;
  const paths = new Map<number, string>();
  for (const [row, i] of order.entries()) {
    const levels = order.map((j) => levelOf(matrix.cosine[i][j]));
    for (let from = 0, to = 1; from < levels.length; from = to++) {
      while (to < levels.length && levels[to] === levels[from]) to++;
      const [left, right] = [from, to].map((column) => (panel.left + column * size).toFixed(2));
      const [top, bottom] = [row, row + 1].map((line) => (panel.top + line * size).toFixed(2));
      const cell = `M${left} ${top}L${right} ${top}L${right} ${bottom}L${left} ${bottom}Z`;
      paths.set(levels[from], (paths.get(levels[from]) ?? '') + cell);
    }
  }
  return [...paths.keys()]
    .sort((a, b) => a - b)
    .map((level) => ({
      type: 'path',
      shape: { pathData: paths.get(level) },
      style: { fill: cosineColors[level] },
      silent: true,
    }));
}

function text(content: string, x: number, y: number, more: object = {}): object {
  return {
    type: 'text',
    x,
    y,
    ...more,
    style: { text: content, fontSize: 11.5, fill: ink, align: 'center', verticalAlign: 'middle', fontFamily },
  };
}

/** Outline, lines between good and bad samples, and names of the blocks. */
function blocks(matrix: CouplingMatrix, panel: Panel): object[] {
  const good = matrix.samples.filter((sample) => sample.good).length;
  const edge = (panel.width * good) / matrix.samples.length;
  const { left, top, width, height } = panel;
  const line = (x1: number, y1: number, x2: number, y2: number): object => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke: ink, lineWidth: 1.5 },
  });
  const names: readonly (readonly [string, number, number])[] = [
    [`good (${good})`, 0, edge],
    [`bad (${matrix.samples.length - good})`, edge, width],
  ];
  return [
    { type: 'rect', shape: { x: left, y: top, width, height }, style: { fill: 'none', stroke: ink, lineWidth: 1 } },
    ...(good > 0 && good < matrix.samples.length
      ? [line(left + edge, top, left + edge, top + height), line(left, top + edge, left + width, top + edge)]
      : []),
    ...names
      .filter(([, from, to]) => to > from)
      .flatMap(([name, from, to]) => [
        text(name, left + (from + to) / 2, top + height + 12),
        text(name, left - 12, top + (from + to) / 2, { rotation: Math.PI / 2 }),
      ]),
  ];
}

/** Colour key, a column at the right of the panels. */
function colorKey(left: number, top: number, side: number): object[] {
  const height = side / LEVELS;
  const steps = Array.from({ length: LEVELS }, (_, level) => ({
    type: 'rect',
    shape: { x: left, y: top + (LEVELS - 1 - level) * height, width: 14, height: height + 0.3 },
    style: { fill: cosineColors[level] },
  }));
  const marks = [1, 0.5, 0, -0.5, -1].map((cosine) =>
    text(String(cosine).replace('-', '−'), left + 30, top + ((1 - cosine) / 2) * (side - height) + height / 2),
  );
  return [...steps, ...marks, text('cosine', left + 12, top + side + 12)];
}

/**
 * Cosines between the per-sample gradients of log pi, one square per panel. Samples are ordered good before bad, then
 * by state, so the upper right and lower left blocks are the good-bad pairs. Returns SVG.
 */
export function heatMapFigure(panels: readonly HeatMapPanel[], medium: Medium = file): string {
  if (panels.length === 0) throw new Error('heatMapFigure: panels must not be empty, got 0; run coupling first');
  const heading = {
    title: 'Cosine between the gradients of every two samples',
    subtitle:
      'Rows and columns: samples (state, action), good before bad, then by state. The off-diagonal blocks are the good-bad pairs.',
  };
  const columns = medium.width < figureWidth ? 1 : COLUMNS;
  // The colour key is at the right of the panels.
  const side = Math.min(SIDE, medium.width - 110);
  const top = panelTop(heading, medium) + 36;
  const places: Panel[] = panels.map((_, i) => ({
    left: margin + 26 + (i % columns) * (side + 46),
    top: top + Math.floor(i / columns) * (side + 90),
    width: side,
    height: side,
  }));
  return renderSvg(
    {
      id: 'heat',
      ...heading,
      height: top + Math.ceil(panels.length / columns) * (side + 90) - 50,
      option: {
        graphic: [
          ...panels.flatMap(({ name, matrix }, i) => [panelName(name, places[i]), ...blocks(matrix, places[i])]),
          ...colorKey(margin + Math.min(columns, panels.length) * (side + 46) + (columns === 1 ? 2 : 24), top, side),
        ],
        // The graphic component does not support free paths; a custom series without coordinates does.
        series: panels.map(({ matrix }, i) => ({
          type: 'custom',
          coordinateSystem: 'none',
          silent: true,
          z: -1,
          data: [0],
          renderItem: () => ({ type: 'group', children: cells(matrix, places[i]) }),
        })),
      },
    },
    medium,
  );
}
