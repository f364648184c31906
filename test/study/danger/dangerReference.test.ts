/**
 * Compares the danger zone with the PyTorch study that found it: stored means over many seeds of both, and current
 * results of the engine.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runDanger } from '../../../src/study/danger/danger.ts';

const results = new URL('../../../docs/results/', import.meta.url);

/** Fields of each line after the head; only names of conditions are quoted. */
function linesOf(name: string): string[][] {
  const text = readFileSync(new URL(`danger-zone/${name}`, results), 'utf8');
  const fields = (line: string): string[] =>
    [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted ?? plain);
  return text.trimEnd().split('\r\n').slice(1).map(fields);
}

interface Cell {
  readonly highest: number;
  readonly last: number;
  readonly error: number;
  readonly seeds: number;
}

/** By `implementation, condition, start`. */
const cells = new Map<string, Cell>(
  linesOf('reference.csv').map(([implementation, condition, start, highest, last, error, seeds]) => [
    [implementation, condition, start].join(' / '),
    { highest: Number(highest), last: Number(last), error: Number(error), seeds: Number(seeds) },
  ]),
);
const bySeed = new Map(
  linesOf('reference-seeds.csv').map(([implementation, condition, start, last]) => [
    [implementation, condition, start].join(' / '),
    last.split(' ').map(Number),
  ]),
);

const removed = "GRPO, other state's data removed";
const conditions = [removed, 'GRPO', 'classifier, oracle labels'];
const starts = [0.05, 0.2, 0.4, 0.6, 0.8];
const grid = conditions.flatMap((condition) => starts.map((start) => `${condition} / ${start}`));

function cell(implementation: string, at: string): Cell {
  const found = cells.get(`${implementation} / ${at}`);
  if (found === undefined) throw new Error(`no cell ${implementation} / ${at}`);
  return found;
}

const lastOf = (implementation: string, at: string): readonly number[] =>
  bySeed.get(`${implementation} / ${at}`) as readonly number[];
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

const BOUND = 0.15;
const LOCKED_IN = ['GRPO / 0.4', 'GRPO / 0.6', 'GRPO / 0.8'];

describe('stored means', () => {
  test('are those of the last values by seed, 256 seeds or more', () => {
    for (const at of grid) {
      for (const implementation of ['prototype', 'engine']) {
        const { last, error, seeds } = cell(implementation, at);
        const values = lastOf(implementation, at);
        const center = mean(values);
        const variance = values.reduce((sum, x) => sum + (x - center) * (x - center), 0) / (values.length - 1);
        expect([values.length, values.length >= 256]).toEqual([seeds, true]);
        expect(last).toBeCloseTo(center, 3);
        expect(error).toBeCloseTo(Math.sqrt(variance / values.length), 3);
      }
    }
  });

  test("the engine's are within 0.15 of the prototype's at every cell, at the highest and at the last", () => {
    for (const at of grid) {
      const [engine, prototype] = [cell('engine', at), cell('prototype', at)];
      expect(Math.abs(engine.highest - prototype.highest), at).toBeLessThan(0.02);
      expect(Math.abs(engine.last - prototype.last), at).toBeLessThan(BOUND);
    }
  });

  test("the published ones are the prototype's first eight seeds, and three of them not within 0.15 of its own means", () => {
    for (const at of grid) {
      expect(Math.abs(mean(lastOf('prototype', at).slice(0, 8)) - cell('published', at).last), at).toBeLessThan(0.0051);
    }
    const beyond = (implementation: string): string[] =>
      grid.filter((at) => {
        const [published, many] = [cell('published', at), cell(implementation, at)];
        return Math.max(Math.abs(published.last - many.last), Math.abs(published.highest - many.highest)) > BOUND;
      });
    expect([beyond('prototype'), beyond('engine')]).toEqual([LOCKED_IN, LOCKED_IN]);
  });

  test('stand in the page', () => {
    const page = readFileSync(new URL('danger-zone.md', results), 'utf8');
    const two = (x: number): string => x.toFixed(2).replace(/^0/, '');
    for (const at of grid) {
      const [published, prototype, engine] = ['published', 'prototype', 'engine'].map((name) => cell(name, at));
      const many = ({ highest, last, error }: Cell): string => `${two(highest)} → ${two(last)} ± ${two(1.96 * error)}`;
      const shown = `| ${two(published.highest)} → ${two(published.last)} | ${many(prototype)} | ${many(engine)} |`;
      expect(page).toContain(shown);
    }
  });
});

test('the engine makes its stored values again', async () => {
  const seeds = 2;
  const some = [0.2, 0.4];
  const record = await runDanger({ preset: 'prototype', method: 'classifier', starts: some, seeds });
  const made = (method: string, coupling: boolean, start: number): number | undefined =>
    record.rows.find((row) => row.method === method && row.coupling === coupling && row.start === start)?.end;
  for (const start of some) {
    const of = (condition: string): number => mean(lastOf('engine', `${condition} / ${start}`).slice(0, seeds));
    expect(made('grpo', false, start)).toBeCloseTo(of(removed), 3);
    expect(made('grpo', true, start)).toBeCloseTo(of('GRPO'), 3);
    expect(made('classifier', true, start)).toBeCloseTo(of('classifier, oracle labels'), 3);
  }
}, 60_000);
