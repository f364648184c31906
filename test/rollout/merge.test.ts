import { describe, expect, test } from 'vitest';
import { collect } from '../../src/rollout/collect.ts';
import { mergeRollouts } from '../../src/rollout/merge.ts';
import { packRollout } from '../../src/rollout/pack.ts';
import { collectAll, collectShares, contentOf, options, policyFor, someGames, sources } from './shares.ts';

describe.each(sources)('%s', (_, hasExpert, open) => {
  test('arrays of a reusable rollout are reused, whether it was longer or shorter, and its content is replaced', async () => {
    const source = await open();
    const policy = await policyFor(source.create());
    const [few, many] = [someGames(4), someGames(9).toReversed()];
    const environments = many.map(() => source.create());
    const { spec } = environments[0];
    const { shape } = policy.network.batch;
    const fresh = [await collectAll(source, policy, few), await collectAll(source, policy, many)].map(contentOf);
    const reusable = await collectAll(source, policy, many);
    const again = await collect(policy, environments, few, options, reusable);
    expect(again.episode).toBe(reusable.episode);
    expect(again.states.actionFeatures).toBe(reusable.states.actionFeatures);
    expect(contentOf(again)).toEqual(fresh[0]);
    expect(contentOf(await collect(policy, environments, many, options, again))).toEqual(fresh[1]);
    const larger = await collect(policy, environments, many, options, await collectAll(source, policy, few));
    expect(contentOf(larger)).toEqual(fresh[1]);
    const piece = await collectAll(source, policy, few);
    const merged = mergeRollouts([piece], [[...few.keys()]], few, shape, spec.maxSteps, larger);
    expect(merged.episode).toBe(larger.episode);
    expect(contentOf(merged)).toEqual(fresh[0]);
  });

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
    // Every n-th game, so that no part has adjacent games.
    const numbers = Array.from({ length: shares }, (_, k) => [...games.keys()].filter((e) => e % shares === k));
    const pieces = await collectShares(source, policy, games, numbers);
    const { shape } = policy.network.batch;
    const merged = mergeRollouts(pieces, numbers, games, shape, spec.maxSteps);
    expect(contentOf(merged)).toEqual(contentOf(whole));
    expect(merged.expert.length > 0).toBe(hasExpert);
    // Packed, as other threads send them.
    expect(contentOf(mergeRollouts(pieces.map(packRollout), numbers, games, shape, spec.maxSteps))).toEqual(
      contentOf(whole),
    );
    // Exchanged parts result in a different rollout.
    if (shares > 1 && episodes % shares === 0) {
      expect(contentOf(mergeRollouts(pieces.toReversed(), numbers, games, shape, spec.maxSteps))).not.toEqual(
        contentOf(whole),
      );
    }
  });
});
