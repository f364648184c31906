/** Figures of the study of decoupled advantages. */
import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { type IntervalRow, intervalFigure } from '../../report/draw/intervalFigure.ts';
import type { StudyFigure } from '../../report/studyTables.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { estimateOf } from '../estimates.ts';
import type { Task } from '../trained/chosen.ts';
import { outOfDomain } from '../trained/chosenRows.ts';
import type { ArmRow } from './decouplingTables.ts';

/** Out-of-domain success of each arm and its gain over the baseline, with every seed. */
export function gainFigure(task: Task, arms: readonly ArmRow[]): StudyFigure {
  const named = arms.map(({ fresh }) => fresh.arm);
  const plain = arms.find(({ comparison }) => comparison === null)?.fresh.of(outOfDomain) ?? new Map<number, number>();
  const rows = arms.map(({ fresh, comparison }): IntervalRow => {
    const final = fresh.of(outOfDomain);
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
  const title = `Decoupled advantages on held-out combinations, ${task.title}`;
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
              name: 'gain over GRPO',
              axis: 'paired difference of success rates',
              range: [-0.5, 0.5],
              step: 0.25,
              zero: true,
            },
          ],
          rows,
        },
        medium,
      ),
    caption: `Out-of-domain success in ${task.title} and the gain over GRPO, paired by seed.`,
  };
}
