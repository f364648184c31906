/** Places for the names of points in a figure, none over another or over a point. */
import type { Panel } from '../src/report/draw/chart.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

type Segment = readonly [Point, Point];

export interface PlacedName {
  readonly box: Panel;
  /** From the point to the edge of the name's box, where they are apart. */
  readonly leader: Segment | null;
}

/** Half the side of the square that a point's marker keeps free, in pixels. */
const markerRoom = 5;
export const nameHeight = 13;

/** What a name goes out of its way, in pixels: not to lie on a line, not to touch a point of another name, not to be crossed by a leader. */
const costOnLine = 30;
const costOfDoubt = 20;
const costOfCrossing = 60;
/** A name this near to a point's marker is taken for its name; farther away it needs a leader. */
const near = 5;
/** Pixels between the places that are tried. */
const step = 2;

/** A name and the points that have it. */
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

/** Whether a segment meets a box: neither an axis nor the segment's own line separates them. */
function meets([from, to]: Segment, { left, top, width, height }: Panel): boolean {
  if (Math.max(from.x, to.x) < left || Math.min(from.x, to.x) > left + width) return false;
  if (Math.max(from.y, to.y) < top || Math.min(from.y, to.y) > top + height) return false;
  const [across, down] = [to.x - from.x, to.y - from.y];
  const middle = across * (top + height / 2 - from.y) - down * (left + width / 2 - from.x);
  return 2 * Math.abs(middle) <= Math.abs(across) * height + Math.abs(down) * width;
}

/** Whole numbers from `low` to `high`, `step` apart, the nearest to `middle` first. */
function nearestFirst(low: number, high: number, middle: number): number[] {
  const start = Math.round(clamp(middle, low, high));
  const all = Array.from({ length: 2 * Math.ceil((high - low) / step) + 1 }, (_, i) =>
    i % 2 === 0 ? start + (i / 2) * step : start - ((i + 1) / 2) * step,
  );
  return all.filter((value) => value >= low && value <= high);
}

/** What else is in the figure, for one name. */
interface Surroundings {
  readonly area: Panel;
  /** Markers and the other names. */
  readonly taken: readonly Panel[];
  /** Points that have other names, or none. */
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

/** The cheapest place at a point whose box meets nothing that is taken; null where there is none. */
function cheapest(point: Point, width: number, surroundings: Surroundings): (PlacedName & { cost: number }) | null {
  const { area, taken } = surroundings;
  const lefts = nearestFirst(area.left, area.left + area.width - width, point.x - width / 2);
  const tops = nearestFirst(area.top, area.top + area.height - nameHeight, point.y - nameHeight / 2);
  let best: (PlacedName & { cost: number }) | null = null;
  // From the nearest on, so that the first place that is farther away than the best one costs ends the search.
  for (const top of tops) {
    if (best && Math.abs(top + nameHeight / 2 - point.y) - nameHeight / 2 >= best.cost) break;
    for (const left of lefts) {
      if (best && Math.abs(left + width / 2 - point.x) - width / 2 >= best.cost) break;
      const box = { left, top, width, height: nameHeight };
      const at = nearest(box, point);
      const away = distance(at, point);
      // Of equally near places the one whose middle is nearest.
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
 * Places each name at the free place nearest to one of its points. No two boxes meet, none covers a marker, all lie in the area, wherever the
 * points lie: a box that is not free is never taken. A marker or another name forbids some (its width + the name's) x (its height + the
 * name's) pixels for the name's corner, so that a place is left while these sum to less than the pixels where that corner may lie.
 *
 * @param names with their points
 * @param markers all points, in pixels
 * @param lines what names avoid if they can
 * @param area in whole pixels, as the names' widths
 * @throws if a name has no place
 */
export function placeNames(
  names: readonly Named[],
  markers: readonly Point[],
  lines: readonly Segment[],
  area: Panel,
): PlacedName[] {
  const boxes = markers.map((point) => around(point, markerRoom));
  const placed: PlacedName[] = [];
  // The second time round, a name knows the places of those after it, and keeps its own if there is no better.
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
