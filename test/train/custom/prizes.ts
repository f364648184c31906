/** Games whose prize is not their success: the seed determines both, the action only adds to the prize. */
import type { CustomVectorEnvironment, CustomVectorSpec } from '../../../src/env/custom.ts';

/** The prize of a game, and its success. */
export const prizeOf = (seed: number): number => 10 * (seed % 5) - 7;
export const successOf = (seed: number): number => (seed % 3) / 2;

/** @param success what the spec states; 'step' by default */
export function prizesWith(success: CustomVectorSpec['success']): CustomVectorEnvironment {
  let game = 0;
  let steps = 0;
  return {
    spec: {
      ...{ name: 'prizes', form: 'vector', vectorWidth: 2, actionCount: 3, maxSteps: 4 },
      ...(success !== undefined && { success }),
    },
    reset({ seed }) {
      game = seed;
      steps = 0;
      return { observation: [game % 2, 0] };
    },
    step(action) {
      steps++;
      const ended = steps === 2;
      return {
        observation: [game % 2, steps],
        reward: action + (ended ? prizeOf(game) : 0),
        terminated: ended,
        ...(ended && success === 'step' && { success: successOf(game) }),
      };
    },
  };
}

export default function prizes(): CustomVectorEnvironment {
  return prizesWith('step');
}
