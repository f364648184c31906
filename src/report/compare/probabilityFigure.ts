import type { ActionProbabilities } from '../../record/actionProbabilities.ts';
import { fontFamily, renderSvg, textWidth } from '../draw/chart.ts';
import { ink, LEVELS, muted, probabilityColors } from '../draw/colors.ts';
import { figureWidth, file, type Medium, margin, type Panel, panelTop } from '../draw/layout.ts';
import { htmlFigure, htmlSection } from '../draw/page.ts';
import type { ComparedVariant } from './variants.ts';

/** Largest number of rows of one state, height of a row, and of the heading of a state, in pixels. */
const ROWS = 6;
const ROW = 15;
const HEADING = 34;

/** Width of the names of actions. */
const labelWidth = ({ width }: Medium): number => (width < figureWidth ? 150 : 268);

const levelOf = (probability: number): number => Math.round(Math.min(1, Math.max(0, probability)) * (LEVELS - 1));

/** The text, cut at its end or, with `fromStart`, at its start, so that it is at most `width` pixels wide. */
function fitted(text: string, fontSize: number, width: number, fromStart = false): string {
  if (textWidth(text, fontSize) <= width) return text;
  let length = text.length;
  const cut = (): string => (fromStart ? `… ${text.slice(-length)}` : `${text.slice(0, length)} …`);
  while (length > 0 && textWidth(cut(), fontSize) > width) length--;
  return cut();
}

/** A state of the figure: its text, and its rows from the top. */
interface Block {
  readonly text: string;
  readonly rows: readonly {
    readonly name: string;
    readonly good: boolean;
    readonly probabilities: readonly number[];
  }[];
}

/**
 * The states with their rows: the actions that are likeliest at any time, at most `ROWS`, good ones first, in the order
 * of the record otherwise.
 */
export function probabilityRows({ states, probabilities }: ActionProbabilities): Block[] {
  let column = 0;
  return states.map(({ state, step, actions }, number) => {
    const all = actions.map(({ action, good }, a) => ({
      ...{ name: action, good: good === true, place: a },
      probabilities: probabilities.map((measured) => measured[column + a]),
    }));
    column += actions.length;
    const peak = (row: (typeof all)[number]): number => Math.max(...row.probabilities);
    const likeliest = [...all].sort((a, b) => peak(b) - peak(a) || a.place - b.place).slice(0, ROWS);
    likeliest.sort((a, b) => Number(b.good) - Number(a.good) || a.place - b.place);
    return { text: `${number + 1}, step ${step}: ${state}`, rows: likeliest };
  });
}

/**
 * Left and right edges of the cells, as shares of the axis: a cell reaches half-way to the measurements before and
 * after.
 */
export function cellEdges(iterations: readonly number[]): [left: number, right: number][] {
  const [first, last] = [iterations[0], iterations[iterations.length - 1]];
  if (first === last) return iterations.map(() => [0, 1]);
  const at = (iteration: number): number => (iteration - first) / (last - first);
  return iterations.map((iteration, i) => [
    i === 0 ? 0 : at((iterations[i - 1] + iteration) / 2),
    i === iterations.length - 1 ? 1 : at((iteration + iterations[i + 1]) / 2),
  ]);
}

function label(text: string, x: number, y: number, more: object = {}): object {
  return { type: 'text', x, y, style: { text, fontSize: 11, fill: ink, verticalAlign: 'middle', fontFamily, ...more } };
}

/** One path per colour. */
function cells(rows: readonly (readonly number[])[], edges: readonly [number, number][], panel: Panel): object[] {
  const paths = new Map<number, string>();
  for (const [row, measured] of rows.entries()) {
    for (const [i, [from, to]] of edges.entries()) {
      const level = levelOf(measured[i]);
      const [left, right] = [from, to].map((share) => (panel.left + share * panel.width).toFixed(2));
      const [top, bottom] = [panel.top + row * ROW, panel.top + (row + 1) * ROW - 1];
      const cell = `M${left} ${top}L${right} ${top}L${right} ${bottom}L${left} ${bottom}Z`;
      paths.set(level, (paths.get(level) ?? '') + cell);
    }
  }
  return [...paths.keys()]
    .sort((a, b) => a - b)
    .map((level) => ({
      ...{ type: 'path', shape: { pathData: paths.get(level) }, silent: true },
      style: { fill: probabilityColors[level] },
    }));
}

