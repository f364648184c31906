import { describe, expect, test } from 'vitest';
import { type CraftingOptions, craftingText, createCrafting } from '../../../src/env/crafting/crafting.ts';
import { type Features, type Split, splits } from '../../../src/env/environment.ts';
import { type Choice, expert, isOver, mixedChoice, play, randomChoice } from '../play.ts';

const successes = (options: CraftingOptions, split: Split, count: number, choose: (seed: number) => Choice): number => {
  const env = createCrafting(options);
  let total = 0;
  for (let seed = 0; seed < count; seed++) total += play(env, seed, split, choose(seed)).reward;
  return total;
};

describe('games', () => {
  test.each(splits)('the expert solves 600 games of %s, random play fewer than 1 in 40', (split) => {
    expect(successes({}, split, 600, () => expert)).toBe(600);
    expect(successes({}, split, 600, (seed) => randomChoice(seed))).toBeLessThan(15);
  });

  test('the expert solves the smallest layouts, and the largest when it has the steps', () => {
    expect(successes({ rooms: 3, distractors: 0 }, 'train', 300, () => expert)).toBe(300);
    expect(successes({ rooms: 10, distractors: 10, maxSteps: 40 }, 'train', 300, () => expert)).toBe(300);
  });

  test('wherever play leads, the expert has an action, and solves the game from there when it has the steps', () => {
    for (const irreversible of [true, false]) {
      const env = createCrafting({ maxSteps: 60, irreversible });
      let unsolved = 0;
      let unknown = 0;
      for (let seed = 0; seed < 300; seed++) {
        const stray = randomChoice(seed);
        const last = play(env, seed, splits[seed % 3], (_, step, i) => {
          if (env.expertActions().length === 0) unknown++;
          return i < 30 ? stray(env, step, i) : expert(env, step, i);
        });
        if (last.reward === 0 && !last.terminated) unsolved++;
      }
      expect([unknown, unsolved]).toEqual([0, 0]);
    }
  });

  test('the expert uses only what the agent has seen: states that look alike have the same expert actions', () => {
    const env = createCrafting();
    const advice = new Map<string, string>();
    let differing = 0;
    let again = 0;
    for (let seed = 0; seed < 2000; seed++) {
      play(env, seed, 'train', mixedChoice(seed), (step) => {
        const shown = JSON.stringify([step.observation, step.info.admissibleActions]);
        const advised = env.expertActions().join();
        if (advice.has(shown)) again++;
        if ((advice.get(shown) ?? advised) !== advised) differing++;
        advice.set(shown, advised);
      });
    }
    expect(differing).toBe(0);
    expect(again).toBeGreaterThan(100);
  });

  test('without irreversible risk a wrong mix does not end the episode', () => {
    const endings = (irreversible: boolean): number => {
      const env = createCrafting({ irreversible });
      let early = 0;
      for (let seed = 0; seed < 300; seed++) {
        const last = play(env, seed, 'train', randomChoice(seed));
        if (last.terminated && last.reward === 0) early++;
      }
      return early;
    };
    expect(endings(true)).toBeGreaterThan(20);
    expect(endings(false)).toBe(0);
  });

  test('an episode is truncated after maxSteps, and terminated episodes are not', () => {
    const ending = ({ terminated, truncated, reward, info }: ReturnType<typeof play>) => [
      ...[terminated, truncated, reward, info.admissibleActions],
    ];
    const env = createCrafting({ maxSteps: 3 });
    let steps = -1;
    const last = play(
      env,
      0,
      'train',
      () => 0,
      () => {
        steps++;
      },
    );
    expect([steps, ...ending(last)]).toEqual([3, false, true, 0, []]);
    expect(ending(play(createCrafting(), 0, 'train', expert))).toEqual([true, false, 1, []]);
  });

  test('rooms and distractors change the layout', () => {
    const most = (options: CraftingOptions, prefix: string): number => {
      const env = createCrafting(options);
      let count = 0;
      for (let seed = 0; seed < 200; seed++) {
        env.reset({ seed, split: 'train' });
        count = Math.max(count, env.actionTexts().filter((text) => text.startsWith(prefix)).length);
      }
      return count;
    };
    expect([most({}, 'go to'), most({ rooms: 10 }, 'go to')]).toEqual([4, 9]);
    expect(most({ rooms: 3, distractors: 0 }, 'take')).toBe(2);
    expect(most({ rooms: 3, distractors: 10 }, 'take')).toBeGreaterThan(6);
  });
});

