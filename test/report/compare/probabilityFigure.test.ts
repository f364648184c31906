import { describe, expect, test } from 'vitest';
import type { ActionProbabilities } from '../../../src/record/actionProbabilities.ts';
import { cellEdges, probabilityFigure, probabilityRows } from '../../../src/report/compare/probabilityFigure.ts';
import { renderCouplingPage, renderReport } from '../../../src/report/compare/report.ts';
import { coupling, reportRecords } from '../fixtures/readFixtures.ts';
import { requireWellFormed, texts } from '../svg.ts';

const door = ['look', 'open', 'close'].map((action) => ({ action, good: action === 'close' }));
const hall = Array.from({ length: 9 }, (_, a) => ({ action: `go ${a}`, good: false }));
const record: ActionProbabilities = {
  states: [
    { state: 'You see a door & a <wall>.', step: 0, actions: door },
    { state: 'You are in a hall.', step: 1, actions: hall },
  ],
  iterations: [0, 10, 40],
  probabilities: [
    [0.5, 0.5, 0, ...hall.map((_, a) => a / 36)],
    [0.25, 0.75, 0, ...hall.map((_, a) => a / 36)],
    [0, 1, 0, ...hall.map((_, a) => (8 - a) / 36)],
  ],
};

test('rows: the six actions that are likeliest at any time, good ones first', () => {
  const [first, second] = probabilityRows(record);
  expect(first).toEqual({
    text: '1, step 0: You see a door & a <wall>.',
    rows: [
      expect.objectContaining({ name: 'close', good: true, probabilities: [0, 0, 0] }),
      expect.objectContaining({ name: 'look', good: false, probabilities: [0.5, 0.25, 0] }),
      expect.objectContaining({ name: 'open', good: false, probabilities: [0.5, 0.75, 1] }),
    ],
  });
  // Peaks are 8, 7, 6, 5, 4, 5, 6, 7, 8 of 36: the three in the middle are left out, the earlier of equal ones stays.
  expect(second.rows.map(({ name }) => name)).toEqual(['go 0', 'go 1', 'go 2', 'go 6', 'go 7', 'go 8']);
});

test('cells reach half-way to the measurements before and after, in proportion to time', () => {
  expect(cellEdges([0, 10, 40])).toEqual([
    [0, 0.125],
    [0.125, 0.625],
    [0.625, 1],
  ]);
  expect(cellEdges([7])).toEqual([[0, 1]]);
});

/** Colours of the cells by row from the top, each with its left and right edge. */
function rowsOf(svg: string): Map<number, [left: number, right: number, color: string][]> {
  const rows = new Map<number, [number, number, string][]>();
  for (const [, path, color] of svg.matchAll(/<path d="((?:M[\d. ]+L[\d. ]+L[\d. ]+L[\d. ]+Z)+)" fill="(#\w+)">/g)) {
    for (const [, left, top, right] of path.matchAll(/M([\d.]+) ([\d.]+)L([\d.]+) /g)) {
      const row = rows.get(Number(top)) ?? [];
      row.push([Number(left), Number(right), color]);
      rows.set(
        Number(top),
        row.sort((a, b) => a[0] - b[0]),
      );
    }
  }
  return new Map([...rows].sort(([a], [b]) => a - b));
}

describe('probabilityFigure', () => {
  const svg = probabilityFigure(record, 'grpo, seed 1');

  test('a row for each action and a cell for each measurement; darker is likelier', () => {
    requireWellFormed(svg);
    const rows = [...rowsOf(svg).values()];
    expect(rows).toHaveLength(9);
    for (const row of rows) expect(row).toHaveLength(3);
    const [close, look, open] = rows.map((row) => row.map(([, , color]) => color));
    expect(close).toEqual(['#f7fbff', '#f7fbff', '#f7fbff']);
    expect(open[2]).toBe('#08306b');
    expect(look[0]).toBe(open[0]);
    const dark = open.map((color) => Number.parseInt(color.slice(1, 3), 16));
    expect(dark).toEqual([...dark].sort((a, b) => b - a));
    const [[left], , [, right]] = rows[0];
    expect((rows[0][0][1] - left) / (right - left)).toBeCloseTo(0.125, 3);
  });

  test('names states, actions, the expert’s mark and the ends of time', () => {
    const shown = texts(svg);
    for (const text of [
      '1, step 0: You see a door & a <wall>.',
      'look',
      'go 8',
      '+',
      '0',
      '40',
      'iteration',
      'probability',
    ])
      expect(shown).toContain(text);
    expect(shown.filter((text) => text === '+')).toHaveLength(1);
    expect(svg).toContain('Probability of actions over training: grpo, seed 1');
  });

  test('long texts are cut', () => {
    const long = {
      ...record.states[0],
      state: 'word '.repeat(90),
      actions: [{ action: 'go '.repeat(90), good: null }],
    };
    const cut = texts(probabilityFigure({ states: [long], iterations: [0], probabilities: [[1]] }));
    expect(cut.filter((text) => text.endsWith(' …'))).toHaveLength(2);
    expect(Math.max(...cut.map(({ length }) => length))).toBeLessThan(160);
  });

  test('no measurement is an error', () => {
    expect(() => probabilityFigure({ ...record, iterations: [], probabilities: [] })).toThrow(
      new Error('probabilityFigure: iterations must not be empty, got 0; train with diagnostics'),
    );
  });
});

describe('pages', () => {
  const records = reportRecords();

  test('a report has the section if a run of baseline or leader recorded probabilities', () => {
    expect(renderReport(records)).not.toContain('Actions over training');
    const runs = records.runs.map((run) => ({ ...run, actionProbabilities: record }));
    const page = renderReport({ ...records, runs });
    expect(page.split('<h2>Actions over training</h2>')).toHaveLength(2);
    for (const { name } of [records.compare.variants[0], records.compare.variants[1]])
      expect(page).toContain(`over training: ${name}, `);
  });

  test('the page of a run has the figure if the run recorded probabilities', () => {
    expect(renderCouplingPage(coupling())).not.toContain('Probability of actions');
    expect(renderCouplingPage(coupling(), [], record)).toContain('Probability of actions over training');
  });
});
