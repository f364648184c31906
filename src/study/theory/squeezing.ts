/** Part of the theory study: the squeezing effect. */

import type { StudyTable } from '../../report/studyTables.ts';
import { type JobResults, jobOf } from '../job.ts';
import type { StudyPart } from '../study.ts';
import { type SqueezeCase, squeezeFigure } from './squeezeFigure.ts';
import { type SqueezeInput, squeezeKind } from './squeezingJob.ts';
import type { StepKind } from './squeezingMath.ts';

const squeezes: readonly { readonly name: string; readonly input: SqueezeInput }[] = (
  [
    ['punish', 'Minus log π of the punished action', [0.2, 0.5, 0.3], 0.1],
    ['expected', 'Expected group-relative step', [0.05, 0.85, 0.1], 1],
  ] as const satisfies readonly (readonly [StepKind, string, readonly [number, number, number], number])[]
).map(([step, name, start, stepSize]) => ({
  name,
  input: { step, start, stepSize, steps: 60, resolution: 20, gridStepSize: stepSize / 10 },
}));

type Squeezed = SqueezeCase & { readonly kind: StepKind; readonly largestDifference: number };

function squeezed(results: JobResults): Squeezed[] {
  return squeezes.flatMap(({ name, input }) => {
    const result = results.of(squeezeKind, input);
    if (result === null) return [];
    const { path, measured, grid } = result;
    const pairs = [...path.map((p, i) => [p, measured[i]]), ...grid.map((each) => [each.closedForm, each.measured])];
    const differences = pairs.flatMap(([a, b]) => a.map((x, i) => Math.abs(x - b[i])));
    return [
      {
        name,
        kind: input.step,
        stepSize: input.stepSize,
        path,
        measured,
        grid: grid.map((each) => ({
          start: each.start,
          other: each.measured[2] - each.start[2],
          bad: each.start[0] - each.measured[0],
        })),
        largestDifference: Math.max(...differences),
      },
    ];
  });
}

const risesOf = ({ grid }: SqueezeCase) => ({
  starts: grid.length,
  other: grid.filter(({ other }) => other > 0).length,
  bad: grid.filter(({ bad }) => bad > 0).length,
});

function squeezeTable(cases: readonly Squeezed[], command: string): StudyTable {
  return {
    id: 'theory-squeezing',
    title: 'Three actions, one of them good: what one step does',
    rowHead: 'the step ascends',
    columns: [
      'starts from which the other bad action rises',
      'starts from which both bad actions together rise',
      'largest difference of a probability between closed form and engine',
    ],
    rows: cases.map((each) => {
      const { starts, other, bad } = risesOf(each);
      return {
        name: each.name,
        cells: [
          `${other} of ${starts}`,
          `${bad} of ${starts}`,
          each.largestDifference.toExponential(1).replace('-', '−'),
        ],
        command,
      };
    }),
  };
}

export const squeezing: StudyPart = {
  plan: () => squeezes.map(({ input }) => jobOf(squeezeKind, input, 1)),
  report(results, _, command) {
    const cases = squeezed(results);
    if (cases.length === 0) return null;
    return {
      summary: cases.map((each) => {
        const { starts, other, bad } = risesOf(each);
        return `${each.name}: the other bad action rises from ${other} of ${starts} starts, both bad actions together from ${bad}.`;
      }),
      tables: [squeezeTable(cases, command)],
      figures: [
        {
          id: 'theory-squeezing',
          draw: (medium) => squeezeFigure(cases, medium),
          caption:
            'A softmax over three free logits. Left: only the punished action has an advantage. Right: the advantages are those of a return of 1 for the good action and 0 for the others.',
        },
      ],
      notes: [],
      key: Object.fromEntries(cases.map((each) => [each.kind, risesOf(each)])),
    };
  },
};
