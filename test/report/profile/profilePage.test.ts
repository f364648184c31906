import { describe, expect, it } from 'vitest';
import { phaseCells, profileNotes, rateCells } from '../../../src/report/profile/profileCells.ts';
import { profileFigure } from '../../../src/report/profile/profileFigure.ts';
import { renderProfilePage } from '../../../src/report/profile/profilePage.ts';
import { requireWellFormed, texts } from '../svg.ts';
import { profile } from './profileRecord.ts';

/** Widths in px of the filled bars of one colour, in drawing order. */
function barWidths(svg: string, color: string): number[] {
  const pattern = new RegExp(`<path d="M[\\d.]+ [\\d.]+l([\\d.]+) 0l0 18.2[^"]*" fill="${color}"`, 'g');
  return [...svg.matchAll(pattern)].map(([, width]) => Number(width)).filter((width) => width > 0);
}

describe('profileFigure', () => {
  const svg = profileFigure(profile);

  it('is well-formed, names its axes, phases and kernels and returns the same text on every call', () => {
    requireWellFormed(svg);
    const shown = texts(svg);
    expect(shown).toEqual(expect.arrayContaining(['ms per iteration', '% of the time', 'rollout', 'gradients', 'sum']));
    expect(shown).toEqual(expect.arrayContaining(['matmulNN, gradients', '40% of peak FLOP/s']));
    expect(shown).toEqual(expect.arrayContaining(['addInto, sum', '75% of peak bytes/s']));
    expect(shown).toContain('An iteration takes 40.0 ms, 15% of it outside kernels and environment');
    expect(profileFigure(profile)).toBe(svg);
  });

  it('draws the lost time of a place in proportion to the time at the peak', () => {
    // Phases' kernels come first: 20 and 4 ms; then places at the peak: 20 and 7.5%.
    const dark = barWidths(svg, '#0072B2');
    const light = barWidths(svg, '#BFD9EA');
    expect(dark).toHaveLength(4);
    expect(dark[0] / dark[1]).toBeCloseTo(5, 2);
    expect(light[0] / dark[2]).toBeCloseTo(30 / 20, 2);
    expect(light[1] / dark[3]).toBeCloseTo(2.5 / 7.5, 2);
  });

  it('rejects a record without phases', () => {
    expect(() => profileFigure({ ...profile, phases: [] })).toThrow(
      'profileFigure: phases must not be empty, got 0; run profile again',
    );
  });
});

describe('tables of a profile', () => {
  it('show shares of the whole below the milliseconds of phases', () => {
    expect(phaseCells(profile)[0]).toEqual(['rollout', '14.00', '35.0%', '0.00', '10.00', '4.00']);
    expect(phaseCells(profile)[3]).toEqual(['iteration', '40.00', '100.0%', '60.0%', '25.0%', '15.0%']);
    expect(rateCells(profile.kernels[1])).toEqual(['7', '4.000', '10.0%', '2.50', '10.0%', '30.00', '75.0%']);
  });

  it('state what was measured, and whether the time of other programs is in', () => {
    expect(profileNotes(profile)).toEqual([
      'All values are per iteration: mean of 20 iterations after 5 warm-up iterations, on one thread.',
      'Kernels: wide build, because a round of kernels takes the wide build 0.60 of the time of the narrow build (narrow 0.100 ms, wide 0.060 ms).',
      'Peak in this run: 25.0 GFLOP/s, 40.0 GB/s in the first cache (medians of 84 samples).',
      'Not included: 3.5 ms per iteration in which other programs had the processor.',
      'Subtracted as measurement cost: 190 ns per kernel call and 180 ns per environment call.',
      'Heap growth: 120 KiB over 120 updates, 1024 bytes per update.',
    ]);
    const { narrowMs: _, wideMs: __, ...untimed } = profile;
    expect(profileNotes({ ...untimed, build: 'narrow', buildReason: 'this is Node 22' })[1]).toBe(
      'Kernels: narrow build, because this is Node 22.',
    );
    expect(profileNotes({ ...profile, waitedMs: null })[3]).toBe(
      'Times include the time in which other programs had the processor.',
    );
  });
});

it('the page holds the figure, three tables and the hash, and fetches nothing', () => {
  const page = renderProfilePage({ ...profile, config: { ...profile.config, env: 'exec:a <b>' } });
  expect(page).toContain('<h1>Profile of exec:a &lt;b&gt;, attention, grpo</h1>');
  expect(page).toContain('<td>gradients</td><td>30.0%</td><td>60</td>');
  expect(texts(page)).toEqual(expect.arrayContaining(texts(profileFigure(profile))));
  expect(page.match(/<table>/g)).toHaveLength(3);
  expect(page).toContain('Parameters ab12');
  expect(page).not.toMatch(/<script|<link|src=/);
});
