import { describe, expect, it } from 'vitest';
import { collectShownTexts, collectTexts } from '../../../src/env/text/collectTexts.ts';
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

  it('plays episodes at the same time in several environments, with the same texts whatever answers first', async () => {
    let waiting = 0;
    let most = 0;
    let answers = 0;
    const late = () => {
      const plain = rooms();
      const after = async <T>(step: T): Promise<T> => {
        most = Math.max(most, ++waiting);
        // Answers come in another order than requests.
        await new Promise((resolve) => setTimeout(resolve, (answers++ * 7) % 5));
        waiting--;
        return step;
      };
      return rooms({
        reset: async (episode) => after(await plain.reset(episode)),
        step: async (action) => after(await plain.step(action)),
      });
    };
    const alone = await collectShownTexts([rooms()], { episodes: 20, seed: 5 });
    const done: number[] = [];
    const environments = Array.from({ length: 6 }, late);
    const together = await collectShownTexts(environments, { episodes: 20, seed: 5 }, (count) => done.push(count));
    expect(together).toEqual(alone);
    expect(most).toBe(6);
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('ends all episodes when one fails', async () => {
    let steps = 0;
    let resets = 0;
    const plain = rooms();
    const counting = rooms({
      reset(episode) {
        resets++;
        return plain.reset(episode);
      },
      step(action) {
        steps++;
        return plain.step(action);
      },
    });
    const failing = rooms({ reset: () => Promise.reject(new Error('no game')) });
    await expect(collectShownTexts([counting, failing], { episodes: 1000, seed: 5 })).rejects.toThrow('no game');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([resets, steps]).toEqual([1, 1]);
  });

  it('rejects empty input', async () => {
    await expect(collectTexts(rooms(), { episodes: 0, seed: 5 })).rejects.toThrow(
      'collectTexts: episodes must be an integer >= 1, got 0',
    );
  });
});
