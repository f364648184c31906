import { describe, expect, test } from 'vitest';
import { type GraphComparison, graphAdvantages } from '../../../src/credit/advantages/graphAdvantages.ts';
import type { RewardScale } from '../../../src/credit/advantages/moments.ts';
import { createGameGraphs, type GameGraphs } from '../../../src/credit/labels/gameGraphs.ts';
import { randomStream } from '../../../src/random.ts';
import type { GameChoice, Rollout } from '../../../src/rollout/rollout.ts';
import { handMade, type Transition } from '../labels/rollouts.ts';

function advantagesOf(
  rollout: Rollout,
  {
    graphs = createGameGraphs(1000),
    discount = 0.5,
    over = 'actions' as GraphComparison,
    scale = 'group' as RewardScale,
  } = {},
): number[] {
  return [...graphAdvantages(graphs.add(rollout), rollout, discount, over, scale)];
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - expected[i]), `step ${i}`).toBeLessThan(1e-6);
}

const success: Transition = { hash: 2, taken: 0, next: 9, reward: 1, terminated: true };
const near: Transition = { hash: 1, taken: 0, next: 2 };
const far: Transition = { hash: 1, taken: 1, next: 3 };
const ruin: Transition = { hash: 1, taken: 2, next: 4, terminated: true };
const episodes = [[near, success], [far, { hash: 3, taken: 0, next: 2 }], [ruin], [near]];

describe('a case computed by hand, discount 1/2', () => {
  // Success is one step from state 2 and two steps from state 3. The values of the actions, discount^(distance of the
  // successor), are: in 1, action 0 leads to 2 (distance 1): 1/2; action 1 leads to 3 (distance 2): 1/4; action 2 ends
  // the episode: 0. In 2, action 0 leads to success (distance 0): 1. In 3, action 0 leads to 2: 1/2.
  const rollout = handMade(episodes);

  test('over actions: state 1 has 1/2, 1/4, 0, mean 1/4, standard deviation sqrt(1/24); a lone action has 0', () => {
    // (1/2 - 1/4) / (sqrt(1/24) + 1e-4), whether one step took an action or several.
    const a = 0.25 / (Math.sqrt(1 / 24) + 1e-4);
    expectClose(advantagesOf(rollout), [a, 0, 0, 0, -a, a]);
  });

  test('over steps: state 1 has 1/2, 1/4, 0, 1/2, mean 5/16, variance 11/256', () => {
    const std = Math.sqrt(11 / 256) + 1e-4;
    expectClose(advantagesOf(rollout, { over: 'steps' }), [
      3 / 16 / std,
      0,
      -1 / 16 / std,
      0,
      -5 / 16 / std,
      3 / 16 / std,
    ]);
  });

  test('the divisor is the standard deviation of all steps, or none', () => {
    expectClose(advantagesOf(rollout, { scale: 'none' }), [0.25, 0, 0, 0, -0.25, 0.25]);
    // All steps: 1/2, 1, 1/4, 1/2, 0, 1/2; mean 11/24, mean of squares 29/96.
    const std = Math.sqrt(29 / 96 - (11 / 24) ** 2) + 1e-4;
    expectClose(advantagesOf(rollout, { scale: 'batch' }), [0.25 / std, 0, 0, 0, -0.25 / std, 0.25 / std]);
  });

  test('a later rollout is compared with the actions of earlier ones, and its own steps alone with over steps', () => {
    const a = 0.25 / (Math.sqrt(1 / 24) + 1e-4);
    for (const [over, last] of [
      ['actions', -a],
      ['steps', 0],
    ] as const) {
      const graphs = createGameGraphs(1000);
      graphs.add(rollout);
      expectClose(advantagesOf(handMade([[ruin]]), { graphs, over }), [last]);
      expectClose(advantagesOf(handMade([[ruin]], [{ seed: 1 }]), { graphs, over }), [0]);
    }
  });

  test('without a known success all advantages are 0', () => {
    expect(advantagesOf(handMade([[near], [far], [ruin]]))).toEqual([0, 0, 0]);
  });
});

const ACTIONS = 3;
const STATES = 14;
const GAMES = 3;

/** Deterministic games: the next state of each action in each state, 0 for success, 1 for an end without reward. */
function randomGames(seed: number): number[][][] {
  const random = randomStream(seed, 'test/graph advantages');
  return Array.from({ length: GAMES }, () =>
    Array.from({ length: STATES }, () => Array.from({ length: ACTIONS }, () => random.below(STATES))),
  );
}