describe('forms', () => {
  test('features lie in their slots, ascending, and every slot but the bags has one token', () => {
    const env = createCrafting({ irreversible: false });
    if (env.spec.form !== 'tokens') throw new Error('tokens expected');
    const { vocabulary, stateSlots, actionSlots, layout } = env.spec;
    const words = vocabulary.length;
    expect([words, new Set(vocabulary).size, stateSlots, actionSlots, layout]).toEqual([46, 46, 7, 6, 'slots']);
    const used = new Set<string>();
    let wrong = 0;
    /** Counts tokens by slot; a bag that may be empty may hold any number, a hand one or two. */
    const check = (features: Features, slots: number, hands: number): void => {
      const counts = new Array<number>(slots).fill(0);
      features.forEach((feature, i) => {
        if (i > 0 && feature <= features[i - 1]) wrong++;
        counts[Math.floor(feature / words)]++;
        used.add(vocabulary[feature % words]);
      });
      counts.pop();
      if (counts.some((count, slot) => count !== 1 && !(slot === hands && count === 2))) wrong++;
    };
    for (let seed = 0; seed < 200; seed++) {
      play(env, seed, splits[seed % 3], mixedChoice(seed), (step) => {
        check(step.observation as Features, stateSlots, 4);
        for (const action of step.info.admissibleActions as readonly Features[]) check(action, actionSlots, 1);
      });
    }
    expect(wrong).toBe(0);
    expect(vocabulary.filter((word) => !used.has(word))).toEqual([]);
  });

  test('in each form actions are sorted, differ from each other, and are at most 16', () => {
    const tokens = createCrafting();
    const vector = createCrafting({ form: 'vector' });
    if (tokens.spec.form !== 'tokens' || vector.spec.form !== 'vector') throw new Error('two forms expected');
    expect([vector.spec.vectorWidth, vector.spec.actionCount]).toEqual([205, 35]);
    const words = tokens.spec.vocabulary;
    const shown = new Map<string, string>();
    const vectors = new Map<string, string>();
    let unsorted = 0;
    let broken = 0;
    for (let seed = 0; seed < 300; seed++) {
      const split = splits[seed % 3];
      const choose = mixedChoice(seed);
      let step = tokens.reset({ seed, split });
      let vectorStep = vector.reset({ seed, split });
      for (let i = 0; !isOver(step); i++) {
        const actions = step.info.admissibleActions as readonly Features[];
        const ids = vectorStep.info.admissibleActions as readonly number[];
        expect([ids.length, new Set(actions.map(String)).size]).toEqual([actions.length, actions.length]);
        expect(actions.length <= 16 && actions.length >= 4).toBe(true);
        if (ids.some((id, k) => id < 0 || id >= 35 || (k > 0 && id <= ids[k - 1]))) unsorted++;
        // Verb, then room for goto, ingredient for take and drop: the order of the vocabulary.
        const keys = actions.map((features) => {
          const [verb, first, second] = features.map((feature) => feature % words.length);
          return [verb, first, second].reduce((key, word) => key * words.length + word, 0);
        });
        if (keys.some((key, k) => k > 0 && key <= keys[k - 1])) unsorted++;

        const x = vectorStep.observation as Float32Array;
        expect(x.length === 205 && x.every((value) => value === 0 || value === 1)).toBe(true);
        const left = JSON.stringify([step.observation, actions]);
        const right = x.join('');
        if ((shown.get(left) ?? right) !== right || (vectors.get(right) ?? left) !== left) broken++;
        shown.set(left, right);
        vectors.set(right, left);
        expect([vector.observationText(), vector.stateHash()]).toEqual([tokens.observationText(), tokens.stateHash()]);

        const action = choose(tokens, step, i);
        step = tokens.step(action);
        vectorStep = vector.step(action);
        const { reward, terminated, truncated } = step;
        expect(vectorStep).toMatchObject({ reward, terminated, truncated });
      }
    }
    expect([unsorted, broken]).toEqual([0, 0]);
    expect(shown.size).toBeGreaterThan(1500);
  });

  test('steps given before do not change as the episode continues', () => {
    const env = createCrafting();
    for (let seed = 0; seed < 60; seed++) {
      const kept: [unknown, string][] = [];
      play(env, seed, 'train', mixedChoice(seed), (step) => kept.push([step, JSON.stringify(step)]));
      for (const [step, text] of kept) expect(JSON.stringify(step)).toBe(text);
    }
  });
});

describe('errors', () => {
  test.each([
    [{ rooms: 2 }, 'rooms must be an integer in [3, 10], got 2; change options.rooms'],
    [{ rooms: 11 }, 'rooms must be an integer in [3, 10], got 11; change options.rooms'],
    [{ distractors: 2.5 }, 'distractors must be an integer in [0, 10], got 2.5; change options.distractors'],
    [{ maxSteps: 0 }, 'maxSteps must be an integer in [1, 1000], got 0; change options.maxSteps'],
    [
      { irreversible: 'no' as unknown as boolean },
      'irreversible must be true or false, got no; change options.irreversible',
    ],
  ])('options %j are refused', (options, message) => {
    expect(() => createCrafting(options)).toThrow(new RangeError(`createCrafting: ${message}`));
    expect(() => craftingText(options)).toThrow(new RangeError(`craftingText: ${message}`));
  });

  test('an unknown form is rejected', () => {
    expect(() => createCrafting({ form: 'pixels' as 'tokens' })).toThrow(
      new RangeError('createCrafting: form must be tokens or vector, got pixels; change options.form'),
    );
  });

  test('reset, step and the rest report the error', () => {
    const env = createCrafting();
    expect(() => env.step(0)).toThrow(new Error('crafting.step: no episode has started; call reset first'));
    expect(() => env.stateHash()).toThrow(new Error('crafting.stateHash: no episode has started; call reset first'));
    expect(() => env.reset({ seed: -1, split: 'train' })).toThrow(
      new RangeError('crafting.reset: seed must be an integer in [0, 2^53), got -1; choose another seed'),
    );
    expect(() => env.reset({ seed: 0, split: 'dev' as Split })).toThrow(
      new RangeError(
        'crafting.reset: split must be one of train, in-domain, out-of-domain, got dev; choose one of them',
      ),
    );
    const count = env.reset({ seed: 0, split: 'train' }).info.admissibleActions.length;
    for (const action of [-1, 0.5, count]) {
      expect(() => env.step(action)).toThrow(
        new RangeError(
          `crafting.step: action must be an integer in [0, ${count}), got ${action}; pass an index into info.admissibleActions`,
        ),
      );
    }
    play(env, 0, 'train', expert);
    expect(() => env.step(0)).toThrow(new Error('crafting.step: the episode has ended; call reset first'));
    expect(env.expertActions()).toEqual([]);
  });
});
