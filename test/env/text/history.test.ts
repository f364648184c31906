import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../../src/config/config.ts';
import type { Step, TokensSpec } from '../../../src/env/environment.ts';
import { openEnvironments } from '../../../src/env/registry.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { openCrew } from '../../../src/parallel/crew.ts';
import { train } from '../../../src/train/trainer.ts';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { rooms } from './rooms.ts';

const vocabulary = buildVocabulary(['You are in room 0.', 'room 1 room 2', 'go east', 'go west', 'wait']);

/** Words of a state, after a check that positions are consecutive. */
function words({ observation }: Step): string {
  const features = [...observation];
  const size = vocabulary.words.length;
  expect(features.map((feature) => Math.floor(feature / size))).toEqual(features.map((_, position) => position));
  return features.map((feature) => vocabulary.words[feature % size]).join(' ');
}

describe('history', () => {
  test('the latest observations follow the current one, each as it was shown, and an episode begins without them', async () => {
    const wrapped = tokenized(rooms(), vocabulary, { history: 2 });
    const spec = wrapped.spec as TokensSpec;
    expect([spec.version, spec.stateSlots]).toEqual(['3+tokens2+history2', 3 * 48]);
    for (let episode = 0; episode < 2; episode++) {
      expect(words(await wrapped.reset({ seed: 0, split: 'train' }))).toBe('<now> you are in room 0 .');
      const now = '<last> go east <now> you are in room 1 .';
      expect(words(await wrapped.step(0))).toBe(`${now} <been> you are in room 0 .`);
      expect(words(await wrapped.step(2))).toBe(
        `<last> wait <now> you are in room 1 . ${now.replace('<now>', '<been>')} <been> you are in room 0 .`,
      );
      // The first observation is three steps back.
      expect(words(await wrapped.step(1))).toBe(
        `<last> go west <now> you are in room 0 . <last> wait <been> you are in room 1 . ${now.replace('<now>', '<been>')}`,
      );
    }
  });

  test('0 shows what is shown without it', async () => {
    const play = async (options: object): Promise<Step[]> => {
      const wrapped = tokenized(rooms(), vocabulary, options);
      return [await wrapped.reset({ seed: 1, split: 'train' }), await wrapped.step(0), await wrapped.step(2)];
    };
    expect(await play({ history: 0 })).toEqual(await play({}));
  });

  test('each observation is cut to maxStateTokens by itself', async () => {
    const wrapped = tokenized(rooms(), vocabulary, { history: 1, maxStateTokens: 6, maxActionTokens: 4 });
    await wrapped.reset({ seed: 0, split: 'train' });
    expect(words(await wrapped.step(0))).toBe('<last> go east <now> you . <been> you are in 0 .');
  });

  test('rejects what cannot work', async () => {
    expect(() => tokenized(rooms(), vocabulary, { history: 65 })).toThrow('tokenized: history must be');
    expect(() => tokenized(rooms(), vocabulary, { history: 1, memory: false })).toThrow(
      'tokenized: history must be 0 without memory, got 1; leave out memory: false',
    );
    await expect(openEnvironments(resolveConfig({ history: 1 }), null)).rejects.toThrow(
      'config: history must be 0 where observations are not text, got 1 with env "household"; set history to 0 or observation to "text"',
    );
  });
});

test('a run with history is bitwise identical on one thread and on three, and differs from one without', async () => {
  const config: Partial<Config> = {
    ...{ observation: 'text', iterations: 2, groupsPerIteration: 2, numGenerations: 6, coldStart: 4 },
    ...{ coldStartUpdates: 4, trainGames: 4, evalEpisodes: 6, couplingPairs: 2, vocabularyEpisodes: 2, maxSteps: 8 },
  };
  const hashOf = async (changes: Partial<Config>): Promise<string> =>
    (await train({ ...config, ...changes })).parametersSha256;
  const alone = await hashOf({ history: 2 });
  const crew = await openCrew(spawnWorker, 3, { cores: null });
  try {
    const { parametersSha256, receipt } = await train({ ...config, history: 2 }, { crew });
    expect(parametersSha256).toBe(alone);
    expect(receipt.environment).toMatch(/\+history2$/);
  } finally {
    await crew.close();
  }
  expect(await hashOf({})).not.toBe(alone);
});
