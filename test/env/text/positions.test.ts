import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../../src/config/config.ts';
import { type Note, openEnvironments } from '../../../src/env/registry.ts';
import { collectShownTexts } from '../../../src/env/text/collectTexts.ts';
import { neededBy } from '../../../src/env/text/positions.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import type { Progress } from '../../../src/train/run.ts';
import { train } from '../../../src/train/trainer.ts';
import { rooms } from './rooms.ts';

/** Rooms that are described at length; the way east is described in a sentence of 20 words. */
function longRooms() {
  const plain = rooms();
  const more = `${'It is dark here. '.repeat(30)}${'very '.repeat(14)}far in the east there is light.`;
  const longer = <T extends { observation: string }>(step: T): T => ({
    ...step,
    observation: `${step.observation} ${more}`,
  });
  return rooms({
    reset: async (episode) => longer(await plain.reset(episode)),
    step: async (action) => longer(await plain.step(action)),
  });
}

const openBridge = async () => ({ create: longRooms, close: async () => {} });
const config: Partial<Config> = {
  ...{ env: 'rooms', coldStart: 0, iterations: 1, groupsPerIteration: 1, numGenerations: 2, trainGames: 2 },
  ...{ evalEpisodes: 1, couplingPairs: 1, vocabularyEpisodes: 6 },
};

async function notesOf(changes: Partial<Config>): Promise<readonly Note[]> {
  const all: (readonly Note[])[] = [];
  const onNotes = (notes: readonly Note[]): void => void all.push(notes);
  await openEnvironments(resolveConfig({ ...config, ...changes }), openBridge, null, { onNotes });
  expect(all.length).toBeLessThan(2);
  return all[0] ?? [];
}

describe('what is cut of texts', () => {
  test('is noted with the key that changes it; with these values nothing is cut or noted', async () => {
    const notes = await notesOf({ vocabularySize: 12 });
    expect(notes).toEqual([
      {
        text: 'observations of rooms have up to 182 tokens with the last action, 48 are kept',
        key: 'maxStateTokens',
        value: 182,
      },
      {
        text: 'actions of rooms have up to 26 tokens with the sentence that they are about, 24 are kept',
        key: 'maxActionTokens',
        value: 26,
      },
      {
        text: 'texts of rooms need a vocabulary of 28 words, 12 are kept',
        key: 'vocabularySize',
        value: 28,
      },
    ]);
    const raised = Object.fromEntries(notes.map(({ key, value }) => [key, value]));
    expect(await notesOf(raised)).toEqual([]);
    for (const { key, value } of notes)
      expect((await notesOf({ ...raised, [key]: value - 1 })).map((note) => note.key)).toContain(key);
  });

  test('the numbers are those of positions that tokenized fills', async () => {
    const shown = await collectShownTexts([longRooms()], { episodes: 6, seed: 1 });
    const vocabulary = buildVocabulary(shown.flatMap(({ observation, actions }) => [observation, ...actions]));
    const { stateTokens, actionTokens } = neededBy(shown, vocabulary, 24);
    const wide = tokenized(longRooms(), vocabulary, { maxStateTokens: 1_000, maxActionTokens: 100 });
    let longest = 0;
    let longestAction = 0;
    let step = await wide.reset({ seed: 1, split: 'train' });
    for (let i = 0; i < 4; i++) {
      longest = Math.max(longest, (step.observation as number[]).length);
      for (const action of step.info.admissibleActions as number[][])
        longestAction = Math.max(longestAction, action.length);
      if (step.terminated || step.truncated) break;
      step = await wide.step(1);
    }
    expect([longest, longestAction]).toEqual([stateTokens, actionTokens]);
  });

  test('a run reports it once, at the end of the phase of the vocabulary, and is bitwise identical to a run without a report', async () => {
    const reports: Progress[] = [];
    const heard = await train(config, { openBridge, onProgress: (progress) => reports.push(progress) });
    expect(await train(config, { openBridge })).toEqual(heard);
    const noted = reports.filter(({ notes }) => notes !== undefined);
    expect(noted.length).toBe(1);
    expect([noted[0].phase, noted[0].done, noted[0].notes?.map(({ key }) => key)]).toEqual([
      'vocabulary',
      6,
      ['maxStateTokens', 'maxActionTokens'],
    ]);
  });
});
