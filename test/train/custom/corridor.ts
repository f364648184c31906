/** A corridor of eight cells with the goal at one end: a vector environment with only spec, reset and step. */
import type { CustomVectorEnvironment } from '../../../src/env/custom.ts';

export default function corridor(): CustomVectorEnvironment {
  let at = 0;
  let goal = 0;
  const observe = (): number[] =>
    Array.from({ length: 9 }, (_, i) => (i === 8 ? Math.sign(goal - 3) : Number(i === at)));
  return {
    spec: { name: 'corridor', form: 'vector', vectorWidth: 9, actionCount: 2, maxSteps: 12 },
    reset({ seed }) {
      at = 2 + (seed % 4);
      goal = seed % 8 < 4 ? 0 : 7;
      return { observation: observe() };
    },
    step(action) {
      at = Math.max(0, Math.min(7, at + (action === 1 ? 1 : -1)));
      const terminated = at === goal;
      return { observation: observe(), reward: terminated ? 1 : 0, terminated };
    },
  };
}
