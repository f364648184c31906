/** Positions of point labels in a figure, so that labels cover neither each other nor a point. */
import type { Panel } from '../src/report/draw/layout.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

type Segment = readonly [Point, Point];

export interface PlacedName {
  readonly box: Panel;
  /** Line from the point to the edge of the label's box, if they are apart. */
  readonly leader: Segment | null;
}

/** Half the side of the square around a point that labels must not cover, in pixels. */
const markerRoom = 5;
export const nameHeight = 13;

/**
 * Penalties in pixels of distance: for a label on a line, for touching a point with another label, and for a leader
 * that crosses a label.
 */
const costOnLine = 30;
const costOfDoubt = 20;
const costOfCrossing = 60;
/**
 * Largest distance in pixels at which a label is clearly assigned to its marker. Farther away, it needs a leader line.
 */
const near = 5;
/** Distance in pixels between the positions that are tried. */
const step = 2;

/** A label and the points that have it. */
interface Named {
  readonly name: string;
  readonly points: readonly Point[];
  /** In pixels. */
  readonly width: number;
}

const around = ({ x, y }: Point, room: number): Panel => ({
  left: x - room,
  top: y - room,
  width: 2 * room,
  height: 2 * room,
});

function overlap(a: Panel, b: Panel): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The point of the box that is nearest to `point`. */
function nearest({ left, top, width, height }: Panel, { x, y }: Point): Point {
  return { x: clamp(x, left, left + width), y: clamp(y, top, top + height) };
}

const distance = (a: Point, b: Point): number => Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));

/** Whether a segment intersects a box: neither an axis nor the line of the segment separates them. */
function meets([from, to]: Segment, { left, top, width, height }: Panel): boolean {
  if (Math.max(from.x, to.x) < left || Math.min(from.x, to.x) > left + width) return false;
  if (Math.max(from.y, to.y) < top || Math.min(from.y, to.y) > top + height) return false;
  const [across, down] = [to.x - from.x, to.y - from.y];
  const middle = across * (top + height / 2 - from.y) - down * (left + width / 2 - from.x);
  return 2 * Math.abs(middle) <= Math.abs(across) * height + Math.abs(down) * width;
}

/** Integers from `low` to `high` in steps of `step`, the nearest to `middle` first. */
function nearestFirst(low: number, high: number, middle: number): number[] {
  const start = Math.round(clamp(middle, low, high));
  const all = Array.from({ length: 2 * Math.ceil((high - low) / step) + 1 }, (_, i) =>
    i % 2 === 0 ? start + (i / 2) * step : start - ((i + 1) / 2) * step,
  );
  return all.filter((value) => value >= low && value <= high);
}

/** The other elements of the figure, for one label. */
interface Surroundings {
  readonly area: Panel;
  /** Markers and the other labels. */
  readonly taken: readonly Panel[];
  /** Points that have another label or none. */
  readonly strangers: readonly Point[];
  readonly others: readonly PlacedName[];
  readonly lines: readonly Segment[];
}

function costOf({ box, leader }: PlacedName, { strangers, others, lines }: Surroundings): number {
  const crossing =
    others.some((other) => other.leader !== null && meets(other.leader, box)) ||
    (leader !== null &&
      (others.some((other) => meets(leader, other.box)) ||
        strangers.some((point) => meets(leader, around(point, markerRoom)))));
  return (
    (lines.some((line) => meets(line, box)) ? costOnLine : 0) +
    (strangers.some((point) => overlap(around(point, markerRoom + near), box)) ? costOfDoubt : 0) +
    (crossing ? costOfCrossing : 0)
  );
}

/** The position at a point with the lowest cost whose box intersects no taken one; null if there is none. */
function cheapest(point: Point, width: number, surroundings: Surroundings): (PlacedName & { cost: number }) | null {
  const { area, taken } = surroundings;
  const lefts = nearestFirst(area.left, area.left + area.width - width, point.x - width / 2);
  const tops = nearestFirst(area.top, area.top + area.height - nameHeight, point.y - nameHeight / 2);
  let best: (PlacedName & { cost: number }) | null = null;
  // Positions by increasing distance, so that the search can end when the distance alone exceeds the best cost.
  for (const top of tops) {
    if (best && Math.abs(top + nameHeight / 2 - point.y) - nameHeight / 2 >= best.cost) break;
    for (const left of lefts) {
      if (best && Math.abs(left + width / 2 - point.x) - width / 2 >= best.cost) break;
      const box = { left, top, width, height: nameHeight };
      const at = nearest(box, point);
      const away = distance(at, point);
      // Of equally near positions, prefer the one whose centre is nearest.
      const base = away + 0.02 * distance({ x: left + width / 2, y: top + nameHeight / 2 }, point);
      if ((best && base >= best.cost) || taken.some((other) => overlap(box, other))) continue;
      const leader: Segment | null = away > markerRoom + near ? [point, at] : null;
      const cost = base + costOf({ box, leader }, surroundings);
      if (!best || cost < best.cost) best = { box, leader, cost };
    }
  }
  return best;
}

/**
 * Places each label at the free position nearest to one of its points. No two boxes intersect, none covers a marker,
 * and all are inside the area, for any points: a position that is not free is never used. A marker or another label
 * blocks (its width + the label's) x (its height + the label's) pixels for the label's corner. A position therefore
 * exists while these sum to less than the number of pixels that the corner can have.
 *
 * @param names with their points
 * @param markers all points, in pixels
 * @param lines that labels avoid if possible
 * @param area in whole pixels, as are the widths of the labels
 * @throws Error if a label has no position
 */
export function placeNames(
  names: readonly Named[],
  markers: readonly Point[],
  lines: readonly Segment[],
  area: Panel,
): PlacedName[] {
  const boxes = markers.map((point) => around(point, markerRoom));
  const placed: PlacedName[] = [];
  // In the second round, the positions of all other labels are known. A label keeps its own position if no better one
  // exists.
  for (let round = 0; round < 2; round++) {
    for (const [i, { name, points, width }] of names.entries()) {
      const others = placed.filter((_, j) => j !== i);
      const taken = [...boxes, ...others.map(({ box }) => box)];
      const strangers = markers.filter((marker) => !points.some(({ x, y }) => x === marker.x && y === marker.y));
      const places = points.flatMap((point) => cheapest(point, width, { area, taken, strangers, others, lines }) ?? []);
      if (places.length === 0) {
        throw new Error(
          `placeNames: each name needs a free place in ${area.width} x ${area.height} pixels, "${name}" has none; name fewer points`,
        );
      }
      placed[i] = places.reduce((best, place) => (place.cost < best.cost ? place : best));
    }
  }
  return placed.map(({ box, leader }) => ({ box, leader }));
}
