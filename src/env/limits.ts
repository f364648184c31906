/** Upper limits on an environment's episodes and actions (docs/bridge.md), with their checks. */

/** Largest `maxSteps` of an environment. */
export const MOST_STEPS = 10_000;

/** Most admissible actions of one state. */
export const MOST_ACTIONS = 65_536;

interface Limited {
  readonly name: string;
  readonly maxSteps: number;
}

/** @throws RangeError unless the environment's `maxSteps` is an integer in [1, `MOST_STEPS`] */
export function checkMaxSteps(caller: string, { name, maxSteps }: Limited): void {
  if (Number.isInteger(maxSteps) && maxSteps >= 1 && maxSteps <= MOST_STEPS) return;
  throw new RangeError(
    `${caller}: maxSteps must be an integer in [1, ${MOST_STEPS}], got ${maxSteps}; change spec.maxSteps of environment ${name}`,
  );
}

/**
 * Must be called after each step of an episode.
 *
 * @param steps number of steps of the episode, including this one
 * @throws Error if the episode continues after `maxSteps` steps
 */
export function requireEnd(
  caller: string,
  { name, maxSteps }: Limited,
  step: { readonly terminated: boolean; readonly truncated: boolean },
  steps: number,
): void {
  if (steps < maxSteps || step.terminated || step.truncated) return;
  throw new Error(
    `${caller}: an episode must end by step maxSteps = ${maxSteps}, got one that goes on; check environment ${name}`,
  );
}
