/** Goals that an episode achieved, of the task domains that name them: compared with trying every goal number. */

import { describe, expect, test } from 'vitest';
import { craftingText, createCrafting } from '../../src/env/crafting/crafting.ts';
import { products } from '../../src/env/crafting/games.ts';
import { type Split, splits } from '../../src/env/environment.ts';
import { combinations } from '../../src/env/household/games.ts';
import { createHousehold, householdText } from '../../src/env/household/household.ts';
import type { WorldEnvironment } from '../../src/env/worldEnvironment.ts';
import { isOver, mixedChoice, mixingChoice, play, randomChoice } from './play.ts';

const families = [
  {
    name: 'household',
    create: createHousehold,
    text: householdText,
    seeds: 30,
    numbers: 6 * 12 * 13,
    numberOf: (split: Split) => combinations(split).map((c) => (c.task * 12 + c.object) * 13 + c.target + 1),
  },
  {
    name: 'crafting',
    create: createCrafting,
    text: craftingText,
    seeds: 240,
    numbers: 36,
    numberOf: (split: Split) => products(split).map(({ effect, form }) => effect * 6 + form),
  },
] as const;

/** Actions of an episode, as indices and as texts. */
function playOne(
  env: WorldEnvironment,
  seed: number,
  split: Split,
): { actions: number[]; texts: string[]; solved: boolean } {
  const actions: number[] = [];
  const texts: string[] = [];
  const choose = [randomChoice, mixedChoice, mixingChoice][seed % 4 === 0 ? 0 : seed % 4 === 1 ? 1 : 2](seed);
  const last = play(env, seed, split, (...at) => {
    actions.push(choose(...at));
    texts.push(env.actionTexts()[actions[actions.length - 1]]);
    return actions[actions.length - 1];
  });
  return { actions, texts, solved: last.reward > 0 };
}

/** Whether the actions succeed under a goal; null if the game cannot have it. Their texts must stay the same. */
function succeeds(env: WorldEnvironment, seed: number, split: Split, goal: number, actions: number[], texts: string[]) {
  let step: ReturnType<WorldEnvironment['step']>;
  try {
    step = env.reset({ seed, split, goal });
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return null;
  }
  for (const [i, action] of actions.entries()) {
    if (isOver(step)) break;
    expect(env.actionTexts()[action]).toBe(texts[i]);
    step = env.step(action);
  }
  return step.reward > 0;
}

describe.each(families)('$name', ({ name, create, text, seeds, numbers, numberOf }) => {
  test('achieved() names exactly the goals under which the same actions succeed, none of another split', () => {
    const env = create();
    let named = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const split = splits[seed % 3];
      const { actions, texts } = playOne(env, seed, split);
      const achieved = env.achieved();
      const tried = Array.from({ length: numbers }, (_, goal) => goal).filter((goal) =>
        succeeds(env, seed, split, goal, actions, texts),
      );
      expect(achieved).toEqual(tried);
      for (const goal of achieved) expect(numberOf(split)).toContain(goal);
      named += achieved.length;
    }
    expect(named).toBeGreaterThan(5);
  });

  test('another goal changes the observation, not the hash, and texts have the same goals', async () => {
    const env = create();
    const words = text();
    let found = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const { actions } = playOne(env, seed, 'train');
      const [goal] = env.achieved();
      await words.reset({ seed, split: 'train' });
      for (const action of actions) await words.step(action);
      expect(words.achieved?.()).toEqual(env.achieved());
      if (goal === undefined) continue;
      found++;
      env.reset({ seed, split: 'train' });
      const own = [env.observationText(), env.stateHash()];
      const { observation } = await words.reset({ seed, split: 'train', goal });
      env.reset({ seed, split: 'train', goal });
      expect(env.observationText()).toBe(observation);
      expect(env.observationText()).not.toBe(own[0]);
      expect(env.stateHash()).toBe(own[1]);
      const restored = create();
      restored.restore(env.serialize());
      expect([env.clone(), restored].map((other) => other.observationText())).toEqual([observation, observation]);
      // Under the new goal, the goal itself is no other goal.
      for (const action of actions) if (env.actionTexts().length > 0) env.step(action);
      expect(env.achieved()).not.toContain(goal);
    }
    expect(found).toBeGreaterThan(2);
  });

  test('a goal that the game cannot have is rejected', () => {
    for (const goal of [-1, numbers, 0.5, Number.NaN]) {
      expect(() => create().reset({ seed: 0, split: 'train', goal })).toThrow(
        new RangeError(`${name}.reset: goal must be one that achieved() named in this game, got ${goal}; leave it out`),
      );
    }
    const env = create();
    env.reset({ seed: 0, split: 'train' });
    const stored = JSON.parse(env.serialize());
    expect(() => env.restore(JSON.stringify({ ...stored, goal: 'x' }))).toThrow(
      `${name}.restore: goal must be a number or absent, got x`,
    );
  });
});
