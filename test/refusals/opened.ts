/** A small saved policy opened at the edge, and all bits that it gives. */
import { readFile } from 'node:fs/promises';
import { type OpenedPolicy, openPolicy, type State } from '../../src/edge.ts';
import { savedPolicy } from '../savedPolicy.ts';

export const module = await WebAssembly.compile(
  await readFile(new URL('../../wasm/unbraid.edge.wasm', import.meta.url)),
);
export const saved = await savedPolicy();

export const open = (): OpenedPolicy => openPolicy(module, saved.parameters);

/** The first state with other actions. */
export function withActions(admissibleActions: unknown): State {
  const [{ observation }] = saved.states;
  return { observation, info: { admissibleActions: admissibleActions as never } };
}

/** Bits of all that a policy gives: scores, draws, and the parameters after one more step. */
export function bitsOf(opened: OpenedPolicy): unknown {
  const [state, other] = saved.states;
  const scores = saved.states.map((each) => [...opened.logProbs(each), ...opened.goodProbs(each)]);
  const draws = [0, 1, 2, 3].map((index) => opened.sample(other, 5, index));
  const before = opened.save();
  const stats = opened.adapt([
    { state, action: 1, advantage: 1 },
    { state: other, action: 0, good: true },
  ]);
  return { scores, draws, greedy: opened.greedy(state), before, stats, after: opened.save() };
}
