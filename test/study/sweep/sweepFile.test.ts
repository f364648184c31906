import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sweepOf } from '../../../src/study/sweep/sweep.ts';
import { checkSweepFile, rules } from '../../../src/study/sweep/sweepFile.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const grid = { name: 'grid' };
const space = { learningRate: [0.001, 0.01] };
const plain = { space, strategy: grid };
const random = (more: object) => ({ ...plain, strategy: { name: 'random', trials: 2, ...more } });
const halving = (more: object) => ({
  space: { learningRate: { min: 0.001, max: 0.1 } },
  strategy: { name: 'halving', trials: 4, minIterations: 10, ...more },
});

function messageOf(content: unknown, name = 'mine'): string {
  try {
    sweepOf(content, name, 'sweep: a.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('a wrong file: key, rule, value and next step', () => {
  const help = 'docs/sweep.md explains the keys';
  const cases: readonly [unknown, string][] = [
    [[], `the content must be a JSON object, got []; ${help}`],
    [{}, 'space must be an object with at least one config key, got nothing; docs/sweep.md explains the keys'],
    [{ space }, `strategy must be an object with name, got nothing; ${help}`],
    [{ ...plain, space: {} }, `space must be an object with at least one config key, got an object; ${help}`],
    [{ ...plain, stratgy: 1 }, 'unknown key "stratgy"; did you mean "strategy"?'],
    [{ ...plain, strategy: 'grid' }, `strategy must be an object with name, got "grid"; ${help}`],
    [
      { ...plain, strategy: { name: 'gird' } },
      `strategy.name must be one of grid, random, halving, got "gird"; ${help}`,
    ],
    [
      { ...plain, strategy: { name: 'grid', trials: 3 } },
      'unknown key "strategy.trials"; strategy "grid" has no such key',
    ],
    [
      random({ trials: 0 }),
      'strategy.trials must be an integer from 1 to 10,000, got 0; it is the number of settings that are drawn',
    ],
    [random({ trails: 3 }), 'unknown key "strategy.trails"; did you mean "trials"?'],
    [random({ seed: -1 }), `strategy.seed must be an integer >= 0, got -1; ${help}`],
    [
      random({ trials: 3 }),
      'strategy.trials must be at most 2, the number of different settings of space, got 3; lower it or use strategy "grid"',
    ],
    [halving({ eta: 1 }), `strategy.eta must be an integer from 2 to 100, got 1; ${help}`],
    [
      halving({ minIterations: 500 }),
      'strategy.minIterations must be at most iterations of config, 160, got 500; lower it or raise config.iterations',
    ],
    [
      { ...halving({}), space: { iterations: [10, 20, 30, 40] } },
      'space.iterations must be left out with strategy "halving", got a space; the rungs set the iterations',
    ],
    [
      { ...plain, measure: 'success.outOfDomain' },
      'measure must be one of success.inDomain, success.train, got "success.outOfDomain"; games out of domain choose nothing, so that they stay a test of the chosen setting; the report shows their success',
    ],
    [
      { ...plain, seeds: { development: 101 } },
      'seeds.development must be an integer from 1 to 100, got 101; the fresh seeds begin 100 after the first development seed',
    ],
    [{ ...plain, seeds: { dev: 3 } }, 'unknown key "seeds.dev"; the keys there are first, development, fresh'],
    [
      { ...plain, name: '../x' },
      'name must be up to 64 letters, digits, _ and -, and not "jobs", got "../x"; it names the folder of the report',
    ],
    [
      { ...plain, config: { env: {} } },
      `config.env must be a number, a text, true, false or null, got an object; ${help}`,
    ],
    [
      { ...plain, config: { seed: 3 } },
      'config.seed must be left out, got a value for it; seeds sets the seeds of all runs',
    ],
    [
      { ...plain, config: { iteration: 3 } },
      'config.iteration must be a config key, got "iteration"; did you mean "iterations"?',
    ],
    [
      { ...plain, config: { iterations: 0.5 } },
      'config must be a valid config; config: iterations must be an integer >= 0, got 0.5',
    ],
    [
      { ...plain, space: { evalSplits: ['all'] } },
      'space.evalSplits must be left out, got a value for it; the report needs the success on every split',
    ],
    [
      { ...plain, space: { lerningRate: [1] } },
      'space.lerningRate must be a config key, got "lerningRate"; did you mean "learningRate"?',
    ],
    [
      { ...plain, space: { learningRate: 3 } },
      `space.learningRate must be a list of values or an object with min and max, got 3; ${help}`,
    ],
    [
      { ...plain, space: { learningRate: [] } },
      `space.learningRate must be a list of values or an object with min and max, got []; ${help}`,
    ],
    [
      { ...plain, space: { learningRate: [0.1, {}] } },
      `space.learningRate[1] must be a number, a text, true, false or null, got an object; ${help}`,
    ],
    [
      { ...plain, space: { learningRate: [0.1, 0.2, 0.1] } },
      'space.learningRate must have different values, got 0.1 twice; leave out one of them',
    ],
    [
      { ...plain, space: { learningRate: { min: 1 } } },
      `space.learningRate.max must be a number, got nothing; ${help}`,
    ],
    [
      { ...plain, space: { learningRate: { min: 1, max: 1 } } },
      'space.learningRate.max must be above min 1, got 1; swap them or list the values',
    ],
    [
      { ...plain, space: { learningRate: { min: 0, max: 1, scale: 'log' } } },
      'space.learningRate.min must be above 0 on a log scale, got 0; raise it or use scale "linear"',
    ],
    [
      { ...plain, space: { learningRate: { min: 0, max: 1, scale: 'lin' } } },
      `space.learningRate.scale must be one of linear, log, got "lin"; ${help}`,
    ],
    [
      { ...plain, space: { learningRate: { min: 0, max: 1 } } },
      'space.learningRate.steps must be set with strategy "grid", got nothing; add steps or list the values',
    ],
    [
      { ...plain, space: { hidden: { min: 8.5, max: 64, steps: 3 } } },
      'space.hidden must have integers as min and max, at most 2^32 apart, got 8.5 and 64; hidden takes integers',
    ],
    [
      { ...plain, space: { hidden: { min: 8, max: 10, steps: 4 } } },
      'space.hidden must have different values, got 9 twice; lower steps or widen the range',
    ],
    [
      { ...plain, space: { hidden: { min: 1, max: 1000, steps: 1000 }, trainGames: { min: 1, max: 99, steps: 11 } } },
      'space must have at most 10,000 settings in a grid, got 11000; use strategy "random"',
    ],
    [
      { ...plain, space: { learningRate: [0.1, -1] } },
      'trial 2, {"learningRate":-1}, must be a valid config; config: learningRate must be a number >= 0, got -1',
    ],
    [
      { ...plain, strategy: { name: 'random', trials: 40 }, space: { learningRate: { min: 1, max: 1.00001 } } },
      'strategy.trials must be at most 2, the number of different settings of space, got 40; lower it or use strategy "grid"',
    ],
  ];
  test.each(cases)('%j', (content, message) => {
    expect(messageOf(content)).toBe(`sweep: a.json: ${message}`);
  });

  test('a name of the file that is no name of a folder', () => {
    expect(messageOf(plain, 'my sweep')).toBe(
      'sweep: a.json: name must be up to 64 letters, digits, _ and -, and not "jobs", got "my sweep"; it names the folder of the report',
    );
    expect(messageOf({ ...plain, name: 'mine' }, 'my sweep')).toBe('accepted');
  });
});

describe('docs/sweep.md', () => {
  /** Key, rule and default of each row of the table of keys. */
  function rows(): readonly string[][] {
    const page = readFileSync(`${root}docs/sweep.md`, 'utf8');
    const [, table] = /^\| Key \| Must be \|.*\n(?:\|-.*\n)((?:\|.*\n)+)/m.exec(page) ?? [];
    return (table ?? '').split('\n').flatMap((line) => {
      const [, key, rule, value] = line.split(/^\| | \| /);
      return key === undefined ? [] : [[key.replaceAll('`', ''), rule, value]];
    });
  }

  test('has a row for each key of a sweep file with its rule', () => {
    expect(rows().map(([key, rule]) => [key, rule])).toEqual(Object.entries(rules));
  });

  test('has a valid example with the costs that it states', () => {
    const page = readFileSync(`${root}docs/sweep.md`, 'utf8');
    const { rungs, settings } = sweepOf(JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? ''), 'x', 'sweep');
    expect([settings.length, rungs.map(({ trials }) => trials)]).toEqual([27, [27, 9, 3]]);
    const anew = rungs.reduce((sum, { trials, iterations }) => sum + trials * (iterations ?? 0), 0);
    const more = (rung: number): number => (rungs[rung].iterations ?? 0) - (rungs[rung - 1]?.iterations ?? 0);
    const resumed = rungs.reduce((sum, { trials }, rung) => sum + trials * more(rung), 0);
    expect(page).toContain(`90: ${anew} iterations for each development seed`);
    expect(page).toContain(`With checkpoints it would be ${resumed}.`);
    expect([anew, 27 * 90]).toEqual([810, 2430]);
  });

  test('states the defaults that the schema sets', () => {
    const stated = rows().flatMap(([key, , value]) =>
      value.startsWith('`') ? [[key, value.replaceAll('`', '')]] : [],
    );
    const file = checkSweepFile(halving({}), 'sweep');
    const { scale } = file.space.learningRate as { scale: string };
    const { seed, eta } = file.strategy as { seed: number; eta: number };
    const { first, development, fresh } = file.seeds;
    expect(Object.fromEntries(stated)).toEqual({
      ...{ config: JSON.stringify(file.config), measure: file.measure, 'space.KEY.scale': scale },
      ...{ 'strategy.seed': `${seed}`, 'strategy.eta': `${eta}` },
      ...{ 'seeds.first': `${first}`, 'seeds.development': `${development}`, 'seeds.fresh': `${fresh}` },
    });
  });
});
