/** Functions on plain numbers, texts and environments given what they cannot use: a message by name, and no NaN. */
import { expect, test } from 'vitest';
import { gradVac, pcGrad, runDanger, taskOrders, upGrad } from '../../src/entry/coupling.ts';
import {
  buildVocabulary,
  createBandit,
  createHousehold,
  createLookAlike,
  householdText,
  randomStream,
  tokenized,
} from '../../src/entry/env.ts';
import { groupRelative } from '../../src/entry/learn.ts';
import { replay } from '../../src/entry/record.ts';
import {
  interquartileMean,
  meanInterval,
  pairedBootstrap,
  pairedDifference,
  performanceProfile,
  probabilityOfImprovement,
  stratifiedBootstrap,
  wilsonInterval,
} from '../../src/entry/statistics.ts';
import { resolveConfig, train } from '../../src/index.ts';

import { rejection } from '../refusal.ts';

const household = createHousehold();
/** Any argument, as a caller without types may give it. */
// biome-ignore lint/suspicious/noExplicitAny: the wrong types are what is tested
type Anything = any;

/** Rows of a name, a call and the message it must end in. */
type Cases = [string, () => unknown, string][];

const numbers: Cases = [
  [
    'train: another type',
    () => train({}, { onProgress: 5 } as Anything),
    'train: options.onProgress must be a function, got 5; leave it out or change it',
  ],
  [
    'train: null',
    () => train({}, { signal: null } as Anything),
    'train: options.signal must be an object, got null; leave it out or change it',
  ],
  [
    'replay: text',
    () => replay(resolveConfig({}), { until: '3' } as Anything),
    'replay: options.until must be a number, got "3"; leave it out or change it',
  ],
  [
    'replay: a config that is none',
    () => replay({ seed: -1 } as Anything),
    'config: seed must be an integer >= 0, got -1',
  ],
  [
    'randomStream: purpose',
    () => randomStream(1, 5 as Anything),
    'randomStream: purpose must be text, got 5; say what the numbers are for',
  ],
  [
    'randomStream: step',
    () => randomStream(1, 'x', 0.5),
    'randomStream: step must be an integer in [0, 4294967295], got 0.5; count from 0',
  ],
  [
    'randomStream: index',
    () => randomStream(1, 'x', 0, -1),
    'randomStream: index must be an integer in [0, 4294967295], got -1; count from 0',
  ],
  [
    'below: 0',
    () => randomStream(1, 'x').below(0),
    'below: n must be an integer in [1, 2^32], got 0; give the number of choices',
  ],
  [
    'below: more than 32 bits',
    () => randomStream(1, 'x').below(2 ** 33),
    'below: n must be an integer in [1, 2^32], got 8589934592; give the number of choices',
  ],
  [
    'below: NaN',
    () => randomStream(1, 'x').below(Number.NaN),
    'below: n must be an integer in [1, 2^32], got NaN; give the number of choices',
  ],
  [
    'groupRelative: null',
    () => groupRelative(null as Anything, 2, 'group'),
    'groupRelative: returns must be an array of numbers, got null; pass one for each episode',
  ],
  [
    'groupRelative: a fraction',
    () => groupRelative([1, 2, 3, 4, 5], 2.5, 'group'),
    'groupRelative: groupSize must be an integer >= 2, got 2.5; pass the number of episodes per start',
  ],
  [
    'groupRelative: text',
    () => groupRelative([1, 2], '2' as Anything, 'group'),
    'groupRelative: groupSize must be an integer >= 2, got "2"; pass the number of episodes per start',
  ],
  [
    'groupRelative: scale',
    () => groupRelative([1, 2], 2, 'grop' as Anything),
    'groupRelative: scaleRewards must be one of group, batch, none, got "grop"; did you mean "group"?',
  ],
  [
    'groupRelative: symbol',
    () => groupRelative([1, Symbol('x')] as Anything, 2, 'group'),
    "groupRelative: returns must be finite, got a symbol at 1; check the environment's rewards",
  ],
  [
    'pcGrad: null',
    () => pcGrad(null as Anything, []),
    'pcGrad: gram must be an array of [n, n] numbers, got null; pass a row for each task',
  ],
  [
    'pcGrad: big integers',
    () => pcGrad([1n] as Anything, []),
    'pcGrad: gram must be finite, got 1n at [0, 0]; leave out tasks without a gradient',
  ],
  [
    'pcGrad: orders',
    () => pcGrad([1, 0, 0, 1], ['1', '0'] as Anything),
    'pcGrad: row 0 of orders must hold each other task once, got "1" at 0; use taskOrders(2, seed, step)',
  ],
  [
    'pcGrad: no orders',
    () => pcGrad([1], null as Anything),
    'pcGrad: orders must be an array of integers, got null; use taskOrders(1, seed, step)',
  ],
  [
    'gradVac: beta',
    () => gradVac([1], [], [0], '0.5' as Anything),
    'gradVac: beta must be in [0, 1], got "0.5"; 0.01 is usual',
  ],
  [
    'gradVac: targets',
    () => gradVac([1], [], ['0'] as Anything, 0.5),
    'gradVac: targets must be in [-1, 1], got "0" at 0; begin with zeros',
  ],
  [
    'upGrad: text',
    () => upGrad([1], '1' as Anything),
    'upGrad: regularization must be above 0 and finite, got "1"; 1e-4 is usual',
  ],
  [
    'taskOrders: many',
    () => taskOrders(1e6, 1, 1),
    'taskOrders: n must be an integer in [1, 4096], got 1000000; join tasks',
  ],
  [
    'taskOrders: seed',
    () => taskOrders(1, 0.5, 1),
    'taskOrders: seed must be an integer in [0, 2^53), got 0.5; choose another seed',
  ],
  [
    'taskOrders: step',
    () => taskOrders(1, 1, -1),
    'taskOrders: step must be an integer in [0, 4294967295], got -1; pass the number of the iteration',
  ],
  [
    'createHousehold: null',
    () => createHousehold({ maxSteps: null } as Anything),
    'createHousehold: maxSteps must be an integer in [1, 1000], got null; change options.maxSteps',
  ],
  [
    'createHousehold: symbol',
    () => createHousehold({ maxSteps: Symbol('x') } as Anything),
    'createHousehold: maxSteps must be an integer in [1, 1000], got a symbol; change options.maxSteps',
  ],
  [
    'createLookAlike: text',
    () => createLookAlike({ rho: '0.5' } as Anything),
    'createLookAlike: rho must be a number in [0, 1], got "0.5"; change rho',
  ],
  [
    'createBandit: text',
    () => createBandit({ rho: '0.5' } as Anything),
    'createBandit: rho must be a number in [0, 1], got "0.5"; change rho',
  ],
  [
    'reset: symbol',
    () => household.reset({ seed: Symbol('x'), split: 'train' } as Anything),
    'household.reset: seed must be an integer in [0, 2^53), got a symbol; choose another seed',
  ],
  [
    'meanInterval: null',
    () => meanInterval(null as Anything),
    'meanInterval: values must be an array of numbers, got null; pass one for each run',
  ],
  [
    'meanInterval: text',
    () => meanInterval([1, '2'] as Anything),
    'meanInterval: value 1 must be finite, got "2"; leave out runs without a result',
  ],
  [
    'interquartileMean: symbol',
    () => interquartileMean([Symbol('x')] as Anything),
    'interquartileMean: value 0 must be finite, got a symbol; leave out runs without a result',
  ],
  [
    'pairedDifference: null',
    () => pairedDifference([1, 2], null as Anything),
    'pairedDifference: values must be an array of numbers, got null; pass one for each run',
  ],
  [
    'wilsonInterval: symbol',
    () => wilsonInterval(1, Symbol('x') as Anything),
    'wilsonInterval: trials must be an integer >= 1, got a symbol; evaluate at least one episode',
  ],
  [
    'stratifiedBootstrap: strata',
    () => stratifiedBootstrap([1] as Anything, () => 1, { seed: 1, resamples: 100 }),
    'stratifiedBootstrap: strata[0] must be an array of numbers, got 1; pass an array of values for each environment',
  ],
  [
    'stratifiedBootstrap: statistic',
    () => stratifiedBootstrap([[1]], null as Anything, { seed: 1, resamples: 100 }),
    'stratifiedBootstrap: statistic must be a function, got null; pass a function from an array of numbers to a number',
  ],
  [
    'stratifiedBootstrap: NaN',
    () => stratifiedBootstrap([[1]], () => Number.NaN, { seed: 1, resamples: 100 }),
    'stratifiedBootstrap: the statistic must be a finite number, got NaN; change the function that computes it',
  ],
  [
    'pairedBootstrap: seed',
    () => pairedBootstrap([[1]], [[1]], () => 1, { seed: 0.5, resamples: 100 }),
    'pairedBootstrap: seed must be an integer in [0, 2^53), got 0.5; choose another seed',
  ],
  [
    'probabilityOfImprovement: null',
    () => probabilityOfImprovement(null as Anything, [[1]], { seed: 1, resamples: 100 }),
    'probabilityOfImprovement: strata must be an array of arrays, got null; pass an array of values for each environment',
  ],
  [
    'performanceProfile: thresholds',
    () => performanceProfile([[1]], null as Anything, { seed: 1, resamples: 100 }),
    'performanceProfile: thresholds must be an array of numbers, got null; pass scores at which to count',
  ],
  [
    'buildVocabulary: one text',
    () => buildVocabulary('a text'),
    'buildVocabulary: texts must be a list of texts, got "a text"; put one text into an array',
  ],
  [
    'buildVocabulary: null',
    () => buildVocabulary(null as Anything),
    'buildVocabulary: texts must be a list of texts, got null; put one text into an array',
  ],
  [
    'buildVocabulary: numbers',
    () => buildVocabulary([5] as Anything),
    'buildVocabulary: each text must be text, got 5; leave out what is none',
  ],
  [
    'tokenized: vocabulary',
    () => tokenized(householdText(), null as Anything),
    'tokenized: vocabulary must be a vocabulary, got null; build it with buildVocabulary',
  ],
  [
    'tokenized: memory',
    () => tokenized(householdText(), buildVocabulary([]), { memory: 1 } as Anything),
    'tokenized: memory must be true or false, got 1; leave it out for true',
  ],
  [
    'tokenized: environment',
    () => tokenized(null as Anything, buildVocabulary([])),
    'tokenized: environment must be an object, got null; give a text environment',
  ],
  [
    'runDanger: text',
    () => runDanger({ rho: '0.5' } as Anything),
    'runDanger: rho must be a number in [0, 1], got "0.5"; change rho',
  ],
  [
    'runDanger: starts',
    () => runDanger({ starts: null } as Anything),
    'runDanger: starts must be one or more different numbers, got null; name each start once',
  ],
  [
    'runDanger: method',
    () => runDanger({ method: 5 } as Anything),
    'runDanger: method must be one or more of grpo, classifier, contrastive, cloning, decouple, pcgrad, gradvac, upgrad, each once, joined by +, got 5; write for example classifier+cloning',
  ],
];

test.each(numbers)('%s', async (_, call, message) => {
  expect(await rejection(async () => call())).toBe(message);
});
