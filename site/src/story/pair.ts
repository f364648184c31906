/** The two states of the first section, and the conditions under which they are trained. */
import { actionCount, lookAlikes, type Scene, sharings } from '../plane/scene.ts';

/** `removed`: one network that is trained on the samples of the rare state alone. */
export const conditions = [...sharings, 'removed'] as const;
export type Condition = (typeof conditions)[number];

/** How often the rare state is met. */
const rare = 0.1;

/** Length scale of the Fourier features: a distance d means a similarity of exp(-d^2 / (2 * 0.4^2)). */
export function distanceOf(similarity: number): number {
  return Math.round(1000 * 0.4 * Math.sqrt(-2 * Math.log(similarity))) / 1000;
}

export function pairScene(similarity: number, condition: Condition, seed: number): Scene {
  const states = lookAlikes(distanceOf(similarity), rare);
  if (condition !== 'removed') return { states, network: 'fourier', seed, eta: 2, sharing: condition };
  return {
    states: states.map((of, i) => ({ ...of, trained: i === 1 })),
    // Frequencies are relative to those of the trained states. The removed samples are not replaced: each sample of the
    // rare state keeps its weight.
    ...{ network: 'fourier', seed, eta: 2 * rare, sharing: 'coupled' },
  };
}

export function conditionOf({ states, sharing }: Scene): Condition {
  return states.every(({ trained }) => trained) ? sharing : 'removed';
}

export interface Readings {
  readonly updates: number;
  /** Of the wrong action in the rare state. */
  readonly highest: number;
  readonly now: number;
  /** Probability of the right action, weighted by how often each state is met. */
  readonly success: number;
}

/** @param history probabilities after each update: f32[2 * actions] each, at least one */
export function readingsOf(history: readonly Float32Array[]): Readings {
  const last = history[history.length - 1];
  return {
    updates: history.length - 1,
    highest: history.reduce((most, p) => Math.max(most, p[actionCount]), 0),
    now: last[actionCount],
    success: (1 - rare) * last[0] + rare * last[actionCount + 1],
  };
}
