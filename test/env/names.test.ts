import { describe, expect, test } from 'vitest';
import { environmentTable, isBuiltIn, shippedScript, startsProgram, unknownEnvironment } from '../../src/env/names.ts';

describe('names that start nothing but this package', () => {
  test.each(['household', 'crafting', 'look-alike', 'bandit'])('%s', (name) => {
    expect([isBuiltIn(name), startsProgram(name), shippedScript(name)]).toEqual([true, false, null]);
  });

  test.each([
    'textworld-express/coin',
    'textworld-express/coin?numLocations=5',
    'textworld-express/coin?numLocations=5&includeDoors=0',
    'textworld-express/chess',
  ])('%s', (name) => {
    expect([isBuiltIn(name), startsProgram(name), shippedScript(name)]).toEqual([
      false,
      false,
      'textworld_express_bridge.py',
    ]);
  });
});

test.each([
  'exec:true',
  'exec:',
  ' exec:true',
  'EXEC:true',
  'gym:module:Env-v0',
  'gym:CartPole-v1',
  './program',
  '/bin/true',
  'C:\\program.exe',
  'file:///tmp/x.py',
  'module.Env',
  'houshold',
  'household ',
  'household\n',
  'Household',
  '',
  'constructor',
  '__proto__',
  'textworld-express',
  'textworld-express/',
  'textworld-express/../../evil',
  'textworld-express/coin/x',
  'textworld-express/coin\n',
  'textworld-express/coin --evil',
  'textworld-express/-c',
  'textworld-express/coin?',
  'textworld-express/coin?a',
  'textworld-express/coin?a=b c',
  'textworld-express/coin?a=;b',
  'textworld_express/coin',
])('%j may start anything', (name) => {
  expect([startsProgram(name), isBuiltIn(name), shippedScript(name)]).toEqual([true, false, null]);
});

test('an unknown name is answered with all forms and the nearest name', () => {
  const forms = environmentTable.map(({ name }) => name).join(', ');
  expect(forms).toBe('household, crafting, look-alike, bandit, textworld-express/<game>, exec:COMMAND ARG...');
  const advice = (name: string): string => unknownEnvironment(name).split(`choose from ${forms}`)[1];
  expect(advice('houshold')).toBe('; did you mean "household"?');
  expect(advice('lookalike')).toBe('; did you mean "look-alike"?');
  expect(advice('textworld/coin')).toBe('; did you mean "textworld-express/coin"?');
  expect(advice('textworld_expres/twc?a=1')).toBe('; did you mean "textworld-express/twc?a=1"?');
  expect(advice('alfworld/pick')).toBe('');
});
