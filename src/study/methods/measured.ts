/** What the studies of methods share: arms, and runs that are measured during training. */
import type { Arm } from '../trained/chosen.ts';
import type { TrainInput } from '../trained/trainJob.ts';

/**
 * Success and coupling are measured every 20 iterations. Studies with this config share their jobs: equal settings have
 * equal inputs, so keys at their default are left out of every grid.
 */
export const measured: TrainInput = { evalEvery: 20, couplingEvery: 20 };

/** Iterations of the quick studies. */
export const quickIterations = 60;

const arm =
  (role: Arm['role']) =>
  (name: string, grid: readonly TrainInput[], more: Omit<Arm, 'name' | 'role' | 'grid'> = {}): Arm => ({
    ...{ name, role, grid },
    ...more,
  });

export const method = arm('method');
export const control = arm('control');
export const bound = arm('upper bound');

/** Each setting with further keys. */
export const withKeys = (keys: TrainInput, grid: readonly TrainInput[]): readonly TrainInput[] =>
  grid.map((setting) => ({ ...keys, ...setting }));

/** Learning rates around the default, which is first: of equal ones the first is chosen. */
export const learningRates: readonly TrainInput[] = [
  {},
  { learningRate: 3e-4 },
  { learningRate: 1e-3 },
  { learningRate: 1e-2 },
];
