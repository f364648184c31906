/** Figures of the study of decoupled advantages. */
import { roleName, roleStyle } from '../../report/compare/variantRole.ts';
import { type IntervalRow, intervalFigure } from '../../report/draw/intervalFigure.ts';
import type { StudyFigure } from '../../report/studyTables.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { estimateOf } from '../estimates.ts';
import type { Task } from '../trained/chosen.ts';
import { type Comparison, type FreshArm, isBaseline } from '../trained/chosenRows.ts';

/** Out-of-domain success of each arm and its gain over the baseline, with every seed. */
export function gainFigure(task: Task, arms: readonly FreshArm[], comparisons: readonly Comparison[]): StudyFigure {
  const named = arms.map(({ arm }) => arm);
  const baseline = arms.find(isBaseline);
  const plain = baseline?.of(({ success }) => success.outOfDomain) ?? new Map<number, number>();
  const rows = arms.map((each): IntervalRow => {
    const final = each.of(({ success }) => success.outOfDomain);
    const found = estimateOf(final, 'mean');
    const gain = comparisons.find(({ task: own, arm }) => own === task && arm === each.arm)?.gain;
    const gains = [...final].flatMap(([seed, x]) => (plain.has(seed) ? [x - (plain.get(seed) as number)] : []));
    return {
      name: roleName(each.arm),
      style: roleStyle(named, each.arm),
      cells: [
        found && { value: found.value, low: found.low, high: found.high, runs: [...final.values()] },
        gain === undefined ? null : { value: gain.value, low: gain.low, high: gain.high, runs: gains },
      ],
    };
  });
  const title = `Decoupled advantages on held-out combinations, ${task.title}`;
  return {
    id: `${task.id}-gain`,
    svg: intervalFigure({
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
    }),
    caption: `Out-of-domain success in ${task.title} and the gain over GRPO, paired by seed.`,
  };
}
