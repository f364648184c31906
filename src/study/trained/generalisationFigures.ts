/** Figures of the generalisation study: gains with every seed, and performance profiles. */

import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { type IntervalRow, intervalFigure } from '../../report/draw/intervalFigure.ts';
import { lineFigure } from '../../report/draw/lineFigure.ts';
import type { Estimate, StudyFigure } from '../../report/studyTables.ts';
import { performanceProfile } from '../../statistics/bootstrap.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { type BySeed, estimateOf, resampling } from '../estimates.ts';
import { differences, type Setting, type Trained } from './generalisationRows.ts';
import { grpoOf, outOfDomain } from './variantRuns.ts';
import { mainVariants } from './variants.ts';

/**
 * A figure of the main variants and, if they have runs, one of GRPO and the other variants: all in one figure would be
 * too tall.
 */
export function successFigures(setting: Setting, trained: readonly Trained[]): StudyFigure[] {
  const main = trained.filter(({ variant }) => mainVariants.includes(variant));
  const rest = trained.filter((each) => !main.includes(each));
  const title = `Success on held-out combinations, ${setting.title}`;
  return [
    successFigure(`${setting.id}-success`, title, setting, main),
    ...(rest.length === 0
      ? []
      : [
          successFigure(`${setting.id}-others`, `${title}: other methods and labels`, setting, [
            ...main.filter((each) => each === grpoOf(main)),
            ...rest,
          ]),
        ]),
  ];
}

function successFigure(id: string, title: string, setting: Setting, trained: readonly Trained[]): StudyFigure {
  const baseline = grpoOf(trained);
  const variants = trained.map(({ variant }) => variant);
  const rows = trained.map((each): IntervalRow => {
    const cell = (found: Estimate | null, runs: BySeed): IntervalRow['cells'][number] =>
      found === null ? null : { value: found.value, low: found.low, high: found.high, runs: [...runs.values()] };
    const final = each.of(outOfDomain);
    const plain = baseline?.of(outOfDomain) ?? new Map<number, number>();
    const gains = new Map(
      [...final].flatMap(([seed, x]) => (plain.has(seed) ? [[seed, x - (plain.get(seed) ?? 0)]] : [])),
    );
    return {
      name: roleName(each.variant),
      style: roleStyle(variants, each.variant),
      cells: [cell(estimateOf(final), final), cell(differences(each, baseline)[0], gains)],
    };
  });
  return {
    id,
    draw: (medium) =>
      intervalFigure(
        {
          ...{ id, title },
          subtitle: `Large marks: interquartile mean over seeds; rings: single seeds; bars, from ${MIN_INTERVAL_SEEDS} seeds on: 95% bootstrap interval.`,
          panels: [
            { name: 'out-of-domain success', axis: 'success rate', range: [0, 1], step: 0.25 },
            {
              name: 'gain over GRPO',
              axis: 'paired difference of success rates',
              range: [-1, 1],
              step: 0.5,
              zero: true,
            },
          ],
          rows,
        },
        medium,
      ),
    caption: `Out-of-domain success after training in ${setting.title}, and the gain over GRPO paired by seed.`,
  };
}

const thresholds = Array.from({ length: 51 }, (_, i) => i / 50);

/**
 * The performance profiles of the main variants: there are fewer of them than colours, so the lines are
 * distinguishable.
 */
export function profileFigure(setting: Setting, trained: readonly Trained[]): StudyFigure {
  const shown = trained.filter(({ variant }) => mainVariants.includes(variant));
  const variants = shown.map(({ variant }) => variant);
  return {
    id: `${setting.id}-profile`,
    draw: (medium) =>
      lineFigure(
        {
          id: `${setting.id}-profile`,
          title: `Performance profile, ${setting.title}`,
          subtitle: `Share of seeds whose out-of-domain success is above the threshold; bands, of methods with ${MIN_INTERVAL_SEEDS} seeds or more: pointwise 95% bootstrap interval.`,
          panels: [
            {
              name: '',
              x: 'threshold of out-of-domain success',
              y: 'share of seeds above it',
              xRange: [0, 1],
              yRange: [0, 1],
            },
          ],
          lines: shown.map(({ variant, of }) => {
            const values = [...of(outOfDomain).values()];
            const profile = performanceProfile([values], thresholds, resampling);
            const bounded = variant.role === 'method' && values.length >= MIN_INTERVAL_SEEDS;
            return {
              name: roleName(variant),
              style: roleStyle(variants, variant),
              // Only methods have bands: those of all variants would overlap.
              points: profile.map(({ mean, low, high }, i) =>
                bounded ? [thresholds[i], mean, low, high] : [thresholds[i], mean],
              ),
              panel: 0,
            };
          }),
        },
        medium,
      ),
    caption: `Share of a variant's seeds above each threshold, ${setting.title}. A line further to the right means higher success; a steeper line means less variation between seeds.`,
  };
}
