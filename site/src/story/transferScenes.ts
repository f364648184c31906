/** What the section on transfer trains: scenes of the canvas, under every condition. */
import { successOf } from '../canvas/readings.ts';
import { actionCount, presets, type Scene } from '../plane/scene.ts';

export interface Drawing {
  readonly title: string;
  readonly scene: Scene;
  /** What the curve shows of the policy. */
  readonly measure: (probabilities: Float32Array) => number;
  readonly measureWords: string;
  /** What is said of each condition, from its curve by number of updates. */
  readonly result: (curve: readonly number[]) => string;
  readonly resultWords: string;
}

export interface Comparison {
  readonly drawings: readonly Drawing[];
  /** Name of what its button trains. */
  readonly words: string;
  readonly seconds: number;
}

/** Updates of each training. */
export const updates = 200;

/** At this many updates conditions of the rings differ most. */
const early = 20;

const high = 0.9;

function sceneOf(name: string): Scene {
  const found = presets.find((preset) => preset.name === name);
  if (!found) throw new Error(`transfer: no preset is named ${name}`);
  return found.scene;
}

function ring(title: string, name: string): Drawing {
  const scene = sceneOf(name);
  return {
    ...{ title, scene, measureWords: 'success' },
    measure: (p) => successOf(scene.states, p, true),
    result: (curve) => curve[early].toFixed(2),
    resultWords: `success after ${early} updates`,
  };
}

const friend = sceneOf('Rare friend');
const heldOut = sceneOf('Held out');

export const comparisons: readonly [Comparison, Comparison] = [
  {
    drawings: [ring('Neighbours disagree', 'Ring, alternating'), ring('Neighbours agree', 'Ring, in halves')],
    words: 'both rings',
    seconds: 6,
  },
  {
    drawings: [
      {
        ...{ title: 'A rare state beside a frequent one', scene: friend },
        measure: (p) => p[actionCount + friend.states[1].right],
        measureWords: 'right action in the rare state',
        result(curve) {
          const first = curve.findIndex((p) => p > high);
          return first < 0 ? 'not reached' : `${first}`;
        },
        resultWords: `updates until the rare state is right with more than ${high}`,
      },
      {
        ...{ title: 'States that were never trained on', scene: heldOut },
        measure: (p) => successOf(heldOut.states, p, false),
        measureWords: 'success in states never trained on',
        result: (curve) => curve[early].toFixed(2),
        resultWords: `success in states never trained on, after ${early} updates`,
      },
    ],
    words: 'these two',
    seconds: 4,
  },
];
