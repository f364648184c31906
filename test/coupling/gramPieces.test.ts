import { describe, expect, test } from 'vitest';
import { assignPieces, type GramRequest, rowBlocks } from '../../src/coupling/gramPieces.ts';
import type { Samples } from '../../src/coupling/samples.ts';
import { createStateList } from '../../src/engine/states/stateList.ts';

describe('rows of the matrix', () => {
  test.each([1, 15, 16, 17, 33, 64, 70, 200])(
    'of %i samples: consecutive blocks of whole multiples of 16, none empty',
    (samples) => {
      for (const parts of [1, 2, 3, 5, 8]) {
        const blocks = rowBlocks(samples, parts);
        expect(blocks.length).toBe(Math.min(parts, Math.ceil(samples / 16)));
        let end = 0;
        for (const [from, to] of blocks) {
          expect(from).toBe(end);
          expect(from % 16).toBe(0);
          expect(to).toBeGreaterThan(from);
          end = to;
        }
        expect(end).toBe(samples);
        const sizes = blocks.map(([from, to]) => Math.ceil((to - from) / 16));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }
    },
  );

  test.each([1, 2, 3, 4, 8])(
    'of a symmetric matrix for %i threads: about equally many elements, none empty',
    (parts) => {
      for (const samples of [1, 16, 17, 70, 200, 1024]) {
        const blocks = rowBlocks(samples, parts, true);
        expect(blocks.length).toBe(Math.min(parts, Math.ceil(samples / 16)));
        let end = 0;
        for (const [from, to] of blocks) {
          expect([from, from % 16]).toEqual([end, 0]);
          expect(to).toBeGreaterThan(from);
          end = to;
        }
        expect(end).toBe(samples);
        const elements = blocks.map(([from, to]) => ((to - from) * (2 * samples - from - to)) / 2);
        if (samples === 1024) expect(Math.max(...elements) / Math.min(...elements)).toBeLessThan(1.25);
      }
    },
  );
});

describe('pieces for threads', () => {
  const shape = {
    form: 'vector',
    layout: 'slots',
    vocabularySize: 1,
    stateSlots: 0,
    actionSlots: 1,
    vectorWidth: 1,
  } as const;
  const list = createStateList(shape);
  const samples = (count: number): Samples => ({ list, states: new Int32Array(count), taken: new Int32Array(count) });
  const [left, right] = [samples(95), samples(109)];
  const measured: GramRequest[] = [
    { left, right },
    { left, right: null },
    { left: right, right: null },
  ];

  test('two threads: one computes the matrix between the sides, the other those within the sides', () => {
    expect(assignPieces(measured, 2)).toEqual([
      [{ request: 0, rows: [0, 95] }],
      [
        { request: 2, rows: [0, 109] },
        { request: 1, rows: [0, 95] },
      ],
    ]);
  });

  test.each([1, 2, 3, 4, 7, 16])(
    '%i threads: every row of every matrix once, and no thread has much more than its share',
    (threads) => {
      for (const requests of [
        measured,
        [{ left: samples(400), right: null }],
        [{ left: samples(5), right: samples(300) }],
      ]) {
        const assigned = assignPieces(requests, threads);
        expect(assigned.length).toBe(threads);
        const elements = assigned.map((pieces) =>
          pieces.reduce((sum, { request, rows: [from, to] }) => {
            const { left: a, right: b } = requests[request];
            for (let i = from; i < to; i++) sum += b ? b.states.length : a.states.length - i;
            return sum;
          }, 0),
        );
        for (const [request, { left: a }] of requests.entries()) {
          const rows = assigned
            .flat()
            .filter((piece) => piece.request === request)
            .flatMap(({ rows: [from, to] }) => Array.from({ length: to - from }, (_, i) => from + i));
          expect(rows.sort((x, y) => x - y)).toEqual(Array.from({ length: a.states.length }, (_, i) => i));
        }
        const all = elements.reduce((sum, x) => sum + x, 0);
        // Rows are assigned in blocks of 16, and a matrix is not partitioned for a small imbalance.
        if (requests !== measured || threads > 4) continue;
        expect(Math.max(...elements)).toBeLessThan((1.5 * all) / threads);
      }
    },
  );
});
