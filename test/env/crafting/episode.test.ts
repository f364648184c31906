import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { createCrafting } from '../../../src/env/crafting/crafting.ts';
import { type Split, splits } from '../../../src/env/environment.ts';
import { type Choice, expert, isOver, mixedChoice, play } from './play.ts';

describe('reproducibility', () => {
  const digest = (split: Split): string => {
    const env = createCrafting();
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

  // A change here changes episodes that records name by seed: raise the version in crafting.ts with it.
  test.each([
    ['train', '18501864ff3d5995ed3a49f8be7561c223f006dddefa752ba497b3b0085714b0'],
    ['in-domain', '8a25fe89271dbf90441f5e8370d1f228b9c1a04a2d6778f2474e2ec3921a561a'],
    ['out-of-domain', '46ae19c954860179717739ad78846efca45cf0c8267d7fde66eaa6ad8d6b2f7c'],
  ] as const)('seeds 0 to 11 of %s give the stored episodes', (split, expected) => {
    expect(createCrafting().spec.version).toBe('1');
    expect(digest(split)).toBe(expected);
  });

  test('the same seed gives other games in other splits', () => {
    const env = createCrafting();
    const texts = splits.map((split) => JSON.stringify(env.reset({ seed: 3, split })));
    expect(new Set(texts).size).toBe(3);
  });

  test('two environments that play in turn, one of them used before, give the same steps', () => {
    const used = createCrafting();
    play(used, 99, 'in-domain', mixedChoice(99));
    for (let seed = 0; seed < 60; seed++) {
      const record = (env: typeof used): string[] => {
        const lines: string[] = [];
        play(env, seed, splits[seed % 3], mixedChoice(seed), (step) => lines.push(JSON.stringify(step)));
        return lines;
      };
      expect(record(used)).toEqual(record(createCrafting()));
    }
  });
});

describe('clone', () => {
  test.each(['tokens', 'vector'] as const)('%s: copies made at every step continue alike and apart', (form) => {
    for (let seed = 0; seed < 12; seed++) {
      const env = createCrafting({ form });
      let step = env.reset({ seed, split: 'train' });
      const choose = mixedChoice(seed);
      for (let i = 0; !isOver(step); i++) {
        const copy = env.clone();
        const before = [env.stateHash(), env.observationText(), ...env.actionTexts()];
        const action = choose(env, step, i);
        const fromCopy = copy.step(action);
        expect([env.stateHash(), env.observationText(), ...env.actionTexts()]).toEqual(before);
        step = env.step(action);
        expect(fromCopy).toEqual(step);
        expect([copy.stateHash(), copy.actionTexts(), copy.expertActions()]).toEqual([
          env.stateHash(),
          env.actionTexts(),
          env.expertActions(),
        ]);
      }
    }
  });

  test('a clone of an environment that was never reset can be reset', () => {
    const copy = createCrafting().clone();
    expect(copy.reset({ seed: 1, split: 'train' })).toEqual(createCrafting().reset({ seed: 1, split: 'train' }));
  });
});
