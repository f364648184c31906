import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { couplingFigure, couplingFigureText } from '../../scripts/couplingFigure.ts';
import { couplingRows } from '../../scripts/couplingRows.ts';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));

const stored = (name: string): string | null => {
  const path = `${docs}/results/${name}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
};

/** A CSV of the study `decoupling` with a gain of `value` ± 0.04 and a movement relative to GRPO up to `ratio`. */
const task = (value: number, ratio: number): string =>
  [
    'arm,column,statistic,value,low,high,n,seeds,command',
    `"all pairs, lambda 3",out-of-domain gain over GRPO,mean,${value},${value - 0.04},${value + 0.04},20,1100-1119,x`,
    `"all pairs, lambda 3","movement of held-out samples, ratio to GRPO",mean,${ratio - 0.1},${ratio - 0.2},${ratio},5,1-5,x`,
    '"permuted, lambda 3 (control)",out-of-domain gain over GRPO,mean,-0.02,-0.03,-0.01,20,1100-1119,x',
  ].join('\r\n');

const withTasks =
  (household: string, crafting: string) =>
  (name: string): string | null => {
    if (name === 'decoupling/household.csv') return household;
    if (name === 'decoupling/crafting.csv') return crafting;
    return name.startsWith('danger-zone/') ? stored(name) : null;
  };

const rows = couplingRows(withTasks(task(-0.11, 0.7), task(0.02, 1.1)));

test('rows are those of the CSVs that are stored, with their seeds and the control', () => {
  expect(rows).toEqual([
    expect.objectContaining({ task: 'Two similar states', control: null, isTest: true }),
    {
      ...{ task: 'Household', about: 'held-out games, λ 3, 20 seeds', isTest: true },
      change: { value: -0.11, low: -0.15, high: -0.07 },
      control: { value: -0.02, low: -0.03, high: -0.01 },
    },
    expect.objectContaining({ task: 'Crafting', isTest: false }),
  ]);
  expect(rows[0].about).toBe('bad action likely at first, λ 3, 24 seeds');
  expect(rows[0].change.value).toBeCloseTo(0.176, 3);
});

test('the figure has one axis: harm at the right of 0, transfer at the left, in proportion', () => {
  const svg = couplingFigure(rows);
  const marks = [...svg.matchAll(/<circle cx="([\d.]+)"[^>]*fill="(#\w+)"/g)].map(([, x, fill]) => [Number(x), fill]);
  const perUnit = (220 - 16) / 0.3;
  expect(marks).toEqual([
    [expect.closeTo(220 + rows[0].change.value * perUnit, 0), '#D55E00'],
    [expect.closeTo(220 - 0.11 * perUnit, 0), '#0072B2'],
    // Hollow: the intervention did not reduce movement, so the row is no test.
    [expect.closeTo(220 + 0.02 * perUnit, 0), '#ffffff'],
  ]);
  expect(svg).toContain(`aria-label="${couplingFigureText(rows)}"`);
  expect(couplingFigureText(rows)).toMatch(
    /Two similar states .*24 seeds\): \+0\.18 \[0\.13, 0\.22\], harm; Household .*: −0\.11 \[−0\.15, −0\.07\], transfer; Crafting .*, no test\.$/,
  );
});

test('without a whole task nothing is drawn', () => {
  const onlyTwoStates = (name: string): string | null => (name.startsWith('danger-zone/') ? stored(name) : null);
  expect(() => couplingRows(onlyTwoStates)).toThrow(
    'at least one whole task must be stored in docs/results/decoupling',
  );
});

test('docs/figures/coupling.svg, once it is stored, is the figure of the stored CSVs', () => {
  const path = `${docs}/figures/coupling.svg`;
  if (existsSync(path)) expect(readFileSync(path, 'utf8')).toBe(couplingFigure(couplingRows(stored)));
});
