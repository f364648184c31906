/** Part of the theory study: the advantage of a risky action, in closed form and measured. */

import type { StudyRow, StudyTable } from '../../report/studyTables.ts';
import { type JobResults, jobOf } from '../job.ts';
import type { StudyPart, StudyScale } from '../study.ts';
import { type RiskyPoint, riskyActionFigure } from './riskyActionFigure.ts';
import { type RiskyInput, riskyKind } from './riskyActionJob.ts';
import { expectedAdvantage } from './riskyActionMath.ts';

const risks = [0.2, 0.6, 1];
const groupSizes = [8, 64];
const scalings = ['none', 'group'] as const;
const probabilities = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

const episodesOf = ({ size }: StudyScale): number => (size === 'full' ? 64_000 : 8_000);

function riskyInputs(scale: StudyScale): RiskyInput[] {
  const episodes = episodesOf(scale);
  return groupSizes.flatMap((groupSize) =>
    risks.flatMap((r) => probabilities.map((q) => ({ q, r, groupSize, episodes, seed: scale.firstSeed }))),
  );
}

function riskyPoints(results: JobResults, scale: StudyScale): RiskyPoint[] {
  return scalings.flatMap((scaleRewards) =>
    riskyInputs(scale).flatMap((input) => {
      const result = results.of(riskyKind, input);
      const { q, r, groupSize } = input;
      const action = { q, r, groupSize, scaleRewards };
      return result === null ? [] : [{ ...action, expected: expectedAdvantage(action), ...result[scaleRewards] }];
    }),
  );
}

const inside = ({ low, high, expected }: RiskyPoint): boolean => low <= expected && expected <= high;

function riskyTable(points: readonly RiskyPoint[], scale: StudyScale, command: string): StudyTable {
  const rows = scalings.flatMap((scaleRewards) =>
    groupSizes.flatMap((groupSize) =>
      risks.flatMap((r): StudyRow[] => {
        const of = points.filter((p) => p.scaleRewards === scaleRewards && p.groupSize === groupSize && p.r === r);
        const middle = of.find((p) => p.q === 0.5);
        if (middle === undefined) return [];
        const limit = expectedAdvantage({ q: 0.5, r, groupSize: Infinity, scaleRewards });
        return [
          {
            name: `scaleRewards ${scaleRewards}, groups of ${groupSize}, r = ${r}`,
            cells: [
              {
                ...{ statistic: 'mean', value: middle.mean, low: middle.low, high: middle.high },
                ...{ seeds: [scale.firstSeed], digits: 4 },
              },
              middle.expected.toFixed(4).replace('-', '−'),
              limit.toFixed(4).replace('-', '−'),
              `${of.filter(inside).length} of ${of.length}`,
              Math.max(...of.map((p) => Math.abs(p.mean - p.expected))).toFixed(4),
            ],
            command,
          },
        ];
      }),
    ),
  );
  return {
    id: 'theory-risky-action',
    title: 'Advantage of the risky action, weighted by its probability',
    rowHead: 'case',
    columns: [
      'measured at q = 0.5',
      'closed form at q = 0.5',
      'the same for infinite groups',
      'points whose 95% interval holds the closed form',
      'largest difference over all q',
    ],
    rows,
  };
}

export const riskyAction: StudyPart = {
  plan: (scale) => riskyInputs(scale).map((input) => jobOf(riskyKind, input, episodesOf(scale) / 40_000)),
  report(results, scale, command) {
    const points = riskyPoints(results, scale);
    if (points.length === 0) return null;
    const negative = points.filter(({ mean }) => mean < 0).length;
    const held = points.filter(inside).length;
    return {
      summary: [
        `The risky action's weighted advantage is negative at ${negative} of ${points.length} points, and the closed form lies in the 95% interval at ${held} of them.`,
      ],
      tables: [riskyTable(points, scale, command)],
      figures: [
        {
          id: 'theory-risky-action',
          draw: (medium) => riskyActionFigure(points, medium),
          caption:
            'Episodes have one step. The risky action is taken with probability q and makes the episode fail with probability r. docs/math.md derives the closed form.',
        },
      ],
      notes: [
        'With 95% intervals, about one point in twenty is expected to be outside its interval. The two scalings of one point use the same episodes.',
      ],
      key: { points: points.length, inside: held, negative },
    };
  },
};
