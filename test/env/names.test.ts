import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bridgeScripts,
  environmentTable,
  isBuiltIn,
  moduleScript,
  shippedScript,
  startsProgram,
  unknownEnvironment,
} from '../../src/env/names.ts';

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

  test.each([
    ['gym:CartPole-v1', 'gym_bridge.py'],
    ['gym:CartPole-v1?form=text&scale=0.01&x=-1', 'gym_bridge.py'],
    ['minigrid:BabyAI-GoToLocal-v0?form=vector', 'minigrid_bridge.py'],
    ['textworld:coin_collector?level=5', 'textworld_bridge.py'],
    ['scienceworld:find-living-thing', 'scienceworld_bridge.py'],
    ['minatar:breakout', 'minatar_bridge.py'],
  ])('%s', (name, script) => {
    expect([isBuiltIn(name), startsProgram(name), shippedScript(name)]).toEqual([false, false, script]);
  });
});

test.each([
  'exec:true',
  'exec:',
  ' exec:true',
  'EXEC:true',
  'gym:module:Env-v0',
  'gym:ALE/Pong-v5',
  'gym:../CartPole-v1',
  'gym:a..b',
  'gym:/tmp/x',
  'gym:-c',
  'gym:.x',
  'gym:',
  'gym',
  'gym:CartPole-v1\n',
  'gym:CartPole-v1 --evil',
  'gym:CartPole-v1?a',
  'gym:CartPole-v1?a=b/c',
  'gym:CartPole-v1?a=..',
  'gym:CartPole-v1?a=b:c',
  'Gym:CartPole-v1',
  'gym/CartPole-v1',
  'atari:Pong-v5',
  'procgen:coinrun',
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

test.each([
  ['gym:module:Env-v0', 'gym_bridge.py'],
  ['gym:ALE/Pong-v5?form=text', 'gym_bridge.py'],
  ['gym:CartPole-v1', 'gym_bridge.py'],
  ['minigrid:a.b:Env-v0', 'minigrid_bridge.py'],
  ['gym:../CartPole-v1', null],
  ['gym:/tmp/x', null],
  ['gym:a//b', null],
  ['gym:a:/b', null],
  ['gym:-c', null],
  ['gym:a b', null],
  ['exec:gym:a', null],
  ['atari:module:Env-v0', null],
])('the bridge script of an id with a module or path: %s', (name, script) => {
  expect(moduleScript(name)).toBe(script);
});

test('the prefixes of names are those of the bridge scripts in the package', () => {
  const files = readdirSync(new URL('../../bridges/', import.meta.url)).filter((name) => name.endsWith('_bridge.py'));
  // unbraid_bridge.py is the module that the scripts import.
  expect(files.filter((name) => name !== 'unbraid_bridge.py').sort()).toEqual([...bridgeScripts].sort());
});

test('an unknown name is answered with all forms and the nearest name', () => {
  const forms = environmentTable.map(({ name }) => name).join(', ');
  expect(forms).toBe(
    'household, crafting, look-alike, bandit, gym:<id>, minigrid:<id>, textworld:<game>, textworld-express/<game>, scienceworld:<task>, minatar:<game>, exec:COMMAND ARG...',
  );
  const advice = (name: string): string => unknownEnvironment(name).split(`choose from ${forms}`)[1];
  expect(advice('houshold')).toBe('; did you mean "household"?');
  expect(advice('lookalike')).toBe('; did you mean "look-alike"?');
  expect(advice('textworld/coin')).toBe('; did you mean "textworld:coin"?');
  expect(advice('textworld_expres/twc?a=1')).toBe('; did you mean "textworld-express/twc?a=1"?');
  expect(advice('gim:CartPole-v1')).toBe('; did you mean "gym:CartPole-v1"?');
  expect(advice('CartPole-v1')).toBe('; did you mean "gym:CartPole-v1"?');
  expect(advice('mini-grid:BabyAI-GoToLocal-v0')).toBe('; did you mean "minigrid:BabyAI-GoToLocal-v0"?');
  expect(advice('scienceword:boil')).toBe('; did you mean "scienceworld:boil"?');
  expect(advice('gym')).toBe('; did you mean "gym:CartPole-v1"?');
  expect(advice('zork/pick')).toBe('');
});
