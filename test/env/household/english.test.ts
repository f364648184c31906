import { expect, test } from 'vitest';
import { splits } from '../../../src/env/environment.ts';
import { actionText, stateText } from '../../../src/env/household/english.ts';
import { createHousehold, householdText } from '../../../src/env/household/household.ts';
import {
  act,
  HEAT,
  LAMP,
  OPEN,
  PUT,
  possibleActions,
  startWorld,
  TAKE,
  type World,
} from '../../../src/env/household/world.ts';
import { isOver, mixedChoice, oneToOne, play } from '../play.ts';

test('English and tokens tell apart the same states and actions', () => {
  const env = createHousehold({ distractorObjects: 6 });
  const pairs = oneToOne();
  for (let seed = 0; seed < 400; seed++) {
    play(env, seed, splits[seed % 3], mixedChoice(seed), (step) => {
      // After the end there are no actions. In token form, only the actions distinguish two shelves.
      if (isOver(step)) return;
      const text = [env.observationText(), ...env.actionTexts()].join('\n');
      pairs.add(text, JSON.stringify([step.observation, step.info.admissibleActions]));
    });
  }
  expect(pairs.broken()).toBe(0);
  expect(pairs.size()).toBeGreaterThan(3000);
});

/** A mug and an apple on the desk, where the agent and the lamp are. */
function deskWorld(task: number, object: number, target: number): World {
  const places = [6, 8, 10, 12, 14];
  return startWorld({ task, object, target, places, lamp: 8, start: 8, kinds: [4, 0], kindPlaces: [8, 8] });
}

test.each([
  [0, 0, 3, 'put an apple on the shelf'],
  [1, 2, -1, 'look at an egg under the lamp'],
  [2, 4, 0, 'put a clean mug in the cabinet'],
  [3, 0, 10, 'put a hot apple in the garbagecan'],
  [4, 5, 9, 'put a cold plate on the dresser'],
  [5, 1, 1, 'put two potatoes in the drawer'],
  [5, 6, 4, 'put two knives on the desk'],
  [5, 9, 11, 'put two pens on the armchair'],
])('task %i, object %i, target %i reads "%s"', (task, object, target, text) => {
  expect(stateText(deskWorld(task, object, target)).split(' Task: ')[1]).toBe(`${text}.`);
});

test('states and actions read as intended through an episode', () => {
  const world = deskWorld(3, 4, 3);
  const reads = (state: string, actions: string[]) => {
    expect(stateText(world)).toBe(`${state} Task: put a hot mug on the shelf.`);
    expect(possibleActions(world).map((action) => actionText(world, action))).toEqual(actions);
  };
  const unseen = ['go to fridge 1 (not visited)', 'go to microwave 1 (not visited)', 'go to sink 1 (not visited)'];
  reads('You are at desk 1. On desk 1 you see an apple and a mug. The lamp is here. You hold nothing.', [
    'go to shelf 1 (not visited)',
    ...unseen,
    'take apple from desk 1',
    'take mug from desk 1',
    'use the lamp',
  ]);
  act(world, LAMP, true);
  act(world, TAKE + 4, true);
  act(world, LAMP, true);
  reads('Nothing happens. You are at desk 1. On desk 1 you see an apple. The lamp is here. You hold a mug.', [
    'go to shelf 1 (not visited)',
    ...unseen,
    'put mug on desk 1',
    'use the lamp',
  ]);
  act(world, 6, true);
  act(world, 12, true);
  reads('You are at microwave 1. It is closed. You hold a mug.', [
    'go to shelf 1 (visited: nothing)',
    'go to desk 1 (visited: an apple and the lamp)',
    'go to fridge 1 (not visited)',
    'go to sink 1 (not visited)',
    'open microwave 1',
    'heat mug with microwave 1',
  ]);
  act(world, OPEN, true);
  act(world, HEAT, true);
  expect(stateText(world)).toContain(
    'You are at microwave 1. It is open. In microwave 1 you see nothing. You hold a hot mug.',
  );
});

test('the first of two objects in place is said', () => {
  const game = {
    task: 5,
    object: 4,
    target: 3,
    places: [6, 8, 10],
    lamp: 8,
    start: 8,
    kinds: [4, 4],
    kindPlaces: [8, 8],
  };
  const world = startWorld(game);
  for (const action of [TAKE + 4, 6, PUT]) act(world, action, true);
  expect(stateText(world)).toContain('You hold nothing. One of the two is in place. Task: put two mugs on the shelf.');
});

test('householdText plays the same games in the same order with the same hash and expert', async () => {
  const env = createHousehold();
  const english = householdText();
  expect(english.spec).toEqual({ name: 'household-text', version: '1', maxSteps: 20, hasExpert: true });
  for (let seed = 0; seed < 30; seed++) {
    const choose = mixedChoice(seed);
    let step = env.reset({ seed, split: 'in-domain' });
    let text = await english.reset({ seed, split: 'in-domain' });
    for (let i = 0; ; i++) {
      expect(text).toEqual({
        observation: env.observationText(),
        reward: step.reward,
        terminated: step.terminated,
        truncated: step.truncated,
        info: { admissibleActions: env.actionTexts() },
      });
      expect(english.stateHash?.()).toBe(env.stateHash());
      expect(english.expertActions?.()).toEqual(env.expertActions());
      if (isOver(step)) break;
      const action = choose(env, step, i);
      step = env.step(action);
      text = await english.step(action);
    }
  }
});
