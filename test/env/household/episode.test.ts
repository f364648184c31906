import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { type Split, splits } from '../../../src/env/environment.ts';
import { createHousehold } from '../../../src/env/household/household.ts';
import { type Choice, expert, isOver, mixedChoice, play } from './play.ts';

describe('reproducibility', () => {
  const digest = (split: Split): string => {
    const env = createHousehold();
    const lines: string[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const scripted: Choice = (_, step, i) => (7 * i + seed) % step.info.admissibleActions.length;
      for (const choose of [scripted, expert]) {
        const last = play(env, seed, split, choose, () => lines.push(env.observationText(), ...env.actionTexts()));
        lines.push(`reward ${last.reward}`);
      }
    }
    return bytesToHex(sha256(utf8ToBytes(lines.join('\n'))));
  };

  // A change here changes episodes that records name by seed: raise the version in household.ts with it.
  test.each([
    ['train', 'eb67b8d26e084c517dba397bb2acff7e4fafa121da7a40d6b1a8c35412b50579'],
    ['in-domain', '59a0095b4f56bdb21de93ab597eec70f4a6de32f32fba9d63030198dc20cc16a'],
    ['out-of-domain', '0413620b61b88d5430826127bcb6e6ef6a2fc0c44f9b883b44bcf4e0b25f0678'],
  ] as const)('seeds 0 to 11 of %s give the stored episodes', (split, expected) => {
    expect(createHousehold().spec.version).toBe('1');
    expect(digest(split)).toBe(expected);
  });

  test('the same seed gives other games in other splits', () => {
    const env = createHousehold();
    const texts = splits.map((split) => {
      const step = env.reset({ seed: 3, split });
      return JSON.stringify(step);
    });
    expect(new Set(texts).size).toBe(3);
  });
});

describe('clone and restore', () => {
  test.each(['tokens', 'vector'] as const)('%s: copies made at every step continue alike and apart', (form) => {
    for (let seed = 0; seed < 12; seed++) {
      const env = createHousehold({ form });
      const restored = createHousehold({ form });
      let step = env.reset({ seed, split: 'train' });
      const choose = mixedChoice(seed);
      for (let i = 0; !isOver(step); i++) {
        const copy = env.clone();
        expect(restored.restore(env.serialize())).toEqual(step);
        const before = [env.serialize(), env.stateHash(), env.observationText()];
        const action = choose(env, step, i);
        const fromCopy = copy.step(action);
        expect([env.serialize(), env.stateHash(), env.observationText()]).toEqual(before);
        step = env.step(action);
        expect(fromCopy).toEqual(step);
        expect(restored.step(action)).toEqual(step);
        for (const other of [copy, restored]) {
          expect(other.observationText()).toBe(env.observationText());
          expect(other.actionTexts()).toEqual(env.actionTexts());
          expect(other.stateHash()).toBe(env.stateHash());
          expect(other.expertActions()).toEqual(env.expertActions());
        }
      }
    }
  });

  test('a clone of an environment that was never reset can be reset', () => {
    const copy = createHousehold().clone();
    expect(copy.reset({ seed: 1, split: 'train' })).toEqual(createHousehold().reset({ seed: 1, split: 'train' }));
  });

  test('restore refuses what serialize did not write', () => {
    const env = createHousehold();
    env.reset({ seed: 0, split: 'train' });
    const stored = JSON.parse(env.serialize());
    const hint = '; pass text from serialize of a household with the same options';
    const refusal = (changes: object) => () => env.restore(JSON.stringify({ ...stored, ...changes }));
    expect(() => env.restore('{')).toThrow(new Error(`household.restore: state must be JSON${hint}`));
    for (const text of ['null', '3', '{}']) {
      expect(() => env.restore(text)).toThrow(
        new Error(`household.restore: state must be an episode of the household${hint}`),
      );
    }
    expect(refusal({ version: '0' })).toThrow(new Error(`household.restore: version must be 1, got 0${hint}`));
    expect(refusal({ seed: -1 })).toThrow(
      new Error(`household.restore: seed must be an integer in [0, 2^53), got -1${hint}`),
    );
    expect(refusal({ split: 'dev' })).toThrow(
      new Error(`household.restore: split must be one of train, in-domain, out-of-domain, got dev${hint}`),
    );
    expect(refusal({ taken: 'none' })).toThrow(new Error(`household.restore: taken must be an array, got none${hint}`));
    expect(refusal({ taken: [40] })).toThrow(
      new Error(`household.restore: taken must list possible action numbers below 42, got 40${hint}`),
    );
    expect(() => createHousehold({ maxSteps: 21 }).restore(env.serialize())).toThrow(
      new Error(
        'household.restore: rules must be {"extraReceptacles":2,"distractorObjects":3,"maxSteps":21,"irreversible":true}, ' +
          `got {"extraReceptacles":2,"distractorObjects":3,"maxSteps":20,"irreversible":true}${hint}`,
      ),
    );
  });
});
