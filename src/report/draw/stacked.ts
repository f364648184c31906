/** Panels of a figure below each other, for narrow pages. */
import { type Figure, type Medium, panelTop } from './layout.ts';

/** Space for the labels and the name of a value axis, and at the right. */
const LEFT = 62;
const RIGHT = 14;

interface Axis {
  readonly name?: string;
}

/** Names of the value axes: panels of one row share the name that the first one shows. */
export function axisNames({ panels = [], option }: Pick<Figure, 'panels' | 'option'>): string[] {
  const names: string[] = [];
  for (const [i, { name = '' }] of ([option.yAxis ?? []].flat() as Axis[]).entries()) {
    names.push(panels[i]?.axis ?? (name === '' ? (names.at(-1) ?? '') : name));
  }
  return names;
}

/** Square panels stay square; others keep their height. */
export function stacked(figure: Figure, medium: Medium): Figure {
  const { panels = [], height, option } = figure;
  if (panels.length === 0) return figure;
  const above = panels[0].top - panelTop(figure);
  const below = height - Math.max(...panels.map((panel) => panel.top + panel.height));
  const width = medium.width - LEFT - RIGHT;
  let bottom = panelTop(figure, medium);
  const placed = panels.map((panel, i) => {
    const top = bottom + (i > 0 ? Math.max(above, 26) : above);
    const of = { ...panel, left: LEFT, top, width, height: panel.width === panel.height ? width : panel.height };
    bottom = top + of.height + Math.max(below, 46);
    return of;
  });
  const axes = [option.yAxis].flat() as Axis[];
  const names = axisNames(figure);
  return {
    ...figure,
    panels: placed,
    height: bottom,
    option: { ...option, yAxis: axes.map((axis, i) => ({ ...axis, name: names[i] })) },
  };
}
