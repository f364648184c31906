/**
 * The folders of src/ and which imports which: read from the source by dependency-cruiser, checked, and drawn as one
 * SVG.
 */
import { createRequire } from 'node:module';
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';

export interface FolderGraph {
  /** Names from bottom to top, in the order of dependency-cruiser.cjs. */
  readonly names: readonly string[];
  /** For each folder the numbers of the folders that it imports, ascending. */
  readonly imports: readonly (readonly number[])[];
}

/** The first line of a folder's box; files that lie in src/ itself are listed, before them the folder of entries. */
function labelOf(name: string, pattern: string): string {
  const [, folder = '', files] = /\^src\/(?:\((\w+\/)\|)?\(([\w|]+)\)/.exec(pattern) ?? [];
  if (files === undefined) return name;
  return `${folder && `${folder}, `}${files.replaceAll('|', '.ts, ')}.ts`;
}

/**
 * Reads all imports of src/, types included. Works in the current folder, which must be the project's root.
 *
 * @throws Error if a file of src/ belongs to no folder of the list
 */
export async function readFolderGraph(): Promise<FolderGraph> {
  const { forbidden, options } = createRequire(import.meta.url)('../dependency-cruiser.cjs') as {
    forbidden: (IForbiddenRuleType & { name: string; from: { path: string } })[];
    options: ICruiseOptions & { enhancedResolveOptions: object };
  };
  const rules = forbidden.filter(({ name }) => name.startsWith('imports-of-'));
  const patterns = rules.map(({ from }) => new RegExp(from.path));
  const numberOf = (file: string): number => {
    const number = patterns.findIndex((pattern) => pattern.test(file));
    if (number < 0)
      throw new Error(`readFolderGraph: ${file} must lie in a folder of dependency-cruiser.cjs; add it there`);
    return number;
  };
  const { output } = await cruise(['src'], { ...options, includeOnly: '^src/' }, options.enhancedResolveOptions);
  const imports = rules.map(() => new Set<number>());
  for (const { source, dependencies } of (output as ICruiseResult).modules) {
    for (const { resolved } of dependencies) imports[numberOf(source)].add(numberOf(resolved));
  }
  return {
    names: rules.map(({ name, from }) => labelOf(name.slice('imports-of-'.length), from.path)),
    imports: imports.map((targets, from) => [...targets].filter((to) => to !== from).toSorted((a, b) => a - b)),
  };
}

/** @throws Error naming the first import that leads to a folder further up */
export function checkDownward({ names, imports }: FolderGraph): void {
  for (const [from, targets] of imports.entries()) {
    const up = targets.find((to) => to > from);
    if (up !== undefined) {
      throw new Error(
        `checkDownward: ${names[from]} must import only folders below it, got an import of ${names[up]}; move the file that both need`,
      );
    }
  }
}

/** The imports that do not follow from others: a folder reaches the same folders by these alone. */
export function essentialImports({ imports }: Pick<FolderGraph, 'imports'>): number[][] {
  const reached: Set<number>[] = [];
  return imports.map((targets, from) => {
    reached[from] = new Set(targets.flatMap((to) => [to, ...reached[to]]));
    return targets.filter((to) => !targets.some((other) => reached[other].has(to)));
  });
}

/** A box, or a point where an arrow passes a row without a box. */
interface Mark {
  readonly level: number;
  readonly width: number;
  readonly label: string;
  /** Marks of the next row above and below that a line leads to. */
  readonly above: Mark[];
  readonly below: Mark[];
  /** Centre. */
  x: number;
}

const [width, rowHeight, boxHeight, gap, top, edge] = [760, 62, 30, 26, 74, 20];

/** Rows of marks from bottom to top. A folder's row is one above the highest of those that it imports. */
function placeMarks(names: readonly string[], essential: readonly (readonly number[])[]): Mark[][] {
  const boxes: Mark[] = [];
  const rows: Mark[][] = [];
  const place = (level: number, label: string): Mark => {
    const mark = {
      level,
      label,
      width: label === '' ? 0 : label.length * 7.6 + 24,
      above: [],
      below: [],
      x: width / 2,
    };
    rows[level] = [...(rows[level] ?? []), mark];
    return mark;
  };
  for (const [from, targets] of essential.entries()) {
    const level = 1 + Math.max(-1, ...targets.map((to) => boxes[to].level));
    boxes.push(place(level, names[from]));
  }
  for (const [from, targets] of essential.entries()) {
    for (const to of targets) {
      let upper = boxes[from];
      for (let level = upper.level - 1; level >= boxes[to].level; level--) {
        const lower = level === boxes[to].level ? boxes[to] : place(level, '');
        upper.below.push(lower);
        lower.above.push(upper);
        upper = lower;
      }
    }
  }
  return rows;
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Moves each mark of a row towards the mean of its neighbours, and keeps marks of a row apart. */
function spreadRow(row: Mark[]): void {
  const wanted = new Map(row.map((mark) => [mark, mean([...mark.above, ...mark.below].map(({ x }) => x))]));
  const at = (mark: Mark): number => wanted.get(mark) ?? mark.x;
  row.sort((a, b) => at(a) - at(b));
  const apart = (a: Mark, b: Mark): number => (a.width + b.width) / 2 + gap;
  const right: number[] = [];
  const left: number[] = [];
  for (let i = 0; i < row.length; i++) {
    right[i] = i === 0 ? at(row[0]) : Math.max(at(row[i]), right[i - 1] + apart(row[i - 1], row[i]));
    const k = row.length - 1 - i;
    left[k] = i === 0 ? at(row[k]) : Math.min(at(row[k]), left[k + 1] - apart(row[k], row[k + 1]));
  }
  for (const [i, mark] of row.entries()) mark.x = (left[i] + right[i]) / 2;
}

/**
 * Where a line meets a mark: lines of one side of a box are spread around its centre, in the order of their other ends.
 */
function portOf(mark: Mark, other: Mark, side: Mark[]): number {
  const order = side.toSorted((a, b) => a.x - b.x);
  const step = Math.min(18, mark.width / (order.length + 1));
  return mark.x + (order.indexOf(other) - (order.length - 1) / 2) * step;
}

const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * An SVG of the folders: one row for each level, arrows from each folder to those that it imports.
 *
 * The bytes depend on the graph alone: positions use only + - * / and are rounded to a tenth of a pixel.
 */
export function drawFolderGraph(graph: FolderGraph): string {
  const rows = placeMarks(graph.names, essentialImports(graph));
  for (let sweep = 0; sweep < 40; sweep++) for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) spreadRow(row);
  const marks = rows.flat();
  const [least, most] = [
    Math.min(...marks.map((mark) => mark.x - mark.width / 2)),
    Math.max(...marks.map((mark) => mark.x + mark.width / 2)),
  ];
  const shift = (width - least - most) / 2;
  if (most - least > width - 2 * edge) {
    throw new Error(
      `drawFolderGraph: a row must fit ${width - 2 * edge} pixels, got ${most - least}; make the figure wider`,
    );
  }
  const height = top + rows.length * rowHeight;
  const yOf = (mark: Mark): number => top + (rows.length - 1 - mark.level) * rowHeight;
  const n = (value: number): string => String(Math.round(value * 10) / 10);
  const lines = marks.flatMap((upper) =>
    upper.below.map((lower) => {
      const isPoint = lower.label === '';
      const [x1, x2] = [portOf(upper, lower, upper.below) + shift, portOf(lower, upper, lower.above) + shift];
      const [y1, y2] = [yOf(upper) + boxHeight, yOf(lower) - (isPoint ? 0 : 5)];
      const middle = n((y1 + y2) / 2);
      const passes = isPoint ? ` V${n(y2 + boxHeight)}` : '';
      const arrow = isPoint ? '' : ' marker-end="url(#arrow)"';
      return `<path d="M${n(x1)} ${n(y1)}C${n(x1)} ${middle} ${n(x2)} ${middle} ${n(x2)} ${n(y2)}${passes}"${arrow}/>`;
    }),
  );
  const boxes = marks
    .filter(({ label }) => label !== '')
    .map((mark) => {
      const [x, y] = [mark.x + shift, yOf(mark)];
      return (
        `<rect x="${n(x - mark.width / 2)}" y="${n(y)}" width="${n(mark.width)}" height="${boxHeight}" rx="4"/>` +
        `<text x="${n(x)}" y="${n(y + 20)}">${text(mark.label)}</text>`
      );
    });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Folders of src/ and their imports">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555555"/></marker></defs>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g font-family="system-ui, sans-serif" fill="#1a1a1a"><text x="14" y="28" font-size="16" font-weight="600">Folders of src/ and their imports</text>
<text x="14" y="49" font-size="12.5" fill="#555555">An arrow leads from a folder to one that it imports. Arrows that follow from others are left out.</text></g>
<g fill="none" stroke="#555555" stroke-width="1.3">
${lines.join('\n')}
</g>
<g fill="#eaf2f9" stroke="#0072B2" stroke-width="1.2" font-family="ui-monospace, Consolas, monospace" font-size="12.5" text-anchor="middle">
${boxes.join('\n').replaceAll('<text ', '<text fill="#1a1a1a" stroke="none" ')}
</g>
</svg>
`;
}
