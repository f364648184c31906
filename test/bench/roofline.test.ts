import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BenchResult } from '../../bench/result.ts';
import { rooflineFigure } from '../../bench/roofline.ts';
import { textWidth } from '../../src/report/draw/chart.ts';
import { measured, resultOf } from './result.ts';

/** Left, top, right and bottom. */
type Box = readonly [number, number, number, number];

const placeOf = /transform="(?:translate\(|matrix\(4\.5,0,0,4\.5,)([\d.]+)[ ,]([\d.]+)\)/;

/** The labels of points in an SVG, identified by their font size, with their boxes. */
function namesIn(svg: string): [name: string, box: Box][] {
  return [...svg.matchAll(/<text [^>]*font-size:10\.5px[^>]*>([^<]*)</g)].map(([tag, name]) => {
    const [x, y] = (placeOf.exec(tag) ?? []).slice(1).map(Number);
    const width = textWidth(name, 10.5);
    return [name, [x - width / 2, y - 5.25, x + width / 2, y + 5.25]];
  });
}

/** The boxes of the kernels' markers in an SVG. */
function markersIn(svg: string): Box[] {
  return [...svg.matchAll(/<path d="M-?[01] -1[^>]*>/g)].map(([tag]) => {
    const [x, y] = (placeOf.exec(tag) ?? []).slice(1).map(Number);
    return [x - 4.5, y - 4.5, x + 4.5, y + 4.5];
  });
}

const meet = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Labels that intersect another label or a marker, or are outside the figure. */
function faults(svg: string): string[] {
  const names = namesIn(svg);
  const [width, height] = (/<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? []).slice(1).map(Number);
  return names.flatMap(([name, box], i) => [
    ...names.slice(0, i).flatMap(([other, place]) => (meet(box, place) ? [`${other} meets ${name}`] : [])),
    ...markersIn(svg).flatMap((marker) => (meet(box, marker) ? [`${name} covers ${marker}`] : [])),
    ...(box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height ? [`${name} leaves`] : []),
  ]);
}

const kernels = ['adamw', 'gelu backward', 'layerNormForward', 'matmulNN 64x32x32', 'matmulTN 64x32x32'];
const streams = [
  measured('stream in cache', 'unbraid', 1, { bytes: 24_000, work: 2000 }),
  measured('stream in memory', 'unbraid', 1, { bytes: 6000, work: 500 }),
];

/** The kernels at a rate and operations per byte; each of them `apart` times those of the one before. */
function crowd(gflops: number, operations: number, apart: number): BenchResult {
  const rows = kernels.map((task, i) => {
    const work = 1e6 * operations * apart ** i;
    return measured(task, 'unbraid', work / 1e3 / gflops, { bytes: 1e6, work });
  });
  return resultOf([...rows, ...streams], {});
}

describe('the roofline', () => {
  test.each([
    ['at one place', crowd(15, 1, 1)],
    ['nearly at one place', crowd(15, 0.5, 1.02)],
    ['at the peak', crowd(50, 60, 1.001)],
    ['in the corner of the axes', crowd(0.5, 0.05, 1)],
    ['beyond the usual axes', crowd(2000, 300, 1)],
    ['below the usual axes', crowd(0.002, 0.001, 3)],
  ])('names each kernel apart from others and from points: kernels %s', (_, result) => {
    const svg = rooflineFigure(result);
    expect(namesIn(svg).map(([name]) => name)).toEqual(['adamw', 'gelu backward', 'layerNormForward', '64x32x32']);
    expect(markersIn(svg).length).toBe(kernels.length);
    expect(faults(svg)).toEqual([]);
  });

  test('is the stored figure, made from the stored result, and no name there meets another or a point', () => {
    const stored = JSON.parse(readFileSync('docs/results/performance.json', 'utf8')) as BenchResult;
    const svg = rooflineFigure(stored);
    const tasks = stored.measurements
      .filter(({ worker }) => worker === 'unbraid')
      .filter(({ microseconds, work, bytes }) => microseconds !== null && work * bytes > 0)
      .map(({ task }) => task)
      .filter((task) => !task.startsWith('stream'));
    expect(markersIn(svg).length).toBe(tasks.length);
    const names = [...new Set(tasks.map((task) => task.replace(/^matmul(NN|NT|TN) /, '')))];
    expect(namesIn(svg).map(([name]) => name)).toEqual(names);
    expect(faults(svg)).toEqual([]);
    expect(readFileSync('docs/results/performance-roofline.svg', 'utf8')).toBe(svg);
  });
});
