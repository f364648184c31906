import { expect, test } from 'vitest';
import type { Features } from '../../../src/env/environment.ts';
import { actionFeatures, gotoFeatures, stateFeatures, vocabulary } from '../../../src/env/household/grammar.ts';
import { act, HEAT, LAMP, OPEN, PUT, startWorld, TAKE } from '../../../src/env/household/world.ts';

const [SHELF, DESK, FRIDGE, MICROWAVE, SINK] = [6, 8, 10, 12, 14];
const MUG = 4;

/** Features as words with their slots: `slot:word`. */
const words = (features: Features): string[] =>
  features.map((f) => `${Math.floor(f / vocabulary.length)}:${vocabulary[f % vocabulary.length]}`);

test('states and actions have the words of their slots', () => {
  const places = [SHELF, DESK, FRIDGE, MICROWAVE, SINK];
  const world = startWorld({
    ...{ task: 3, object: MUG, target: 3, places, lamp: DESK, start: DESK },
    ...{ kinds: [MUG, 0], kindPlaces: [DESK, DESK] },
  });
  expect(words(stateFeatures(world))).toEqual([
    ...['0:task-heat', '1:mug', '2:shelf', '3:desk', '4:is-open', '5:none', '6:none', '7:not-placed', '8:lamp', '9:ok'],
    ...['10:apple', '10:mug'],
  ]);
  expect(words(gotoFeatures(world, FRIDGE))).toEqual(['0:goto', '1:none', '2:fridge', '3:1', '4:unvisited']);
  expect(words(actionFeatures(world, TAKE + MUG))).toEqual(['0:take', '1:mug', '2:desk', '3:1', '4:none']);
  expect(words(actionFeatures(world, LAMP))).toEqual(['0:use-lamp', '1:none', '2:none', '3:none', '4:none']);
  act(world, LAMP, true);
  expect(words(stateFeatures(world))[9]).toBe('9:no-effect');
  act(world, TAKE + MUG, true);
  expect(words(actionFeatures(world, PUT))).toEqual(['0:put', '1:mug', '2:desk', '3:1', '4:none']);
  act(world, MICROWAVE, true);
  expect(words(gotoFeatures(world, DESK))).toEqual([
    ...['0:goto', '1:none', '2:desk', '3:1', '4:visited', '5:apple', '5:lamp'],
  ]);
  expect(words(stateFeatures(world)).slice(3)).toEqual([
    ...['3:microwave', '4:is-closed', '5:mug', '6:is-plain', '7:not-placed', '8:no-lamp', '9:ok'],
  ]);
  expect(words(actionFeatures(world, OPEN))).toEqual(['0:open', '1:none', '2:microwave', '3:1', '4:none']);
  expect(words(actionFeatures(world, HEAT))).toEqual(['0:heat', '1:mug', '2:microwave', '3:1', '4:none']);
  act(world, HEAT, true);
  expect(words(stateFeatures(world))[6]).toBe('6:is-hot');
});

test('a second instance and an absent target have their words', () => {
  const places = [SHELF, SHELF + 1];
  const world = startWorld({
    ...{ task: 1, object: MUG, target: -1, places, lamp: SHELF, start: SHELF },
    ...{ kinds: [MUG], kindPlaces: [SHELF + 1] },
  });
  expect(words(stateFeatures(world))[2]).toBe('2:none');
  expect(words(gotoFeatures(world, SHELF + 1))).toEqual(['0:goto', '1:none', '2:shelf', '3:2', '4:unvisited']);
});
