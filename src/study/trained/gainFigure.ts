/** The figure of a study with chosen settings. */
import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { type IntervalRow, intervalFigure } from '../../report/draw/intervalFigure.ts';
import type { StudyFigure } from '../../report/studyTables.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { estimateOf } from '../estimates.ts';
import { againstOf, overOf, type Task } from './chosen.ts';
import { type Difference, type FreshArm, outOfDomain } from './chosenRows.ts';

interface Shown {
  readonly fresh: FreshArm;
  /** Out-of-domain gain over the arm that it is compared with; null without one. */
  readonly comparison: Difference | null;
}

/**
 * Out-of-domain success of each arm and its gain over the arm that it is compared with, with every seed.
 *
 * @param subject the subject of the study, as the start of the title
 * @param span largest gain and loss of the axis
 */
export function gainFigure(task: Task, arms: readonly Shown[], subject: string, span: 0.5 | 1): StudyFigure {
  const named = arms.map(({ fresh }) => fresh.arm);
  const rows = arms.map(({ fresh, comparison }): IntervalRow => {
    const final = fresh.of(outOfDomain);
    const against = againstOf(task, fresh.arm);
    const other = arms.find((each) => each.fresh.arm === against)?.fresh;
    const plain = other?.of(outOfDomain) ?? new Map<number, number>();
    const found = estimateOf(final, 'mean');
    const gains = [...final].flatMap(([seed, x]) => (plain.has(seed) ? [x - (plain.get(seed) as number)] : []));
    return {
      name: roleName(fresh.arm),
      style: roleStyle(named, fresh.arm),
      cells: [
        found && { value: found.value, low: found.low, high: found.high, runs: [...final.values()] },
        comparison && { ...comparison.gain, runs: gains },
      ],
    };
  });
  const title = `${subject} on held-out combinations, ${task.title}`;
  return {
    id: `${task.id}-gain`,
    draw: (medium) =>
      intervalFigure(
        {
          ...{ id: `${task.id}-gain`, title },
          subtitle: `Large marks: mean over fresh seeds; rings: single seeds; bars, from ${MIN_INTERVAL_SEEDS} seeds on: 95% bootstrap interval.`,
          panels: [
            { name: 'out-of-domain success', axis: 'success rate', range: [0, 1], step: 0.25 },
            {
              name: `gain over ${overOf(task)}`,
              axis: 'paired difference of success rates',
              range: [-span, span],
              step: span / 2,
              zero: true,
            },
          ],
          rows,
        },
        medium,
      ),
    caption: `Out-of-domain success in ${task.title} and the gain over ${overOf(task)}, paired by seed.`,
  };
}
