/** Unknown options of library functions. */
import { describe, expect, test } from 'vitest';
import { collectSamplePairs, runDanger } from '../../src/entry/coupling.ts';
import {
  buildVocabulary,
  craftingText,
  createBandit,
  createCrafting,
  createHousehold,
  createLookAlike,
  householdText,
  tokenized,
} from '../../src/entry/env.ts';
import { type Builder, createNetwork, linear, slotLinear, tokenTable } from '../../src/entry/layers.ts';
import { inputShape } from '../../src/entry/learn.ts';
import { replay } from '../../src/entry/record.ts';
import { performanceProfile, stratifiedBootstrap } from '../../src/entry/statistics.ts';
import { evaluate, resolveConfig, train } from '../../src/index.ts';
import { openCrew } from '../../workers/workers.node.ts';

import { refusal, rejection } from '../refusal.ts';
import { arena, household, policy } from './smallPolicy.ts';

/** Any argument, as a caller without types may give it. */
// biome-ignore lint/suspicious/noExplicitAny: the wrong types are what is tested
type Anything = any;

const options: [string, (given: Anything) => unknown, string, string][] = [
  ['createBandit', createBandit, 'rhoo', 'rho'],
  ['createCrafting', createCrafting, 'distractor', 'distractors'],
  ['craftingText', craftingText, 'maxstep', 'maxSteps'],
  ['createHousehold', createHousehold, 'irreversable', 'irreversible'],
  ['householdText', householdText, 'max_steps', 'maxSteps'],
  ['createLookAlike', createLookAlike, 'actionCounts', 'actionCount'],
  ['buildVocabulary', (given) => buildVocabulary([], given), 'maxsize', 'maxSize'],
  ['tokenized', (given) => tokenized(householdText(), buildVocabulary([]), given), 'memry', 'memory'],
  ['runDanger', runDanger, 'start', 'starts'],
  ['train', (given) => train({}, given), 'singal', 'signal'],
  ['replay', (given) => replay(resolveConfig({}), given), 'untill', 'until'],
  ['openCrew', (given) => openCrew(() => ({}) as never, 2, given), 'copy', 'copied'],
  ['evaluate', (given) => evaluate(policy, [household], given), 'trainGame', 'trainGames'],
  ['collectSamplePairs', (given) => collectSamplePairs(policy, [household], given), 'pair', 'pairs'],
];

describe('unknown options are refused with the nearest known one', () => {
  test.each(options)('%s', async (name, call, unknown, nearest) => {
    const message = async (given: unknown): Promise<string> => rejection(async () => call(given));
    expect(await message({ [unknown]: 1 })).toBe(`${name}: unknown option "${unknown}"; did you mean "${nearest}"?`);
    expect(await message({ zzz: undefined })).toMatch(`${name}: unknown option "zzz"; the keys are: `);
    for (const [given, shown] of [
      [null, 'null'],
      [[], '[]'],
      ['x', '"x"'],
    ]) {
      expect(await message(given)).toMatch(`${name}: options must be a plain object, got ${shown}; its keys are: `);
    }
  });

  test('resamplings, too', () => {
    const given = { seed: 1, resample: 200 } as Anything;
    const message = '"resample" in resampling; did you mean "resamples"?';
    expect(refusal(() => stratifiedBootstrap([[1, 2]], () => 1, given))).toBe(
      `stratifiedBootstrap: unknown key ${message}`,
    );
    expect(refusal(() => performanceProfile([[1, 2]], [0], given))).toBe(`performanceProfile: unknown key ${message}`);
  });

  test('replay takes neither records nor checkpoints', async () => {
    expect(await rejection(() => replay(resolveConfig({}), { onMetrics: () => {} } as Anything))).toMatch(
      'replay: unknown option "onMetrics"; the keys are: environment, policy, labelSource, openBridge, crew, ',
    );
  });

  test('and those of the layers', () => {
    const compose = (layer: (b: Builder) => unknown): string =>
      refusal(() =>
        createNetwork(
          arena,
          inputShape(household.spec),
          { states: 1, actions: 4, stateFeatures: 99, actionFeatures: 99 },
          layer as Anything,
        ),
      );
    const table = (b: Builder) => tokenTable(b, 'tokens', 4);
    expect(compose((b) => slotLinear(b, 'a', 'state', table(b), 4, { bais: false } as Anything))).toBe(
      'slotLinear: unknown option "bais"; did you mean "bias"?',
    );
    expect(compose((b) => linear(b, 'a', b.tensor('state', 4), 4, { innit: 1 } as Anything))).toBe(
      'linear: unknown option "innit"; did you mean "init"?',
    );
  });
});
