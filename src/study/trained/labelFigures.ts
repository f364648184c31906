/** Figures of the labels study. */

import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { type LinePlot, lineFigure, type PlotLine } from '../../report/draw/lineFigure.ts';
import type { StudyFigure } from '../../report/studyTables.ts';
import { estimateOf } from '../estimates.ts';
import { informed, noiseCurve, noisy, type Placed, sources } from './labelSources.ts';
import type { VariantRuns } from './variantRuns.ts';

const accuracyAxes = {
  name: '',
  x: 'label accuracy, mean over training',
  y: 'out-of-domain success rate',
  yRange: [0, 1],
} as const satisfies LinePlot['panels'][number];

export function accuracyFigure(all: readonly Placed[]): StudyFigure {
  const curve = noiseCurve(all);
  const variants = [noisy[0], ...sources];
  const oracle = { ...roleStyle(variants, noisy[0]), line: 'solid' } as const;
  const noise: PlotLine = {
    name: 'oracle with noise',
    style: oracle,
    points: curve.map(({ accuracy, success: { value, low, high } }) => {
      const point = [accuracy?.value ?? 0, value];
      return low === null || high === null ? point : [...point, low, high];
    }),
    panel: 0,
  };
  const real = all.flatMap(({ each: { variant }, accuracy, success }): PlotLine[] => {
    if (accuracy === null || !sources.includes(variant)) return [];
    const style = roleStyle(variants, variant);
    const { value, low, high } = success;
    const whisker: PlotLine = {
      ...{ name: roleName(variant), panel: 0, style: { ...style, symbol: 'none', line: 'solid' } },
      points: low === null || high === null ? [] : [low, high].map((y) => [accuracy.value, y]),
    };
    return [
      whisker,
      { name: roleName(variant), style: { ...style, line: 'none' }, points: [[accuracy.value, value]], panel: 0 },
    ];
  });
  return {
    id: 'label-accuracy',
    draw: (medium) =>
      lineFigure(
        {
          id: 'label-accuracy',
          title: 'Out-of-domain success against label accuracy',
          subtitle:
            "Line: the oracle's labels with set noise; marks: sources without its knowledge. Interquartile means over seeds, 95% bootstrap intervals.",
          panels: [accuracyAxes],
          lines: [noise, ...real],
        },
        medium,
      ),
    caption:
      'A source below the line has lower success than oracle labels with random noise of the same accuracy. Possible reasons: its errors are systematic, or it labels few actions.',
  };
}

/** True-positive minus false-positive rate over training: the mean over seeds with its interval. */
function qualityCurve({ runs }: VariantRuns): number[][] {
  const all = [...runs.entries()];
  const iterations = [...new Set(all.flatMap(([, run]) => run.labelQuality.map((window) => window.iteration)))];
  return iterations
    .toSorted((a, b) => a - b)
    .flatMap((iteration) => {
      const values = new Map<number, number>();
      for (const [seed, run] of all) {
        const window = run.labelQuality.find((each) => each.iteration === iteration);
        const rate = window && informed(window);
        if (rate !== undefined) values.set(seed, rate);
      }
      const at = estimateOf(values, 'mean');
      if (at === null) return [];
      return [at.low === null || at.high === null ? [iteration, at.value] : [iteration, at.value, at.low, at.high]];
    });
}

export function trainingFigure(all: readonly Placed[]): StudyFigure {
  const variants = [noisy[0], ...sources];
  return {
    id: 'label-training',
    draw: (medium) =>
      lineFigure(
        {
          id: 'label-training',
          title: 'What labels know, over training',
          subtitle:
            'True-positive minus false-positive rate: 1 for the truth, 0 for labels that know nothing. Mean over seeds, 95% bootstrap interval.',
          panels: [{ name: '', x: 'iteration', y: 'true-positive minus false-positive rate' }],
          lines: all
            .filter(({ each }) => sources.includes(each.variant))
            .map(({ each }) => ({
              name: roleName(each.variant),
              style: roleStyle(variants, each.variant),
              points: qualityCurve(each),
              panel: 0,
            }))
            .filter(({ points }) => points.length > 0),
        },
        medium,
      ),
    caption: 'Label quality compared with the expert every ten iterations, for each source that an agent can use.',
  };
}
