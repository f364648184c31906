import type { TextEnvironment, TextStep } from '../../../src/env/environment.ts';

/**
 * Three rooms in a row, four steps. Moving east from the last room ends the episode with reward 1. The seed determines
 * the first room.
 */
export function rooms(more: Partial<TextEnvironment> = {}): TextEnvironment {
  let room = 0;
  let steps = 0;
  const show = (reward: number): TextStep => ({
    observation: `You are in room ${room}.`,
    reward,
    terminated: reward === 1,
    truncated: reward === 0 && steps === 4,
    info: { admissibleActions: reward === 1 ? [] : ['go east', 'go west', 'wait'] },
  });
  return {
    spec: { name: 'rooms', version: '3', maxSteps: 4, hasExpert: false },
    reset({ seed }) {
      room = seed % 3;
      steps = 0;
      return show(0);
    },
    step(action) {
      steps++;
      if (action === 0 && room === 2) return show(1);
      room = Math.max(0, room + (action === 0 ? 1 : action === 1 ? -1 : 0));
      return show(0);
    },
    ...more,
  };
}
