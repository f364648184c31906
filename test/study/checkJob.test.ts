import { describe, expect, test } from 'vitest';
import { checkJob, jobStartsProgram } from '../../src/study/checkJob.ts';
import { jobKindNames } from '../../src/study/jobKinds.ts';
import { studies } from '../../src/study/studies.ts';
import type { StudyScale } from '../../src/study/study.ts';

const received = (kind: string, input: unknown) => () => checkJob({ kind, input });

const arms = [{ method: 'grpo', labels: 'oracle', coupling: true }];
const danger = { rho: 0.8, seed: 1, start: 0.4, iterations: 10, arms };

describe('checkJob', () => {
  test('accepts the first jobs of every study, of all kinds', () => {
    const kinds = new Set<string>();
    for (const study of studies) {
      for (const size of ['quick', 'full'] as const) {
        const scale: StudyScale = { size, seeds: null, firstSeed: 1, noGames: () => null };
        for (const { kind, input } of study.plan(scale)) {
          expect(checkJob({ kind, input })).toEqual({ kind, input });
          kinds.add(kind);
        }
      }
    }
    // Comparisons have the jobs of kind run.
    expect([...kinds, 'run'].sort()).toEqual([...jobKindNames].sort());
  });

  test('refuses what is no job', () => {
    for (const value of [
      null,
      7,
      'train',
      [],
      {},
      { kind: 'train' },
      { kind: 7, input: {} },
      { kind: 'train', input: [] },
    ]) {
      expect(() => checkJob(value)).toThrow(/^checkJob: a job must be an object with kind and input/);
    }
  });

  test('refuses unknown kinds, and names of the language', () => {
    for (const kind of ['shell', 'constructor', '__proto__', 'toString']) {
      expect(received(kind, {})).toThrow(/^checkJob: kind must be one of train, danger, .*, got "/);
    }
    expect(received('x'.repeat(1000), {})).toThrow(new RegExp(`got "${'x'.repeat(80)}";`));
  });

  test('the config of a training job follows the rules of all configs', () => {
    expect(received('train', { learningRate: -1 })).toThrow(
      /^checkJob: the input of a train job must follow its rules, got config: learningRate must be/,
    );
    expect(received('train', { learningRat: 0.1 })).toThrow(/unknown key "learningRat"; did you mean "learningRate"\?/);
    expect(received('train', { seed: 1, hidden: { deep: 1 } })).toThrow(
      /the input of a train job must follow its rules/,
    );
    expect(received('bandit', { iterations: 1.5 })).toThrow(/the input of a bandit job must follow its rules/);
  });

  test('the inputs of other kinds have bounds and no further keys', () => {
    expect(received('danger', danger)).not.toThrow();
    expect(received('danger', { ...danger, iterations: 1e9 })).toThrow(/got iterations: /);
    expect(received('danger', { ...danger, more: 1 })).toThrow(/got more: /);
    expect(received('danger', { ...danger, arms: [] })).toThrow(/got arms: /);
    expect(received('danger', { ...danger, arms: [{ ...arms[0], method: 'rm -rf' }] })).toThrow(
      /got arms\.0\.method: /,
    );
    expect(received('danger', { ...danger, seed: 0.5 })).toThrow(/got seed: /);
    expect(received('squeezing', { step: 'punish', start: [1, 0] })).toThrow(/the input of a squeezing job/);
  });
});

describe('jobStartsProgram', () => {
  test('is true for the environments of bridges alone', () => {
    const starts = (env: string) => jobStartsProgram({ kind: 'train', input: { env } });
    expect(['household', 'bandit', 'look-alike', 'crafting'].map(starts)).toEqual([false, false, false, false]);
    expect(['gym:CartPole-v1', 'textworld-express/coin', 'exec:python3 game.py'].map(starts)).toEqual([
      true,
      true,
      true,
    ]);
    expect(jobStartsProgram({ kind: 'danger', input: danger })).toBe(false);
  });
});
