import { expect, test } from 'vitest';
import { createStateList, inputShape, pushState, type StateList } from '../../src/engine/states/stateList.ts';
import { createCrafting } from '../../src/env/crafting/crafting.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import type { WorldEnvironment } from '../../src/env/worldEnvironment.ts';
import { type HindsightEnvironment, relabelFailed, requireAchieved } from '../../src/rollout/hindsight.ts';
import type { GameChoice, Rollout } from '../../src/rollout/rollout.ts';
import { playGames } from '../credit/labels/rollouts.ts';
import { mixingChoice, randomChoice } from '../env/play.ts';

const games = (count: number): GameChoice[] =>
  Array.from({ length: count }, (_, i) => ({ seed: i % 25, split: 'train', rollout: i }));

function played(env: WorldEnvironment, count = 100): Rollout {
  return playGames(env, games(count), env.spec.name === 'crafting' ? mixingChoice(4) : randomChoice(4));
}

test.each([
  ['household', createHousehold],
  ['crafting', createCrafting],
] as const)('%s: relabelled episodes are failed ones, up to the step that achieves their goal', async (_, create) => {
  const env = create();
  const rollout = played(env);
  const { rollout: relabelled, share } = await relabelFailed(env, rollout, rollout.returns);
  const failed = [...rollout.returns].filter((x) => x === 0).length;
  const distinct = new Set(relabelled.games.map((game) => game.rollout)).size;
  expect(relabelled.games.length).toBeGreaterThan(3);
  expect(share).toBe(distinct / failed);
  expect(new Set(relabelled.returns)).toEqual(new Set([1]));
  const expected = createStateList(inputShape(env.spec));
  let n = 0;
  for (const [e, game] of relabelled.games.entries()) {
    const episode = game.rollout;
    expect({ ...game, goal: undefined }).toEqual({ ...rollout.games[episode], goal: undefined });
    expect(rollout.returns[episode]).toBe(0);
    const states = [...rollout.episode.subarray(0, rollout.states.states).keys()].filter(
      (s) => rollout.episode[s] === episode,
    );
    // The same states and actions, one after another, observed under the goal; the last step alone is rewarded.
    let step = env.reset(game);
    for (let i = 0; i < relabelled.lengths[e]; i++, n++) {
      expect([relabelled.episode[n], relabelled.step[n]]).toEqual([e, i]);
      expect([relabelled.taken[n], relabelled.hash[n]]).toEqual([rollout.taken[states[i]], rollout.hash[states[i]]]);
      pushState(expected, step.observation, step.info.admissibleActions);
      const { rowOffsets } = relabelled.states;
      const good = env.expertActions();
      expect([...relabelled.expert.subarray(rowOffsets[n], rowOffsets[n + 1])]).toEqual(
        step.info.admissibleActions.map((_action, a) => (good.includes(a) ? 1 : 0)),
      );
      step = env.step(relabelled.taken[n]);
      const last = i === relabelled.lengths[e] - 1;
      expect([relabelled.reward[n], relabelled.terminated[n]]).toEqual(last ? [1, 1] : [0, 0]);
      expect(relabelled.nextHash[n]).toBe(env.stateHash());
    }
  }
  expect(relabelled.states.states).toBe(n);
  const contentOf = ({
    stateFeatures,
    stateOffsets,
    actionFeatures,
    actionOffsets,
    actions,
  }: StateList): number[][] => [
    [...stateOffsets.subarray(0, n + 1), ...stateFeatures.subarray(0, stateOffsets[n])],
    [...actionOffsets.subarray(0, actions + 1), ...actionFeatures.subarray(0, actionOffsets[actions])],
  ];
  expect(contentOf(relabelled.states)).toEqual(contentOf(expected));
});

test('a failed episode is relabelled once with each goal that it achieved, in their order', async () => {
  const env = createHousehold();
  const rollout = played(env, 150);
  const { rollout: relabelled, share } = await relabelFailed(env, rollout, rollout.returns);
  const expected: GameChoice[] = [];
  let [failed, episodes, most] = [0, 0, 0];
  for (const [e, game] of rollout.games.entries()) {
    if (rollout.returns[e] > 0) continue;
    env.reset(game);
    for (let s = 0; s < rollout.states.states; s++) if (rollout.episode[s] === e) env.step(rollout.taken[s]);
    const goals = env.achieved();
    expected.push(...goals.map((goal) => ({ ...game, goal })));
    failed++;
    if (goals.length > 0) episodes++;
    most = Math.max(most, goals.length);
  }
  expect(relabelled.games).toEqual(expected);
  expect(share).toBe(episodes / failed);
  expect(most).toBeGreaterThan(1);
});

test('a rollout without a failed episode has nothing to relabel', async () => {
  const env = createHousehold();
  const rollout = played(env, 5);
  const { rollout: relabelled, share } = await relabelFailed(env, rollout, new Float64Array(5).fill(1));
  expect([relabelled.games.length, relabelled.states.states, share]).toEqual([0, 0, null]);
});

test('an environment without achieved goals, or whose goals are not achieved, is rejected', async () => {
  expect(() => requireAchieved(createLookAlike())).toThrow(
    new Error(
      'config: hindsight needs an environment that names achieved goals, which look-alike does not; set hindsight to false, or implement achieved()',
    ),
  );
  const env = createHousehold();
  const rollout = played(env, 25);
  // The environment names a goal but plays the game with its own.
  const wrong: HindsightEnvironment = {
    ...env,
    reset: ({ seed, split }) => env.reset({ seed, split }),
    achieved: () => [7],
  };
  await expect(relabelFailed(wrong, rollout, rollout.returns)).rejects.toThrow(
    /^hindsight: the actions of an episode must achieve goal 7 that achieved\(\) named in game \d+ of train, got return 0; check environment household$/,
  );
});

test('an abort ends the work with its reason', async () => {
  const env = createHousehold();
  const rollout = played(env, 25);
  const signal = AbortSignal.abort(new Error('stop'));
  const slow: HindsightEnvironment = { ...env, reset: async (game) => env.reset(game), achieved: env.achieved };
  await expect(relabelFailed(slow, rollout, rollout.returns, signal)).rejects.toThrow('stop');
});
