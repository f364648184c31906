import { describe, expect, test } from 'vitest';
import { type Features, type Split, splits } from '../../../src/env/environment.ts';
import { createHousehold, type HouseholdOptions, householdText } from '../../../src/env/household/household.ts';
import { type Choice, expert, isOver, mixedChoice, oneToOne, play, randomChoice } from '../play.ts';

const successes = (
  options: HouseholdOptions,
  split: Split,
  count: number,
  choose: (seed: number) => Choice,
): number => {
  const env = createHousehold(options);
  let total = 0;
  for (let seed = 0; seed < count; seed++) total += play(env, seed, split, choose(seed)).reward;
  return total;
};

describe('games', () => {
  test.each(splits)('the expert solves 600 games of %s, random play fewer than 1 in 40', (split) => {
    expect(successes({}, split, 600, () => expert)).toBe(600);
    expect(successes({}, split, 600, (seed) => randomChoice(seed))).toBeLessThan(15);
  });

  test('the expert solves the largest layouts when it has the steps', () => {
    const options = { extraReceptacles: 8, distractorObjects: 20, maxSteps: 60 };
    expect(successes(options, 'train', 300, () => expert)).toBe(300);
  });

  test('without irreversible risk a wrong appliance does not end the episode', () => {
    const endings = (irreversible: boolean): number => {
      const env = createHousehold({ irreversible });
      let early = 0;
      for (let seed = 0; seed < 600; seed++) {
        const last = play(env, seed, 'train', mixedChoice(seed));
        if (last.terminated && last.reward === 0) early++;
      }
      return early;
    };
    expect(endings(true)).toBeGreaterThan(0);
    expect(endings(false)).toBe(0);
  });

  test('an episode is truncated after maxSteps, and terminated episodes are not', () => {
    const env = createHousehold({ maxSteps: 3 });
    const last = play(env, 0, 'train', () => 0);
    expect([last.terminated, last.truncated, last.reward, last.info.admissibleActions]).toEqual([false, true, 0, []]);
    const solved = play(createHousehold(), 0, 'train', expert);
    expect([solved.terminated, solved.truncated, solved.reward, solved.info.admissibleActions]).toEqual([
      true,
      false,
      1,
      [],
    ]);
  });

  test('extraReceptacles and distractorObjects change the layout', () => {
    const places = (extraReceptacles: number) => {
      const env = createHousehold({ extraReceptacles });
      let most = 0;
      for (let seed = 0; seed < 30; seed++) {
        env.reset({ seed, split: 'train' });
        most = Math.max(most, env.actionTexts().filter((text) => text.startsWith('go to')).length + 1);
      }
      return most;
    };
    // Three appliances, target or one more extra, a possible second instance.
    expect(places(2)).toBe(7);
    expect(places(8)).toBe(13);
    const pens = (distractorObjects: number) => {
      const env = createHousehold({ distractorObjects });
      let visible = 0;
      for (let seed = 0; seed < 60; seed++) {
        play(env, seed, 'train', expert, () => {
          visible += / a pen/.test(env.observationText().split('Task')[0]) ? 1 : 0;
        });
      }
      return visible;
    };
    expect(pens(20)).toBeGreaterThan(2 * pens(3));
  });
});

