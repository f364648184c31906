/** A scene: states on a plane, each with a right action and a frequency, and how a policy is trained on them. */

export const actionCount = 4;

/** A state at (x, y) in [-1, 1]. */
export interface PlaneState {
  readonly x: number;
  readonly y: number;
  /** Number of the right action, 0 to 3. */
  readonly right: number;
  /** How often the state is met, relative to the other states. */
  readonly frequency: number;
  /** false: the state is held out; its probabilities are shown, but it is not trained on. */
  readonly trained: boolean;
}

/**
 * What is shared between states: one network for all (`coupled`), the same with advantages that remove the coupling to
 * first order (`decoupled`), or a network for each state (`own`).
 */
export const sharings = ['coupled', 'decoupled', 'own'] as const;
export type Sharing = (typeof sharings)[number];

/** `fourier`: random Fourier features and a linear layer. `mlp`: a hidden layer of tanh units. */
export const networks = ['fourier', 'mlp'] as const;
export type NetworkKind = (typeof networks)[number];

export interface Scene {
  readonly states: readonly PlaneState[];
  readonly network: NetworkKind;
  readonly sharing: Sharing;
  readonly seed: number;
  /** Step size times the mean squared norm of the gradients of log pi at the start. */
  readonly eta: number;
  /** true: GRPO on sampled actions. Otherwise every action counts with its probability. */
  readonly sampled?: boolean;
}

/** Most states of a scene. The Gram matrix has four rows for each. */
export const mostStates = 24;

/** States closer than this are merged by the editor: with equal features the more frequent one wins silently. */
export const leastDistance = 0.03;

const state = (x: number, y: number, right: number, frequency = 1, trained = true): PlaneState => ({
  ...{ x, y, right, frequency, trained },
});

/** Two states at a distance: `right` 0 and 1, the second one rare. */
export function lookAlikes(distance: number, rare = 0.1): PlaneState[] {
  return [state(-distance / 2, 0, 0, 1 - rare), state(distance / 2, 0, 1, rare)];
}

/**
 * States at equal distances on a circle. Their positions are rounded, so that links and files state them exactly.
 *
 * @param first angle of the first state
 */
function ring(count: number, radius: number, rightOf: (i: number) => number, first = 0): PlaneState[] {
  const unit = (angle: number): number => Math.round(1000 * radius * angle) / 1000;
  return Array.from({ length: count }, (_, i) => {
    const turn = first + (2 * Math.PI * i) / count;
    return state(unit(Math.cos(turn)), unit(Math.sin(turn)), rightOf(i));
  });
}

function disc(x: number, right: number): PlaneState[] {
  return ring(5, 0.25, () => right, 0.3).map((of) => ({ ...of, x: Math.round(1000 * (of.x + x)) / 1000 }));
}

export interface Preset {
  readonly name: string;
  readonly meaning: string;
  readonly scene: Scene;
}

const base = { network: 'fourier', sharing: 'coupled', seed: 1, eta: 2 } as const;

export const presets: readonly Preset[] = [
  {
    name: 'Two look-alikes',
    meaning:
      'The frequent state 1 needs A, the rare state 2 needs B. In the first 10 updates state 2 learns A, which is wrong there. It recovers only after about 100 updates.',
    scene: { ...base, states: lookAlikes(0.33) },
  },
  {
    name: 'Locked in',
    meaning: 'The same two states, closer together. State 2 learns the wrong action and keeps it to the end.',
    scene: { ...base, states: lookAlikes(0.2) },
  },
  {
    name: 'Rare between common',
    meaning: 'Both neighbours of the rare state 2 need A. Their pushes add up, and state 2 does not learn B.',
    scene: { ...base, states: [state(-0.35, 0, 0, 0.45), state(0, 0, 1, 0.1), state(0.35, 0, 0, 0.45)] },
  },
  {
    name: 'Rare friend',
    meaning:
      'Both states need B. The rare state 2 learns it from state 1 within 10 updates. Choose Own networks to see how long it takes alone.',
    scene: { ...base, states: lookAlikes(0.35, 0.02).map((of) => ({ ...of, right: 1 })) },
  },
  {
    name: 'Ring, alternating',
    meaning:
      'Twelve states whose neighbours all disagree. Compare the success after 20 updates with that of Own networks.',
    scene: { ...base, states: ring(12, 0.7, (i) => i % 2) },
  },
  {
    name: 'Ring, in halves',
    meaning:
      'The same twelve places in two halves that agree. The same coupling now helps: success rises faster than with Own networks.',
    scene: { ...base, states: ring(12, 0.7, (i) => (i < 6 ? 0 : 1)) },
  },
  {
    name: 'Held out',
    meaning:
      'Dashed states are never trained on. Four of them learn their action from the group around them. State 15 is a trap: it needs C among states that need A.',
    scene: {
      ...base,
      states: [
        ...disc(-0.5, 0),
        ...disc(0.5, 1),
        ...[state(-0.5, 0, 0, 1, false), state(-0.42, 0.1, 0, 1, false)],
        ...[state(0.5, 0, 1, 1, false), state(0.58, -0.1, 1, 1, false)],
        state(-0.5, 0.12, 2, 1, false),
      ],
    },
  },
];
