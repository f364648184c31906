import { expect, test } from 'vitest';
import { craftingText, createCrafting } from '../../../src/env/crafting/crafting.ts';
import { actionText, stateText } from '../../../src/env/crafting/english.ts';
import { MIX, possibleActions, TAKE, type World } from '../../../src/env/crafting/world.ts';
import { splits } from '../../../src/env/environment.ts';
import { isOver, mixedChoice } from '../play.ts';
import { CELLAR, HALL, inkWorld, KITCHEN, MINT, OIL } from './fixture.ts';

const told = (world: World): string[] => [
  stateText(world),
  ...possibleActions(world).map((action) => actionText(world, action)),
];

test('states and actions read as sentences', () => {
  expect(told(inkWorld(TAKE + OIL))).toEqual([
    'You are in the hall. You see mint and soot. You hold oil. Task: make a cooling ink.',
    ...['go to the cellar (not visited)', 'go to the kitchen (not visited)', 'take mint', 'take soot', 'drop oil'],
  ]);
  expect(told(inkWorld(TAKE + OIL, TAKE + MINT, CELLAR, MIX))).toEqual([
    'The mix fails. You are in the cellar. The press is here. You see nothing. You hold mint and oil. Task: make a cooling ink.',
    ...['go to the hall (visited: soot)', 'go to the kitchen (not visited)', 'drop mint', 'drop oil'],
    'mix mint and oil at the press',
  ]);
});

test('the text of a visited room has its station and contents, or states that it is empty', () => {
  const world = inkWorld(CELLAR, KITCHEN);
  expect(actionText(world, CELLAR)).toBe('go to the cellar (visited: the press)');
  world.contents[CELLAR] = (1 << MINT) | (1 << OIL);
  expect(actionText(world, CELLAR)).toBe('go to the cellar (visited: the press, mint and oil)');
  world.contents[HALL] = 0;
  expect(actionText(world, HALL)).toBe('go to the hall (visited: nothing)');
});

test('craftingText plays the games of createCrafting: same texts, hashes, expert, rewards and ends', () => {
  const tokens = createCrafting();
  const text = craftingText();
  expect(text.spec).toEqual({ name: 'crafting-text', version: '1', maxSteps: 20, hasExpert: true });
  for (let seed = 0; seed < 60; seed++) {
    const split = splits[seed % 3];
    const choose = mixedChoice(seed);
    let step = tokens.reset({ seed, split });
    let textStep = text.reset({ seed, split });
    for (let i = 0; ; i++) {
      const { reward, terminated, truncated } = step;
      expect(textStep).toEqual({
        ...{ reward, terminated, truncated, observation: tokens.observationText() },
        info: { admissibleActions: tokens.actionTexts() },
      });
      expect(text.stateHash?.()).toBe(tokens.stateHash());
      expect(text.expertActions?.()).toEqual(tokens.expertActions());
      if (isOver(step)) break;
      const action = choose(tokens, step, i);
      step = tokens.step(action);
      textStep = text.step(action) as typeof textStep;
    }
  }
});
