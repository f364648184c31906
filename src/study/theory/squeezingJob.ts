/** The job that follows the probabilities of three actions through gradient steps. */
import type { JobKind } from '../job.ts';
import { createSqueezer, gridOfStarts, type StepKind, type Three } from './squeezingMath.ts';

export type SqueezeInput = {
  readonly step: StepKind;
  /** Start probabilities of the good, the punished and the other bad action. */
  readonly start: readonly [number, number, number];
  readonly stepSize: number;
  readonly steps: number;
  /** The starts of the grid are multiples of 1 / resolution. */
  readonly resolution: number;
  /** Step size on the grid. */
  readonly gridStepSize: number;
};

export type SqueezeResult = {
  readonly path: readonly (readonly number[])[];
  readonly measured: readonly (readonly number[])[];
  /** Start, probabilities after one step in closed form, and measured probabilities. */
  readonly grid: readonly {
    readonly start: readonly number[];
    readonly closedForm: readonly number[];
    readonly measured: readonly number[];
  }[];
};

export const squeezeKind: JobKind<SqueezeInput, SqueezeResult> = {
  name: 'squeezing',
  async run({ step, start, stepSize, steps, resolution, gridStepSize }) {
    const { closedForm, measured } = await createSqueezer();
    const follow = (take: typeof closedForm): Three[] => {
      const path: Three[] = [start];
      for (let i = 0; i < steps; i++) path.push(take(step, path[i], stepSize));
      return path;
    };
    return {
      path: follow(closedForm),
      measured: follow(measured),
      grid: gridOfStarts(resolution).map((from) => ({
        start: from,
        closedForm: closedForm(step, from, gridStepSize),
        measured: measured(step, from, gridStepSize),
      })),
    };
  },
};