function randomEpisodes(
  games: readonly number[][][],
  seed: number,
): { steps: Transition[][]; of: Partial<GameChoice>[] } {
  const random = randomStream(seed, 'test/graph episodes');
  const of = Array.from({ length: 8 }, () => ({ seed: random.below(GAMES) }));
  const steps = of.map(({ seed: game }) => {
    const episode: Transition[] = [];
    for (let hash = 2 + random.below(STATES - 2); hash > 1 && episode.length < 7; ) {
      const taken = random.below(ACTIONS);
      const next = games[game][hash][taken];
      episode.push({ hash, taken, next, reward: next === 0 ? 1 : 0, terminated: next < 2 });
      hash = next;
    }
    return episode;
  });
  return { steps, of };
}

/** Number of steps from each state to success over the edges tried, by breadth-first search backwards from success. */
function distances(tried: ReadonlyMap<string, Transition>): Map<number, number> {
  const found = new Map([[0, 0]]);
  for (let wave = [0]; wave.length > 0; ) {
    const before = [...tried.values()].filter(({ next, hash }) => wave.includes(next) && !found.has(hash));
    wave = [...new Set(before.map(({ hash }) => hash))];
    for (const hash of wave)
      found.set(hash, (found.get(before.find((t) => t.hash === hash)?.next as number) as number) + 1);
  }
  return found;
}

const DISCOUNT = 0.8;

/** The definition in float64: gamma^distance, normalised among the values that are compared. */
function naive(
  all: readonly { readonly game: number; readonly step: Transition }[],
  tried: readonly ReadonlyMap<string, Transition>[],
  over: GraphComparison,
): number[] {
  const toSuccess = tried.map(distances);
  const creditOf = (game: number, { next }: Transition): number => {
    const distance = toSuccess[game].get(next);
    return distance === undefined ? 0 : DISCOUNT ** distance;
  };
  return all.map(({ game, step }) => {
    const compared =
      over === 'actions'
        ? [...tried[game].values()].filter(({ hash }) => hash === step.hash)
        : all.filter((other) => other.game === game && other.step.hash === step.hash).map((other) => other.step);
    const values = compared.map((other) => creditOf(game, other));
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    return (creditOf(game, step) - mean) / (Math.sqrt(variance) + 1e-4);
  });
}

test('30 sequences of rollouts in random games: equal to breadth-first distances normalised in float64, within 1e-5', () => {
  let nonzero = 0;
  for (let seed = 0; seed < 30; seed++) {
    const games = randomGames(seed);
    const graphs: Record<GraphComparison, GameGraphs> = {
      actions: createGameGraphs(10_000),
      steps: createGameGraphs(10_000),
    };
    const tried = games.map(() => new Map<string, Transition>());
    for (let i = 0; i < 4; i++) {
      const { steps, of } = randomEpisodes(games, 100 * seed + i);
      const all = steps.flatMap((episode, e) => episode.map((step) => ({ game: of[e].seed as number, step })));
      for (const { game, step } of all) tried[game].set(`${step.hash} ${step.taken}`, step);
      for (const over of ['actions', 'steps'] as const) {
        const got = advantagesOf(handMade(steps, of), { graphs: graphs[over], discount: DISCOUNT, over });
        const expected = naive(all, tried, over);
        for (let s = 0; s < got.length; s++) {
          expect(Math.abs(got[s] - expected[s])).toBeLessThan(1e-5);
          if (got[s] !== 0) nonzero++;
        }
      }
    }
  }
  expect(nonzero).toBeGreaterThan(1000);
});

test('the advantages of the actions of a state sum to 0 and do not depend on the order of the episodes', () => {
  const games = randomGames(3);
  const { steps, of } = randomEpisodes(games, 5);
  const reversed = handMade(steps.toReversed(), of.toReversed());
  const forward = advantagesOf(handMade(steps, of), { over: 'steps' });
  expect(Math.abs(forward.reduce((sum, a) => sum + a, 0))).toBeLessThan(1e-5);
  const backward = advantagesOf(reversed, { over: 'steps' });
  const lengths = steps.map((episode) => episode.length);
  const starts = lengths.map((_, e) => lengths.slice(0, e).reduce((sum, n) => sum + n, 0));
  const regrouped = steps.toReversed().flatMap((episode, i) => {
    const start = starts[steps.length - 1 - i];
    return forward.slice(start, start + episode.length);
  });
  expectClose(backward, regrouped);
});

test('a value that is not finite is rejected', () => {
  const rollout = handMade([
    [{ hash: 1, taken: 0, next: 2, reward: 1e39, terminated: true }],
    [{ hash: 1, taken: 1, next: 2, reward: 0, terminated: true }],
  ]);
  expect(() => advantagesOf(rollout, { scale: 'none' })).toThrow(
    new RangeError(
      "graphAdvantages: advantages must be finite, got Infinity for the value 1e+39 at step 0; scale the environment's rewards down",
    ),
  );
});
