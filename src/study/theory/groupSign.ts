/** Part of the theory study: how often a risky action receives a positive group-relative advantage, by group size. */

import type { StudyRow, StudyTable } from '../../report/studyTables.ts';
import { type JobResults, jobOf } from '../job.ts';
import type { StudyPart, StudyScale } from '../study.ts';
import { groupSignFigure, type SignPoint } from './groupSignFigure.ts';
import { groupSignKind, type SignInput } from './groupSignJob.ts';
import { expectedSigns, type Signs } from './groupSignMath.ts';

const rests = [1, 0.5];
const risks = [0.2, 0.6];
const groupSizes = [2, 8, 64];
const probabilities = Array.from({ length: 9 }, (_, i) => (i + 1) / 10);

const episodesOf = ({ size }: StudyScale): number => (size === 'full' ? 16_000 : 4_000);

function signInputs(scale: StudyScale): SignInput[] {
  const shared = { episodes: episodesOf(scale), seed: scale.firstSeed };
  return rests.flatMap((rest) =>
    risks.flatMap((r) =>
      groupSizes.flatMap((groupSize) => probabilities.map((q) => ({ q, r, groupSize, rest, ...shared }))),
    ),
  );
}

function signPoints(results: JobResults, scale: StudyScale): SignPoint[] {
  return signInputs(scale).flatMap((input) => {
    const measured = results.of(groupSignKind, input);
    const { q, r, groupSize, rest } = input;
    const action = { q, r, groupSize, rest };
    return measured === null ? [] : [{ ...action, expected: expectedSigns(action), measured }];
  });
}

/** Whether the closed form of a quantity lies in its 95% interval, to rounding. */
function holds({ expected, measured }: SignPoint, name: keyof Signs): boolean {
  return measured[name].low <= expected[name] + 1e-12 && expected[name] <= measured[name].high + 1e-12;
}

function signTable(points: readonly SignPoint[], scale: StudyScale, command: string): StudyTable {
  const rows = rests.flatMap((rest) =>
    risks.flatMap((r) =>
      groupSizes.flatMap((groupSize): StudyRow[] => {
        const of = points.filter((p) => p.rest === rest && p.r === r && p.groupSize === groupSize);
        const at = of.find((p) => p.q === 0.5);
        if (at === undefined) return [];
        const cells = (['sample', 'group'] as const).flatMap((name) => {
          const { mean, low, high } = at.measured[name];
          return [
            { statistic: 'mean', value: mean, low, high, seeds: [scale.firstSeed], digits: 3 },
            at.expected[name].toFixed(3),
            `${of.filter((point) => holds(point, name)).length} of ${of.length}`,
          ];
        });
        return [{ name: `u = ${rest}, r = ${r}, groups of ${groupSize}`, cells, command }];
      }),
    ),
  );
  return {
    id: 'theory-group-sign',
    title: 'Probability that the risky action receives a positive group-relative advantage',
    rowHead: 'case',
    columns: ['a risky sample', 'risky samples of a group together'].flatMap((what) => [
      `${what}, measured at q = 0.5`,
      `${what}, closed form at q = 0.5`,
      `${what}, points whose 95% interval holds the closed form`,
    ]),
    rows,
  };
}

export const groupSign: StudyPart = {
  plan: (scale) => signInputs(scale).map((input) => jobOf(groupSignKind, input, episodesOf(scale) / 40_000)),
  report(results, scale, command) {
    const points = signPoints(results, scale);
    if (points.length === 0) return null;
    const names = ['sample', 'group'] as const;
    const inside = names.reduce((sum, name) => sum + points.filter((point) => holds(point, name)).length, 0);
    const certain = points.filter(({ rest }) => rest === 1);
    const raised = certain.filter(({ measured }) => measured.group.mean > 0).length;
    return {
      summary: [
        `A sample of the risky action has a positive group-relative advantage with the probability of the closed form: it lies in the 95% interval in ${inside} of ${names.length * points.length} cases. Where the risky action alone decides, its samples of a group together have a positive sum at ${raised} of ${certain.length} points.`,
      ],
      tables: [signTable(points, scale, command)],
      figures: [
        {
          id: 'theory-group-sign',
          draw: (medium) => groupSignFigure(points, medium),
          caption:
            'Episodes have one risky choice. The risky action makes the episode fail with probability r, and the rest of the episode succeeds with probability u. docs/math.md derives the closed forms.',
        },
      ],
      notes: [
        'A positive advantage of single samples is no error of the estimate: the mean advantage of the risky action is negative for every q < 1.',
      ],
      key: { cases: names.length * points.length, inside, raised },
    };
  },
};
