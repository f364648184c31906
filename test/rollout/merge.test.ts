import { describe, expect, test } from 'vitest';
import { mergeRollouts } from '../../src/rollout/merge.ts';
import { packRollout } from '../../src/rollout/pack.ts';
import { collectAll, collectShares, contentOf, policyFor, someGames, sources } from './shares.ts';

describe.each(sources)('%s', (_, hasExpert, open) => {
  test.each([
    [1, 6],
    [2, 7],
    [3, 8],
    [4, 8],
    [4, 3],
  ])('%i shares of %i episodes merge to the rollout of all at once, to the bit', async (shares, episodes) => {
    const source = await open();
    const environment = source.create();
    const { spec } = environment;
    const policy = await policyFor(environment);
    const games = someGames(episodes);
    const whole = await collectAll(source, policy, games);
    // Every so-manyth, so that no share has its games in a row.
    const numbers = Array.from({ length: shares }, (_, k) => [...games.keys()].filter((e) => e % shares === k));
    const pieces = await collectShares(source, policy, games, numbers);
    const { shape } = policy.network.batch;
    const merged = mergeRollouts(pieces, numbers, games, shape, spec.maxSteps);
    expect(contentOf(merged)).toEqual(contentOf(whole));
    expect(merged.expert.length > 0).toBe(hasExpert);
    // Packed, as they come from other threads.
    expect(contentOf(mergeRollouts(pieces.map(packRollout), numbers, games, shape, spec.maxSteps))).toEqual(
      contentOf(whole),
    );
    // A share in the place of another is another rollout.
    if (shares > 1 && episodes % shares === 0) {
      expect(contentOf(mergeRollouts(pieces.toReversed(), numbers, games, shape, spec.maxSteps))).not.toEqual(
        contentOf(whole),
      );
    }
  });
});
