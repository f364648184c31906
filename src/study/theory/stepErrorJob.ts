/** The job that measures the error of predicted spillover at three stages of training. */
import type { JobKind } from '../job.ts';
import { type Stage, stageErrors } from './stages.ts';
import type { StepError } from './stepErrorMath.ts';

export type StageInput = {
  readonly policy: 'mlp' | 'attention';
  readonly seed: number;
  readonly iterations: number;
  /** First-order increases of the objective, in nats. */
  readonly lifts: readonly number[];
};

export type StageResult = { readonly [S in Stage]: readonly { readonly [K in keyof StepError]: number }[] };

/** In the household, with the default settings. */
export const stageKind: JobKind<StageInput, StageResult> = {
  name: 'step-error',
  async run({ lifts, ...changes }) {
    const errors = await stageErrors(changes, lifts);
    const plain = (stage: Stage) => errors[stage].map((each) => ({ ...each }));
    return { initial: plain('initial'), 'cold start': plain('cold start'), trained: plain('trained') };
  },
};
