import { describe, expect, it } from 'vitest';
import type { Environment, Features, Step, TokensSpec } from '../../../src/env/environment.ts';
import { type TokenizedOptions, tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { textHash } from '../../../src/env/textHash.ts';
import { rooms } from './rooms.ts';

const vocabulary = buildVocabulary(['You are in room 0.', 'room 1 room 2', 'go east', 'go west', 'wait']);
const size = vocabulary.words.length;

/** The words of features, after a check that slot = position. */
function words(features: Step['observation'] | Features): string {
  const list = [...features];
  expect(list.map((feature) => Math.floor(feature / size))).toEqual(list.map((_, position) => position));
  return list.map((feature) => vocabulary.words[feature % size]).join(' ');
}
const actionWords = (step: Step): string[] =>
  (step.info.admissibleActions as Features[]).map((action) => words(action));
const start = async (options?: TokenizedOptions, environment = rooms()) => {
  const wrapped = tokenized(environment, vocabulary, options);
  return { wrapped, first: await wrapped.reset({ seed: 0, split: 'train' }) };
};

describe('tokenized', () => {
  it('describes itself', () => {
    const spec = tokenized(rooms(), vocabulary).spec as TokensSpec;
    expect(spec).toEqual({
      name: 'rooms',
      version: '3+tokens2',
      maxSteps: 4,
      hasExpert: false,
      form: 'tokens',
      layout: 'sequence',
      vocabulary: vocabulary.words,
      stateSlots: 48,
      actionSlots: 24,
    });
  });

  it('marks each action by how often it was taken in this state, and shows the last action', async () => {
    const { wrapped, first } = await start();
    expect(words(first.observation)).toBe('<now> you are in room 0 .');
    expect(actionWords(first)).toEqual(['<new> go east', '<new> go west', '<new> wait']);
    const second = await wrapped.step(2);
    expect(words(second.observation)).toBe('<last> wait <now> you are in room 0 .');
    expect(actionWords(second)).toEqual(['<new> go east', '<new> go west', '<once> wait']);
    expect(wrapped.observationText()).toBe('Last action: wait.\nYou are in room 0.');
    expect(wrapped.actionTexts()).toEqual(['go east', 'go west', 'wait']);
    expect(actionWords(await wrapped.step(2))).toEqual(['<new> go east', '<new> go west', '<more> wait']);
    const other = await wrapped.step(0);
    expect(words(other.observation)).toBe('<last> go east <now> you are in room 1 .');
    expect(actionWords(other)).toEqual(['<new> go east', '<new> go west', '<new> wait']);
    const again = await wrapped.reset({ seed: 0, split: 'train' });
    expect([words(again.observation), actionWords(again)]).toEqual([words(first.observation), actionWords(first)]);
  });

  it('marks actions that the observation says lead to where the agent has been', async () => {
    const towards = buildVocabulary(['you are in the blue hall . to the north south you see the kitchen', 'go']);
    const hall = 'You are in the blue hall. To the north you see the kitchen.';
    const kitchen = 'You are in the kitchen. To the south you see the blue hall. To the north you see the hall.';
    const show = (observation: string, actions: string[]) => ({
      observation,
      reward: 0,
      terminated: false,
      truncated: false,
      info: { admissibleActions: actions },
    });
    const environment = rooms({
      reset: () => show(hall, ['go north', 'wait']),
      step: () => show(kitchen, ['go north', 'go south']),
    });
    const starts = (step: Step): string[] =>
      (step.info.admissibleActions as Features[]).map((action) =>
        action
          .slice(0, 4)
          .map((feature) => towards.words[feature % towards.words.length])
          .join(' '),
      );
    const wrapped = tokenized(environment, towards);
    const first = await wrapped.reset({ seed: 0, split: 'train' });
    expect(starts(first)).toEqual(['<new> go north <now>', '<new> <unknown>']);
    expect(starts(await wrapped.step(0))).toEqual(['<new> go north <now>', '<new> go south <been>']);
    expect(starts(await wrapped.reset({ seed: 1, split: 'train' }))).toEqual(starts(first));
    const forgetful = tokenized(environment, towards, { memory: false });
    await forgetful.reset({ seed: 0, split: 'train' });
    expect(starts(await forgetful.step(0))).toEqual(['go north <now> to', 'go south <now> to']);
  });

  it('shows neither without memory', async () => {
    const { wrapped } = await start({ memory: false });
    const step = await wrapped.step(2);
    expect(words(step.observation)).toBe('you are in room 0 .');
    expect(actionWords(step)).toEqual(['go east', 'go west', 'wait']);
    expect(wrapped.observationText()).toBe('You are in room 0.');
  });

  it('keeps the first and last halves of a text that is too long, marks untouched', async () => {
    const { wrapped, first } = await start({ maxStateTokens: 6, maxActionTokens: 2 });
    expect(words(first.observation)).toBe('<now> you are in 0 .');
    expect(actionWords(first)).toEqual(['<new> go', '<new> go', '<new> wait']);
    expect(words((await wrapped.step(0)).observation)).toBe('<last> go <now> you are .');
  });

  describe('shows with each action the sentence it is about', () => {
    const doors = buildVocabulary(['to the north south east you see an open shut door . ! ? go a lamp take wait']);
    const shown = async (observation: string, actions: string[], options: TokenizedOptions = {}): Promise<string[]> => {
      const plain = rooms();
      const first = await plain.reset({ seed: 0, split: 'train' });
      const environment = rooms({ reset: () => ({ ...first, observation, info: { admissibleActions: actions } }) });
      const step = await tokenized(environment, doors, { memory: false, ...options }).reset({
        seed: 0,
        split: 'train',
      });
      return (step.info.admissibleActions as Features[]).map((action) =>
        action.map((feature) => doors.words[feature % doors.words.length]).join(' '),
      );
    };
    const exits =
      'A lamp! To the north you see a shut door. To the south you see an open door\nTo the east you see a lamp';

    it('by its last word first', async () => {
      expect(await shown(exits, ['go north', 'open door to south', 'take lamp'])).toEqual([
        'go north <now> to the north you see a shut door .',
        'open door to south <now> to the south you see an open door',
        'take lamp <now> a lamp !',
      ]);
    });

    it('by the words before where the last is in several or in none', async () => {
      expect(await shown(exits, ['see lamp', 'open door', 'open east lamp wait'])).toEqual([
        'see lamp <now> to the east you see a lamp',
        'open door <now> to the south you see an open door',
        'open east lamp wait <now> to the east you see a lamp',
      ]);
    });

    it('or none where no word is shared', async () => {
      expect(await shown('You see a lamp.', ['wait', 'go north'])).toEqual(['wait', 'go north']);
    });

    it('as far as positions reach, its first and last halves', async () => {
      const maxActionTokens = 6;
      expect(await shown(exits, ['go north', 'go to the door north'], { maxActionTokens })).toEqual([
        'go north <now> to the .',
        'go to the door north',
      ]);
      expect(await shown(exits, ['go to door north'], { maxActionTokens })).toEqual(['go to door north <now> to']);
      expect(await shown(exits, ['go north'], { maxActionTokens, memory: true })).toEqual([
        '<new> go north <now> to .',
      ]);
    });
  });

  it('passes reward and end on', async () => {
    const { wrapped } = await start();
    for (const action of [0, 0]) await wrapped.step(action);
    const end = await wrapped.step(0);
    expect([end.reward, end.terminated, end.truncated, end.info.admissibleActions]).toEqual([1, true, false, []]);
    await wrapped.reset({ seed: 0, split: 'train' });
    for (const action of [2, 2, 2]) await wrapped.step(action);
    const late = await wrapped.step(2);
    expect([late.reward, late.terminated, late.truncated]).toEqual([0, false, true]);
  });

  it('hashes observation text and actions, not memory, so states recur', async () => {
    const { wrapped } = await start();
    const hash = wrapped.stateHash();
    expect(hash).toBe(textHash('You are in room 0.\ngo east\ngo west\nwait'));
    await wrapped.step(0);
    expect(wrapped.stateHash()).not.toBe(hash);
    await wrapped.step(1);
    expect(wrapped.stateHash()).toBe(hash);
  });

  it("uses the environment's own state hash, for counting actions too", async () => {
    const { wrapped } = await start({}, rooms({ stateHash: () => 42 }));
    const step = await wrapped.step(0);
    expect(wrapped.stateHash()).toBe(42);
    expect(actionWords(step)).toEqual(['<once> go east', '<new> go west', '<new> wait']);
  });

  it('passes the expert and close on, and has no expert where there is none', async () => {
    let closed = 0;
    const close = async (): Promise<void> => {
      closed++;
    };
    const wrapped = tokenized(rooms({ expertActions: () => [2], close }), vocabulary);
    expect(wrapped.expertActions?.()).toEqual([2]);
    await wrapped.close?.();
    expect(closed).toBe(1);
    expect('expertActions' in tokenized(rooms(), vocabulary)).toBe(false);
  });

  it('refuses what cannot work', async () => {
    expect(() => tokenized(rooms(), vocabulary, { maxActionTokens: 1 })).toThrow(
      'tokenized: maxActionTokens must be an integer >= 2, got 1; raise maxActionTokens',
    );
    expect(() => tokenized(rooms(), vocabulary, { maxActionTokens: 0, memory: false })).toThrow(
      'tokenized: maxActionTokens must be an integer >= 1, got 0; raise maxActionTokens',
    );
    expect(() => tokenized(rooms(), vocabulary, { maxStateTokens: 25 })).toThrow(
      'tokenized: maxStateTokens must be an integer >= 26 (the last action needs maxActionTokens + 1), got 25; raise maxStateTokens',
    );
    expect(() => tokenized(rooms(), { words: ['go'], encode: () => [] })).toThrow(
      'tokenized: vocabulary.words[0] must be <unknown>, got go; build it with buildVocabulary',
    );
    const fresh = tokenized(rooms(), vocabulary);
    expect(() => fresh.observationText()).toThrow('tokenized: observationText needs an episode; call reset first');
    await expect(fresh.step(0)).rejects.toThrow('tokenized: step needs an episode; call reset first');
    await fresh.reset({ seed: 0, split: 'train' });
    await expect(fresh.step(3)).rejects.toThrow(
      'tokenized: step needs the index of one of 3 admissible actions, got 3',
    );
  });

  it('shows an episode as it would alone, whatever other environments of the vocabulary show meanwhile', async () => {
    const seeds = [0, 1, 2, 0];
    const play = async (environments: readonly Environment[]): Promise<Step[][]> => {
      const steps: Step[][] = [];
      for (const [i, wrapped] of environments.entries())
        steps.push([await wrapped.reset({ seed: seeds[i], split: 'train' })]);
      for (let s = 0; s < 3; s++)
        for (const [i, wrapped] of environments.entries()) steps[i].push(await wrapped.step(2));
      return steps;
    };
    const together = await play(seeds.map(() => tokenized(rooms(), vocabulary)));
    const alone = buildVocabulary(['You are in room 0.', 'room 1 room 2', 'go east', 'go west', 'wait']);
    expect(alone.words).toEqual(vocabulary.words);
    expect(together).toEqual(await play(seeds.map(() => tokenized(rooms(), { ...alone }))));
    expect(together[3]).toEqual(together[0]);
    expect(together[1]).not.toEqual(together[0]);
  });

  it('reads any number of actions under one observation, and the first of them again', async () => {
    const actions = Array.from(
      { length: 200 },
      (_, i) => `go ${['east', 'west', 'wait'][i % 3]} room ${i % 2} ${'room '.repeat(i)}`,
    );
    const many = (): Promise<Step> => {
      const environment = rooms({
        reset: () => ({
          observation: 'You are in room 0. Go east to room 1.',
          reward: 0,
          terminated: false,
          truncated: false,
          info: { admissibleActions: [...actions, actions[0]] },
        }),
      });
      return tokenized(environment, { ...vocabulary }).reset({ seed: 0, split: 'train' }) as Promise<Step>;
    };
    const read = actionWords(await many());
    expect(read[0]).toBe('<new> go east room 0 <been> you are in room 0 .');
    expect(read[200]).toBe(read[0]);
    expect(read[1]).toBe('<new> go west room 1 room <now> go east <unknown> room 1 .');
  });
});
