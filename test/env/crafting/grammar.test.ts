import { expect, test } from 'vitest';
import { actionFeatures, gotoFeatures, stateFeatures, vocabulary } from '../../../src/env/crafting/grammar.ts';
import { DROP, MIX, TAKE } from '../../../src/env/crafting/world.ts';
import type { Features } from '../../../src/env/environment.ts';
import { CELLAR, HALL, inkWorld, KITCHEN, MINT, OIL, SOOT } from './fixture.ts';

/** Features as words with their slots: `slot:word`. */
const words = (features: Features): string[] =>
  features.map((f) => `${Math.floor(f / vocabulary.length)}:${vocabulary[f % vocabulary.length]}`);

test('states and actions have the words of their slots', () => {
  const start = inkWorld();
  expect(words(stateFeatures(start))).toEqual([
    ...['0:cooling', '1:ink', '2:hall', '3:none', '4:none', '5:ok', '6:mint', '6:soot', '6:oil'],
  ]);
  expect(words(gotoFeatures(start, CELLAR))).toEqual(['0:goto', '1:none', '2:cellar', '3:none', '4:unvisited']);
  expect(words(actionFeatures(start, TAKE + OIL))).toEqual(['0:take', '1:oil', '2:hall', '3:none', '4:none']);

  const holding = inkWorld(TAKE + OIL, TAKE + MINT, CELLAR);
  expect(words(stateFeatures(holding))).toEqual([
    ...['0:cooling', '1:ink', '2:cellar', '3:press', '4:mint', '4:oil', '5:ok'],
  ]);
  expect(words(actionFeatures(holding, DROP + MINT))).toEqual(['0:drop', '1:mint', '2:cellar', '3:none', '4:none']);
  expect(words(actionFeatures(holding, MIX))).toEqual([
    ...['0:mix', '1:mint', '1:oil', '2:cellar', '3:press', '4:none'],
  ]);
  expect(words(gotoFeatures(holding, HALL))).toEqual(['0:goto', '1:none', '2:hall', '3:none', '4:visited', '5:soot']);

  const failed = inkWorld(TAKE + OIL, TAKE + MINT, CELLAR, MIX);
  expect(words(stateFeatures(failed))[6]).toBe('5:mix-failed');
  const later = inkWorld(TAKE + SOOT, CELLAR, DROP + SOOT, KITCHEN);
  expect(words(gotoFeatures(later, CELLAR))).toEqual([
    ...['0:goto', '1:none', '2:cellar', '3:press', '4:visited', '5:soot'],
  ]);
});
