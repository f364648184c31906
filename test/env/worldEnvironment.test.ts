import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { createCrafting } from '../../src/env/crafting/crafting.ts';
import { type Split, splits } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { type Choice, expert, isOver, mixedChoice, play } from './play.ts';

const families = [
  {
    name: 'household',
    create: createHousehold,
    episodes: {
      train: 'eb67b8d26e084c517dba397bb2acff7e4fafa121da7a40d6b1a8c35412b50579',
      'in-domain': '59a0095b4f56bdb21de93ab597eec70f4a6de32f32fba9d63030198dc20cc16a',
      'out-of-domain': '0413620b61b88d5430826127bcb6e6ef6a2fc0c44f9b883b44bcf4e0b25f0678',
    },
    actionCount: 42,
    /** Not possible at the start of seed 0. */
    impossible: 40,
    rules: { extraReceptacles: 2, distractorObjects: 3, maxSteps: 20, irreversible: true },
  },
  {
    name: 'crafting',
    create: createCrafting,
    episodes: {
      train: '18501864ff3d5995ed3a49f8be7561c223f006dddefa752ba497b3b0085714b0',
      'in-domain': '8a25fe89271dbf90441f5e8370d1f228b9c1a04a2d6778f2474e2ec3921a561a',
      'out-of-domain': '46ae19c954860179717739ad78846efca45cf0c8267d7fde66eaa6ad8d6b2f7c',
    },
    actionCount: 35,
    impossible: 34,
    rules: { rooms: 5, distractors: 3, maxSteps: 20, irreversible: true },
  },
] as const;

describe.each(families)('$name', ({ name, create, episodes, actionCount, impossible, rules }) => {
  const digest = (split: Split): string => {
    const env = create();
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

  // A change here changes episodes that records identify by seed: increase the version of the task domain, too.
  test.each(splits)('seeds 0 to 11 of %s return the stored episodes', (split) => {
    expect(create().spec.version).toBe('1');
    expect(digest(split)).toBe(episodes[split]);
  });

  test('the same seed has other games in other splits', () => {
    const env = create();
    const texts = splits.map((split) => JSON.stringify(env.reset({ seed: 3, split })));
    expect(new Set(texts).size).toBe(3);
  });

  test('two environments that play in turn, one of them used before, return the same steps', () => {
    const used = create();
    play(used, 99, 'in-domain', mixedChoice(99));
    for (let seed = 0; seed < 60; seed++) {
      const record = (env: typeof used): string[] => {
        const lines: string[] = [];
        play(env, seed, splits[seed % 3], mixedChoice(seed), (step) => lines.push(JSON.stringify(step)));
        return lines;
      };
      expect(record(used)).toEqual(record(create()));
    }
  });

  test.each(['tokens', 'vector'] as const)('%s: copies made at every step continue alike and apart', (form) => {
    for (let seed = 0; seed < 12; seed++) {
      const env = create({ form });
      const restored = create({ form });
      let step = env.reset({ seed, split: 'train' });
      const choose = mixedChoice(seed);
      for (let i = 0; !isOver(step); i++) {
        const copy = env.clone();
        expect(restored.restore(env.serialize())).toEqual(step);
        const before = [env.serialize(), env.stateHash(), env.observationText(), ...env.actionTexts()];
        const action = choose(env, step, i);
        const fromCopy = copy.step(action);
        expect([env.serialize(), env.stateHash(), env.observationText(), ...env.actionTexts()]).toEqual(before);
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
    const copy = create().clone();
    expect(copy.reset({ seed: 1, split: 'train' })).toEqual(create().reset({ seed: 1, split: 'train' }));
  });

  test('restore rejects what serialize did not write', () => {
    const env = create();
    env.reset({ seed: 0, split: 'train' });
    const stored = JSON.parse(env.serialize());
    const refused = (what: string): Error =>
      new Error(`${name}.restore: ${what}; pass text from serialize of a ${name} with the same options`);
    const refusal = (changes: object) => () => env.restore(JSON.stringify({ ...stored, ...changes }));
    expect(() => env.restore('{')).toThrow(refused('state must be JSON'));
    for (const text of ['null', '3', '{}']) {
      expect(() => env.restore(text)).toThrow(refused(`state must be an episode of the ${name}`));
    }
    expect(refusal({ version: '0' })).toThrow(refused('version must be 1, got 0'));
    expect(refusal({ seed: -1 })).toThrow(refused('seed must be an integer in [0, 2^53), got -1'));
    expect(refusal({ split: 'dev' })).toThrow(refused('split must be one of train, in-domain, out-of-domain, got dev'));
    expect(refusal({ taken: 'none' })).toThrow(refused('taken must be an array, got none'));
    expect(refusal({ taken: [impossible] })).toThrow(
      refused(`taken must list possible action numbers below ${actionCount}, got ${impossible}`),
    );
    const longer = JSON.stringify({ ...rules, maxSteps: 21 });
    expect(() => create({ maxSteps: 21 }).restore(env.serialize())).toThrow(
      refused(`rules must be ${longer}, got ${JSON.stringify(rules)}`),
    );
  });
});
