/**
 * The dynamics of Acrobot-v1 of Gymnasium (Sutton, 1996), for tests: two links, of which the joint between them is
 * driven. Reward -1 for each step until the tip is above the height of one link; at most 500 steps.
 */
import type { CustomVectorEnvironment } from '../../../src/env/custom.ts';
import { randomStream } from '../../../src/random.ts';
import { cosine, sine } from './sine.ts';

const gravity = 9.8;
const seconds = 0.2;
/** Both links have length and mass 1, and their centre of mass in the middle. */
const centre = 0.5;
const moment = 1;
const mostSpins = [4 * Math.PI, 9 * Math.PI] as const;

/** Angles and angular velocities of both links. */
type State = readonly [number, number, number, number];

function slope([angle1, angle2, spin1, spin2]: State, torque: number): State {
  const [cos2, sin2] = [cosine(angle2), sine(angle2)];
  const d1 = centre * centre + (1 + centre * centre + 2 * centre * cos2) + 2 * moment;
  const d2 = centre * centre + centre * cos2 + moment;
  const phi2 = centre * gravity * cosine(angle1 + angle2 - Math.PI / 2);
  const phi1 =
    -centre * spin2 * spin2 * sin2 -
    2 * centre * spin2 * spin1 * sin2 +
    (centre + 1) * gravity * cosine(angle1 - Math.PI / 2) +
    phi2;
  const drive =
    (torque + (d2 / d1) * phi1 - centre * spin1 * spin1 * sin2 - phi2) / (centre * centre + moment - (d2 * d2) / d1);
  return [spin1, spin2, -(d2 * drive + phi1) / d1, drive];
}

function wrapped(angle: number): number {
  let x = angle;
  while (x > Math.PI) x -= 2 * Math.PI;
  while (x < -Math.PI) x += 2 * Math.PI;
  return x;
}

const bounded = (x: number, most: number): number => Math.max(-most, Math.min(most, x));

/** One step of Runge-Kutta of order 4. */
export function acrobotStep(state: State, action: number): State {
  const torque = action - 1;
  const along = (by: State, h: number): State =>
    state.map((x, i) => x + h * by[i]) as unknown as [number, number, number, number];
  const k1 = slope(state, torque);
  const k2 = slope(along(k1, seconds / 2), torque);
  const k3 = slope(along(k2, seconds / 2), torque);
  const k4 = slope(along(k3, seconds), torque);
  const [a, b, c, d] = state.map((x, i) => x + (seconds / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
  return [wrapped(a), wrapped(b), bounded(c, mostSpins[0]), bounded(d, mostSpins[1])];
}

export function createAcrobot(): CustomVectorEnvironment {
  let state: State = [0, 0, 0, 0];
  let visits = 0;
  const observation = (): number[] => {
    const [angle1, angle2, spin1, spin2] = state;
    return [cosine(angle1), sine(angle1), cosine(angle2), sine(angle2), spin1, spin2];
  };
  return {
    spec: { name: 'acrobot', form: 'vector', vectorWidth: 6, actionCount: 3, maxSteps: 500 },
    reset({ seed, split }) {
      const random = randomStream(seed, `test/acrobot/${split}`);
      const near = (): number => 0.2 * random.uniform() - 0.1;
      state = [near(), near(), near(), near()];
      return { observation: observation() };
    },
    step(action) {
      state = acrobotStep(state, action);
      const terminated = -cosine(state[0]) - cosine(state[0] + state[1]) > 1;
      return { observation: observation(), reward: terminated ? 0 : -1, terminated };
    },
    stateHash: () => ++visits,
  };
}
