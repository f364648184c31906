import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { acrobotStep, createAcrobot } from './acrobot.ts';
import { cartPoleStep, createCartPole } from './cartPole.ts';
import { cosine, sine } from './sine.ts';

interface Golden {
  readonly start: readonly [number, number, number, number];
  readonly actions: readonly number[];
  /** Every fifth state, and the last one. */
  readonly states: readonly (readonly number[])[];
  readonly rewards: readonly number[];
  readonly ended: boolean;
}

const golden: Record<'cartPole' | 'acrobot' | 'acrobotEnd', Golden> = JSON.parse(
  readFileSync(new URL('golden.json', import.meta.url), 'utf8'),
);

test('sine and cosine: error < 1e-14 for angles up to 1000', () => {
  for (let i = -5000; i <= 5000; i++) {
    const x = i / 5 + i / 7919;
    expect(Math.abs(sine(x) - Math.sin(x))).toBeLessThan(1e-14);
    expect(Math.abs(cosine(x) - Math.cos(x))).toBeLessThan(1e-14);
  }
});

test.each([
  ['cartPole', cartPoleStep],
  ['acrobot', acrobotStep],
  ['acrobotEnd', acrobotStep],
] as const)('%s: the states of Gymnasium, error < 1e-12', (name, step) => {
  const { start, actions, states } = golden[name];
  let state = start;
  const reached = actions.map((action) => {
    state = step(state, action);
    return state;
  });
  const expected = reached.filter((_, i) => i % 5 === 0).concat(reached.slice(-1));
  expect(expected.length).toBe(states.length);
  for (const [i, of] of states.entries()) {
    for (const [j, x] of of.entries()) expect(Math.abs(expected[i][j] - x)).toBeLessThan(1e-12);
  }
});

test('rewards and ends are those of Gymnasium; equal seeds start equal episodes', async () => {
  expect(golden.cartPole.rewards.every((reward) => reward === 1) && golden.cartPole.ended).toBe(true);
  expect([...new Set(golden.acrobotEnd.rewards)]).toEqual([-1, 0]);
  expect(golden.acrobotEnd.rewards.at(-1)).toBe(0);
  const cart = createCartPole();
  await cart.reset({ seed: 3, split: 'train' });
  const rewards: unknown[] = [];
  for (let ended = false; !ended; ) {
    const step = cart.step(0) as { reward: number; terminated: boolean };
    rewards.push(step.reward);
    ended = step.terminated;
  }
  expect(rewards.length).toBeLessThan(12);
  expect(new Set(rewards)).toEqual(new Set([1]));
  for (const create of [createCartPole, createAcrobot]) {
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => create().reset({ seed, split: 'in-domain' })));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  }
  const acrobot = createAcrobot();
  await acrobot.reset({ seed: 1, split: 'train' });
  expect(acrobot.step(2)).toMatchObject({ reward: -1, terminated: false });
});