describe('forms', () => {
  test('features lie in their slots, ascending, and every state slot but the bag has one token', () => {
    const env = createHousehold();
    if (env.spec.form !== 'tokens') throw new Error('tokens expected');
    const { vocabulary, stateSlots, actionSlots } = env.spec;
    const words = vocabulary.length;
    expect([new Set(vocabulary).size, stateSlots, actionSlots]).toEqual([words, 11, 6]);
    const slotsOf = (features: Features) => features.map((feature) => Math.floor(feature / words));
    const isAscending = (features: readonly number[]) => features.every((f, i) => i === 0 || f > features[i - 1]);
    const used = new Set<string>();
    for (let seed = 0; seed < 120; seed++) {
      play(env, seed, 'train', mixedChoice(seed), (step) => {
        const state = step.observation as Features;
        expect(slotsOf(state).slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(
          slotsOf(state)
            .slice(10)
            .every((slot) => slot === 10) && isAscending(state),
        ).toBe(true);
        const stateWords = state.map((feature) => vocabulary[feature % words]);
        for (const word of stateWords) used.add(word);
        if (stateWords[7] === 'one-placed') expect(stateWords[0]).toBe('task-place-two');
        for (const action of step.info.admissibleActions as readonly Features[]) {
          expect(slotsOf(action).slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
          expect(
            slotsOf(action)
              .slice(5)
              .every((slot) => slot === 5) && isAscending(action),
          ).toBe(true);
          for (const feature of action) used.add(vocabulary[feature % words]);
        }
      });
    }
    expect(vocabulary.filter((word) => !used.has(word))).toEqual([]);
  });

  test('actions are sorted by verb, receptacle type, instance, object, and differ from each other', () => {
    const env = createHousehold();
    const vector = createHousehold({ form: 'vector' });
    if (env.spec.form !== 'tokens') throw new Error('tokens expected');
    const words = env.spec.vocabulary.length;
    for (let seed = 0; seed < 60; seed++) {
      const choose = mixedChoice(seed);
      let step = env.reset({ seed, split: 'out-of-domain' });
      let vectorStep = vector.reset({ seed, split: 'out-of-domain' });
      for (let i = 0; !isOver(step); i++) {
        // Verb, receptacle type, instance, object as digits of one number.
        const keys = (step.info.admissibleActions as readonly Features[]).map((features) =>
          [0, 2, 3, 1].reduce((key, slot) => key * words + (features[slot] % words), 0),
        );
        expect(keys.every((key, k) => k === 0 || key > keys[k - 1])).toBe(true);
        const ids = vectorStep.info.admissibleActions as readonly number[];
        expect(ids.every((id, k) => id < 42 && (k === 0 || id > ids[k - 1]))).toBe(true);
        expect(ids.length).toBe(keys.length);
        expect(vector.observationText()).toBe(env.observationText());
        expect(vector.stateHash()).toBe(env.stateHash());
        const action = choose(env, step, i);
        step = env.step(action);
        vectorStep = vector.step(action);
        expect([vectorStep.reward, vectorStep.terminated, vectorStep.truncated]).toEqual([
          step.reward,
          step.terminated,
          step.truncated,
        ]);
      }
    }
  });

  test('vectors have the declared width, 0 or 1 in each place, and tell apart the same states as tokens', () => {
    const vector = createHousehold({ form: 'vector' });
    if (vector.spec.form !== 'vector') throw new Error('vector expected');
    expect([vector.spec.vectorWidth, vector.spec.actionCount]).toEqual([443, 42]);
    const tokens = createHousehold();
    const pairs = oneToOne();
    for (let seed = 0; seed < 120; seed++) {
      const choose = mixedChoice(seed);
      let step = tokens.reset({ seed, split: 'train' });
      let vectorStep = vector.reset({ seed, split: 'train' });
      for (let i = 0; !isOver(step); i++) {
        const x = vectorStep.observation as Float32Array;
        expect(x.length === 443 && x.every((value) => value === 0 || value === 1)).toBe(true);
        // Ten one-hot slots and the instance.
        expect(x.subarray(0, 71).reduce((sum, value) => sum + value, 0)).toBe(11);
        pairs.add(x.join(''), JSON.stringify([step.observation, step.info.admissibleActions]));
        const action = choose(tokens, step, i);
        step = tokens.step(action);
        vectorStep = vector.step(action);
      }
    }
    expect(pairs.broken()).toBe(0);
    expect(pairs.size()).toBeGreaterThan(800);
  });
});

describe('errors', () => {
  test.each([
    [{ extraReceptacles: 0 }, 'extraReceptacles must be an integer in [1, 8], got 0; change options.extraReceptacles'],
    [{ extraReceptacles: 9 }, 'extraReceptacles must be an integer in [1, 8], got 9; change options.extraReceptacles'],
    [
      { distractorObjects: 2.5 },
      'distractorObjects must be an integer in [0, 20], got 2.5; change options.distractorObjects',
    ],
    [{ maxSteps: 0 }, 'maxSteps must be an integer in [1, 1000], got 0; change options.maxSteps'],
    [
      { irreversible: 'no' as unknown as boolean },
      'irreversible must be true or false, got no; change options.irreversible',
    ],
  ])('options %j are refused', (options, message) => {
    expect(() => createHousehold(options)).toThrow(new RangeError(`createHousehold: ${message}`));
    expect(() => householdText(options)).toThrow(new RangeError(`householdText: ${message}`));
  });

  test('an unknown form is rejected', () => {
    expect(() => createHousehold({ form: 'pixels' as 'tokens' })).toThrow(
      new RangeError('createHousehold: form must be tokens or vector, got pixels; change options.form'),
    );
  });

  test('reset, step and the rest report the error', () => {
    const env = createHousehold();
    expect(() => env.step(0)).toThrow(new Error('household.step: no episode has started; call reset first'));
    expect(() => env.serialize()).toThrow(new Error('household.serialize: no episode has started; call reset first'));
    expect(() => env.reset({ seed: -1, split: 'train' })).toThrow(
      new RangeError('household.reset: seed must be an integer in [0, 2^53), got -1; choose another seed'),
    );
    expect(() => env.reset({ seed: 0, split: 'dev' as Split })).toThrow(
      new RangeError(
        'household.reset: split must be one of train, in-domain, out-of-domain, got dev; choose one of them',
      ),
    );
    const count = env.reset({ seed: 0, split: 'train' }).info.admissibleActions.length;
    for (const action of [-1, 0.5, count]) {
      expect(() => env.step(action)).toThrow(
        new RangeError(
          `household.step: action must be an integer in [0, ${count}), got ${action}; pass an index into info.admissibleActions`,
        ),
      );
    }
    play(env, 0, 'train', expert);
    expect(() => env.step(0)).toThrow(new Error('household.step: the episode has ended; call reset first'));
    expect(env.expertActions()).toEqual([]);
  });
});
