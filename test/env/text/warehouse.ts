import type { TextEnvironment, TextStep } from '../../../src/env/environment.ts';

/**
 * Two steps: the first in a room with two doors, the second in front of `shelves` shelves. One shelf contains the
 * parcel. The seed determines the door that leads to the shelves, and the shelf.
 */
export function warehouse(shelves: number, more: Partial<TextEnvironment> = {}): TextEnvironment {
  let seed = 0;
  let steps = 0;
  let door = 0;
  const shelfOf = (): number => (seed * 7) % shelves;
  const show = (reward: number): TextStep => ({
    observation:
      steps === 0 ? `The ${seed % 2 === 0 ? 'left' : 'right'} door is open.` : `Parcel on shelf ${shelfOf()}.`,
    reward,
    terminated: steps === 2 || (steps === 1 && door !== seed % 2),
    truncated: false,
    info: {
      admissibleActions:
        steps === 0 ? ['left', 'right'] : Array.from({ length: shelves }, (_, shelf) => `take from shelf ${shelf}`),
    },
  });
  return {
    spec: { name: 'warehouse', version: `${shelves}`, maxSteps: 2, hasExpert: false },
    reset(episode) {
      seed = episode.seed;
      steps = 0;
      return show(0);
    },
    step(action) {
      steps++;
      if (steps === 1) door = action;
      return show(steps === 2 && action === shelfOf() ? 1 : steps === 1 && door === seed % 2 ? 0.5 : 0);
    },
    ...more,
  };
}
