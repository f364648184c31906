import { describe, expect, it } from 'vitest';
import { collectTexts } from '../../../src/env/text/collectTexts.ts';
import { rooms } from './rooms.ts';

describe('collectTexts', () => {
  it('returns every observation and action of random episodes of the train split, the same for the same seed', async () => {
    const splits: string[] = [];
    const plain = rooms();
    const watched = rooms({
      reset: (episode) => {
        splits.push(episode.split);
        return plain.reset(episode);
      },
      step: (action) => plain.step(action),
    });
    const texts = await collectTexts(watched, { episodes: 20, seed: 5 });
    expect(splits).toEqual(Array.from({ length: 20 }, () => 'train'));
    expect(await collectTexts(rooms(), { episodes: 20, seed: 5 })).toEqual(texts);
    expect(await collectTexts(rooms(), { episodes: 20, seed: 6 })).not.toEqual(texts);
    expect([...new Set(texts)].sort()).toEqual([
      'You are in room 0.',
      'You are in room 1.',
      'You are in room 2.',
      'go east',
      'go west',
      'wait',
    ]);
    expect(texts.filter((text) => text === 'go east').length).toBeGreaterThan(40);
  });

  it('rejects empty input', async () => {
    await expect(collectTexts(rooms(), { episodes: 0, seed: 5 })).rejects.toThrow(
      'collectTexts: episodes must be an integer >= 1, got 0',
    );
  });
});
