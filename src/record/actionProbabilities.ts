/** action-probabilities.json: probabilities of the actions of a fixed set of states over a run. */
import * as v from 'valibot';

/** A state, the step of its episode, and its recorded actions in words. */
export interface TrackedState {
  readonly state: string;
  readonly step: number;
  /** `good`: whether the expert might take the action; null without an expert. */
  readonly actions: readonly { readonly action: string; readonly good: boolean | null }[];
}

export interface ActionProbabilities {
  readonly states: readonly TrackedState[];
  /** Iterations after which the probabilities were measured, ascending. */
  readonly iterations: readonly number[];
  /** For each iteration the probabilities of the actions of all states, in their order, with five decimals. */
  readonly probabilities: readonly (readonly number[])[];
}

/** Largest number of measurements of a record. Beyond it every second one is removed. */
const MOST_MEASUREMENTS = 200;

const schema = v.pipe(
  v.object({
    states: v.array(
      v.object({
        state: v.string(),
        step: v.pipe(v.number(), v.integer(), v.minValue(0)),
        actions: v.array(v.object({ action: v.string(), good: v.nullable(v.boolean()) })),
      }),
    ),
    iterations: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
    probabilities: v.array(v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(1)))),
  }),
  v.check(
    ({ states, iterations, probabilities }) =>
      iterations.length === probabilities.length &&
      probabilities.every((row) => row.length === states.reduce((sum, { actions }) => sum + actions.length, 0)) &&
      iterations.every((iteration, i) => i === 0 || iteration > iterations[i - 1]),
    'one row for each iteration and one number for each action',
  ),
);

/** The record in a file; null if the text is no such record. */
export function parseActionProbabilities(text: string): ActionProbabilities | null {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/**
 * The record with a further measurement, which replaces those of the same and of later iterations.
 *
 * @param record null before the first measurement. A record of other states is replaced
 */
export function withMeasurement(
  record: ActionProbabilities | null,
  states: readonly TrackedState[],
  iteration: number,
  measured: readonly number[],
): ActionProbabilities {
  const same = record !== null && JSON.stringify(record.states) === JSON.stringify(states);
  const count = same ? record.iterations.filter((earlier) => earlier < iteration).length : 0;
  const iterations = same ? record.iterations.slice(0, count) : [];
  const probabilities = same ? record.probabilities.slice(0, count) : [];
  const kept = (i: number): boolean => count < MOST_MEASUREMENTS || i % 2 === 0;
  const rounded = measured.map((p) => Math.round(p * 1e5) / 1e5);
  return {
    states,
    iterations: [...iterations.filter((_, i) => kept(i)), iteration],
    probabilities: [...probabilities.filter((_, i) => kept(i)), rounded],
  };
}