/** Colour key at the right of the first rows. */
function colorKey(left: number, top: number): object[] {
  const height = 6;
  const steps = Array.from({ length: LEVELS }, (_, level) => ({
    type: 'rect',
    shape: { x: left, y: top + (LEVELS - 1 - level) * height, width: 12, height: height + 0.3 },
    style: { fill: probabilityColors[level] },
  }));
  const marks = [1, 0.5, 0].map((p) => label(String(p), left + 17, top + (1 - p) * (LEVELS - 1) * height + height / 2));
  return [...steps, ...marks, label('probability', left - 8, top + LEVELS * height + 10)];
}

/**
 * Probabilities of actions over a run: a block of rows for each state, a row for each action, time from left to right.
 * Returns SVG.
 *
 * @param name of the run, for the title
 * @param id unique on a page
 */
export function probabilityFigure(
  record: ActionProbabilities,
  name = '',
  id = 'probabilities',
  medium: Medium = file,
): string {
  const { iterations } = record;
  if (iterations.length === 0) {
    throw new Error('probabilityFigure: iterations must not be empty, got 0; train with diagnostics');
  }
  const blocks = probabilityRows(record);
  const labelled = blocks.some(({ rows }) => rows.some(({ good }) => good));
  const heading = {
    title: `Probability of actions over training${name === '' ? '' : `: ${name}`}`,
    subtitle: `Rows: states of in-domain games that training does not play, each with its likeliest actions${labelled ? '; + marks actions that the expert might take' : ''}. Columns: training time.`,
  };
  const labels = labelWidth(medium);
  const width = medium.width - 2 * margin - labels - 66;
  const left = margin + labels;
  const edges = cellEdges(iterations);
  const graphic: object[] = [];
  const panels: { readonly rows: readonly (readonly number[])[]; readonly panel: Panel }[] = [];
  let top = panelTop(heading, medium);
  const keyTop = top + HEADING;
  for (const { text, rows } of blocks) {
    graphic.push(
      label(fitted(text, 11, 0.85 * (medium.width - 2 * margin)), margin, top + HEADING - 12, { fill: muted }),
    );
    const panel = { left, top: top + HEADING, width, height: rows.length * ROW };
    for (const [row, { name, good }] of rows.entries()) {
      const y = panel.top + row * ROW + ROW / 2;
      graphic.push(label(fitted(name, 11, 0.85 * (labels - 20)), margin + 14, y));
      if (good) graphic.push(label('+', margin + 2, y, { fontWeight: 'bold' }));
    }
    panels.push({ rows: rows.map(({ probabilities }) => probabilities), panel });
    top = panel.top + panel.height;
  }
  const ends = [iterations[0], iterations[iterations.length - 1]].map((iteration, i) =>
    label(String(iteration), left + i * width, top + 12, { align: i === 0 ? 'left' : 'right', fill: muted }),
  );
  graphic.push(...ends, label('iteration', left + width / 2, top + 12, { align: 'center', fill: muted }));
  return renderSvg(
    {
      ...{ id, ...heading, height: top + 34 },
      option: {
        graphic: [...graphic, ...colorKey(left + width + 20, keyTop)],
        // The graphic component does not support free paths; a custom series without coordinates does.
        series: panels.map(({ rows, panel }) => ({
          ...{ type: 'custom', coordinateSystem: 'none', silent: true, z: -1, data: [0] },
          renderItem: () => ({ type: 'group', children: cells(rows, edges, panel) }),
        })),
      },
    },
    medium,
  );
}

export const probabilityCaption =
  'The states are fixed before training. A column reaches half-way to the measurements before and after it, which are those of the evaluations. One run is shown.';

/** A section with a figure for the first run of each variant that recorded probabilities; empty if there is none. */
export function probabilitySection(variants: readonly (ComparedVariant | undefined)[]): string[] {
  const figures = [...new Set(variants)].flatMap((variant, i) => {
    const run = variant?.runs.find(({ actionProbabilities }) => actionProbabilities !== undefined);
    if (!variant || !run?.actionProbabilities) return [];
    const name = `${variant.name}, seed ${run.result.config.seed}`;
    const record = run.actionProbabilities;
    const draw = (medium: Medium): string => probabilityFigure(record, name, `probabilities${i}`, medium);
    return [htmlFigure(draw, probabilityCaption)];
  });
  return figures.length === 0 ? [] : [htmlSection('Actions over training', figures.join('\n'), '')];
}
