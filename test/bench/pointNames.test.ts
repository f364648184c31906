import { describe, expect, test } from 'vitest';
import { nameHeight, type PlacedName, type Point, placeNames } from '../../bench/pointNames.ts';
import { randomStream } from '../../src/random.ts';
import type { Panel } from '../../src/report/draw/layout.ts';

const area = { left: 70, top: 120, width: 660, height: 330 };
const right = area.left + area.width;
const bottom = area.top + area.height;
/** Markers are drawn 9 pixels wide. */
const marker = ({ x, y }: Point): Panel => ({ left: x - 4.5, top: y - 4.5, width: 9, height: 9 });

function common(a: Panel, b: Panel): number {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return Math.max(0, across) * Math.max(0, down);
}

/** Pairs of boxes that intersect, boxes that cover a marker, and boxes outside the area. */
function faults(placed: readonly PlacedName[], markers: readonly Point[]): string[] {
  const boxes = placed.map(({ box }) => box);
  return boxes.flatMap((box, i) => [
    ...boxes.slice(0, i).flatMap((other, j) => (common(box, other) > 0 ? [`${j} meets ${i}`] : [])),
    ...markers.flatMap((point, p) => (common(box, marker(point)) > 0 ? [`${i} covers ${p}`] : [])),
    ...(common(box, area) < box.width * box.height ? [`${i} leaves`] : []),
  ]);
}

/** From a point to the nearest edge of a box. */
function gapOf({ left, top, width, height }: Panel, { x, y }: Point): number {
  const across = Math.max(left - x, 0, x - left - width);
  const down = Math.max(top - y, 0, y - top - height);
  return Math.sqrt(across * across + down * down);
}

/** A name per point, of widths from 25 to 95. */
function namesOf(points: readonly Point[]) {
  return points.map((point, i) => ({ name: `name ${i}`, points: [point], width: 25 + ((i * 37) % 71) }));
}

const many = (pointOf: (i: number) => Point): Point[] => Array.from({ length: 30 }, (_, i) => pointOf(i));
const random = randomStream(1, 'test/bench/pointNames');
const crowds: Readonly<Record<string, Point[]>> = {
  'all at one place': many(() => ({ x: 400, y: 300 })),
  'nearly at one place': many((i) => ({ x: 400 + 0.37 * (i % 5), y: 300 - 0.91 * i })),
  'all in the upper left corner': many(() => ({ x: area.left, y: area.top })),
  'all in the lower right corner': many((i) => ({ x: right - i / 7, y: bottom })),
  'along the upper edge': many((i) => ({ x: area.left + 22 * i, y: area.top })),
  'on a slope': many((i) => ({ x: 100 + 9.3 * i, y: 400 - 4.1 * i })),
  'on a lattice without room between': many((i) => ({ x: 300 + 17 * (i % 6), y: 250 + 17 * Math.floor(i / 6) })),
  'strewn about': many(() => ({
    x: area.left + area.width * random.uniform(),
    y: area.top + area.height * random.uniform(),
  })),
};
const slope = [
  [
    { x: area.left, y: 400 },
    { x: right, y: 130 },
  ],
] as const;

describe('names of points', () => {
  test.each(Object.entries(crowds))('meet neither each other nor a point, and stay inside: points %s', (_, points) => {
    const placed = placeNames(namesOf(points), points, slope, area);
    expect(placed.map(({ box }) => [box.width, box.height])).toEqual(
      namesOf(points).map(({ width }) => [width, nameHeight]),
    );
    expect(faults(placed, points)).toEqual([]);
  });

  test('have a leader from their point where they are away from it, and none where they are beside it', () => {
    const points = crowds['all at one place'];
    const placed = placeNames(namesOf(points), points, [], area);
    const gaps = placed.map(({ box }) => gapOf(box, points[0]));
    expect(placed.map(({ leader }) => leader !== null)).toEqual(gaps.map((gap) => gap > 10));
    const lengths = placed.map(({ leader }, i) =>
      leader ? Math.sqrt((leader[1].x - 400) ** 2 + (leader[1].y - 300) ** 2) : gaps[i],
    );
    expect(lengths).toEqual(gaps);
    expect(new Set(gaps.map((gap) => gap > 10)).size).toBe(2);
  });

  test('lie above a lone point, in the middle, and beside it if a line runs above', () => {
    const named = namesOf([{ x: 400, y: 300 }]);
    const [free] = placeNames(named, named[0].points, [], area);
    const above = { left: 388, top: 282, width: 25, height: nameHeight };
    expect(free).toEqual({ box: above, leader: null });
    const line = [
      { x: area.left, y: 290 },
      { x: right, y: 290 },
    ] as const;
    const [moved] = placeNames(named, named[0].points, [line], area);
    expect(moved).toEqual({ box: { ...above, left: 370, top: 294 }, leader: null });
  });

  test('touch no point of another name while there is room', () => {
    const points = [
      { x: 400, y: 300 },
      { x: 400, y: 325 },
    ];
    const placed = placeNames(namesOf(points), points, [], area);
    const gaps = placed.map(({ box }, i) => gapOf(box, points[1 - i]));
    expect(gaps.every((gap) => gap >= 10)).toBe(true);
  });

  test('are crossed by no leader of another name while there is room, nor are points', () => {
    const points = Array.from({ length: 20 }, (_, i) => ({ x: 350 + 12 * i, y: 200 + 5 * i }));
    const placed = placeNames(namesOf(points), points, [], area);
    const leaders = placed.flatMap(({ leader }, i) => (leader ? [{ leader, i }] : []));
    const crossed = leaders.flatMap(({ leader: [from, to], i }) => {
      const along = Array.from({ length: 201 }, (_, k) => ({
        x: from.x + ((to.x - from.x) * k) / 200,
        y: from.y + ((to.y - from.y) * k) / 200,
      }));
      const hits = (box: Panel): boolean => along.some((point) => gapOf(box, point) === 0);
      const strangers = points.map(marker).filter((_, p) => p !== i);
      return [...strangers, ...placed.filter((_, j) => j !== i).map(({ box }) => box)].filter(hits);
    });
    expect(leaders.length).toBeGreaterThan(0);
    expect(crossed).toEqual([]);
  });

  test('go to that of several points where there is room', () => {
    const markers = crowds['on a lattice without room between'];
    const free = { x: 600, y: 400 };
    const [{ box }] = placeNames(
      [{ name: 'name', points: [markers[14], free], width: 60 }],
      [...markers, free],
      [],
      area,
    );
    expect(box).toEqual({ left: 570, top: 382, width: 60, height: nameHeight });
  });

  test('are rejected if they do not fit', () => {
    const points = crowds['all at one place'].slice(0, 3);
    const small = { left: 390, top: 290, width: 95, height: 40 };
    const wide = points.map((point, i) => ({ name: `name ${i}`, points: [point], width: 95 }));
    expect(() => placeNames(wide, points, [], small)).toThrow(
      new Error('placeNames: each name needs a free place in 95 x 40 pixels, "name 1" has none; name fewer points'),
    );
  });
});
