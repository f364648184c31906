import { describe, expect, it } from 'vitest';
import { heatMapFigure, sampleOrder } from '../../../src/report/draw/heatMap.ts';
import { coupling } from '../fixtures/readFixtures.ts';
import { requireWellFormed, texts } from '../svg.ts';

const { matrix } = coupling();
const samples = [true, true, false, false].map((good, state) => ({ good, state, text: 'look' }));

/** [left, top, width, colour] of every run of cells of one colour. */
function cells(svg: string): { left: number; top: number; width: number; color: string }[] {
  return [...svg.matchAll(/<path d="((?:M[\d. ]+L[\d. ]+L[\d. ]+L[\d. ]+Z)+)" fill="(#\w+)">/g)].flatMap(
    ([, path, color]) =>
      [...path.matchAll(/M([\d.]+) ([\d.]+)L([\d.]+) /g)].map(([, left, top, right]) => ({
        left: Number(left),
        top: Number(top),
        width: Number(right) - Number(left),
        color,
      })),
  );
}

describe('sampleOrder', () => {
  it('puts good before bad, then lower states, then texts', () => {
    expect(sampleOrder(matrix.samples).map((i) => matrix.samples[i].good)).toEqual([true, true, false, false]);
    expect(sampleOrder(matrix.samples).map((i) => matrix.samples[i].state)).toEqual([1, 5, 0, 2]);
    const same = ['b', 'a'].map((text) => ({ good: true, state: 0, text }));
    expect(sampleOrder(same)).toEqual([1, 0]);
  });
});

describe('heatMapFigure', () => {
  it('covers an N x N square once per panel', () => {
    const svg = heatMapFigure([
      { name: 'start', matrix },
      { name: 'end & <after>', matrix },
    ]);
    requireWellFormed(svg);
    const size = 290 / matrix.samples.length;
    const count = cells(svg).reduce((sum, cell) => sum + cell.width / size, 0);
    expect(count).toBeCloseTo(2 * matrix.samples.length ** 2, 6);
    expect(texts(svg)).toEqual(expect.arrayContaining(['start', 'end & <after>', 'good (2)', 'bad (2)', 'cosine']));
  });

  it('colours a positive cosine red, a negative one blue and zero neutral, each in its row and column', () => {
    const cosine = [
      [1, 0, 0, -1],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [-1, 0, 0, 1],
    ];
    const drawn = cells(heatMapFigure([{ name: 'x', matrix: { samples, cosine } }]));
    const red = drawn.filter((cell) => cell.color === '#b2182b');
    const blue = drawn.filter((cell) => cell.color === '#2166ac');
    expect(red).toHaveLength(4);
    expect(red.map((cell) => cell.left - red[0].left)).toEqual(red.map((cell) => cell.top - red[0].top));
    expect(blue.map((cell) => [cell.left - red[0].left, cell.top - red[0].top])).toEqual([
      [217.5, 0],
      [0, 217.5],
    ]);
    expect(new Set(drawn.map((cell) => cell.color))).toEqual(new Set(['#b2182b', '#2166ac', '#f7f7f7']));
  });

  it('draws the line between good and bad only where both exist', () => {
    const boundary = /stroke="#1a1a1a" stroke-width="1.5"/g;
    const both = heatMapFigure([{ name: 'x', matrix }]);
    const one = { ...matrix, samples: matrix.samples.map((sample) => ({ ...sample, good: true })) };
    expect(both.match(boundary)).toHaveLength(2);
    expect(heatMapFigure([{ name: 'x', matrix: one }]).match(boundary)).toBeNull();
  });

  it('rejects an empty list of panels', () => {
    expect(() => heatMapFigure([])).toThrow('heatMapFigure: panels must not be empty, got 0; run coupling first');
  });
});
