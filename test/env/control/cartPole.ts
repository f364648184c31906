/**
 * The dynamics of CartPole-v1 of Gymnasium (Barto, Sutton and Anderson, 1983), for tests: a pole on a cart, pushed left
 * or right. Reward 1 for each step; the episode ends when the pole or the cart leaves its range, or after 500 steps.
 */
import type { CustomStep, CustomVectorEnvironment } from '../../../src/env/custom.ts';
import { randomStream } from '../../../src/random.ts';
import { cosine, sine } from './sine.ts';

const gravity = 9.8;
const cartMass = 1;
const poleMass = 0.1;
const totalMass = cartMass + poleMass;
/** Half of the pole. */
const length = 0.5;
const poleMoment = poleMass * length;
const force = 10;
const seconds = 0.02;
const mostAngle = (12 * 2 * Math.PI) / 360;
const mostPosition = 2.4;

/** Position, velocity, angle, angular velocity. */
type State = readonly [number, number, number, number];

/** One Euler step. */
export function cartPoleStep([x, v, angle, spin]: State, action: number): State {
  const push = action === 1 ? force : -force;
  const [cos, sin] = [cosine(angle), sine(angle)];
  const part = (push + poleMoment * spin * spin * sin) / totalMass;
  const turn = (gravity * sin - cos * part) / (length * (4 / 3 - (poleMass * cos * cos) / totalMass));
  const drive = part - (poleMoment * turn * cos) / totalMass;
  return [x + seconds * v, v + seconds * drive, angle + seconds * spin, spin + seconds * turn];
}

export function createCartPole(): CustomVectorEnvironment {
  let state: State = [0, 0, 0, 0];
  let visits = 0;
  const show = (rest: Omit<CustomStep<readonly number[], number>, 'observation'>) => ({ observation: state, ...rest });
  return {
    spec: { name: 'cart-pole', form: 'vector', vectorWidth: 4, actionCount: 2, maxSteps: 500 },
    reset({ seed, split }) {
      const random = randomStream(seed, `test/cart-pole/${split}`);
      const near = (): number => 0.1 * random.uniform() - 0.05;
      state = [near(), near(), near(), near()];
      return show({});
    },
    step(action) {
      state = cartPoleStep(state, action);
      const [x, , angle] = state;
      const terminated = Math.abs(x) > mostPosition || Math.abs(angle) > mostAngle;
      return show({ reward: 1, terminated });
    },
    // No two states of these tests are equal, and no method of them compares states.
    stateHash: () => ++visits,
  };
}
