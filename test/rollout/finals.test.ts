import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { collect } from '../../src/rollout/collect.ts';
import { mergeRollouts } from '../../src/rollout/merge.ts';
import { packRollout } from '../../src/rollout/pack.ts';
import type { FinalStates, Rollout } from '../../src/rollout/rollout.ts';
import { shortCartPole } from '../env/control/shortCartPole.ts';
import { options, policyFor, someGames } from './shares.ts';

const asked = { ...options, finals: true };

/** Ends of the episodes of a rollout, by episode. */
function endsOf(rollout: Rollout): { terminated: boolean; steps: number }[] {
  return rollout.games.map((_, e) => {
    const last = rollout.episode.subarray(0, rollout.states.states).lastIndexOf(e);
    return { terminated: rollout.terminated[last] === 1, steps: rollout.lengths[e] };
  });
}

describe('states after the last steps of truncated episodes', () => {
  test('are those that the environment showed last, of the truncated episodes only', async () => {
    const shown: number[][] = [];
    const environments = Array.from({ length: 12 }, (_, e): Environment => {
      const environment = shortCartPole();
      return {
        ...environment,
        async step(action) {
          const step = await environment.step(action);
          shown[e] = Array.from(step.observation);
          return step;
        },
      };
    });
    const rollout = await collect(await policyFor(environments[0]), environments, someGames(12), asked);
    const { states, episode } = rollout.finals as FinalStates;
    const truncated = endsOf(rollout).flatMap(({ terminated }, e) => (terminated ? [] : [e]));
    expect(truncated.length).toBeGreaterThan(1);
    expect(truncated.length).toBeLessThan(12);
    expect([...episode]).toEqual(truncated);
    truncated.forEach((e, s) => {
      expect([...states.vectors.subarray(4 * s, 4 * s + 4)]).toEqual(shown[e].map(Math.fround));
      // The environment lists no actions after the end: all of its ids.
      expect([...states.actionFeatures.subarray(2 * s, 2 * s + 2)]).toEqual([0, 1]);
    });
    expect((await collect(await policyFor(environments[0]), environments, someGames(12), options)).finals).toBeNull();
  });

  test('where no actions are listed after the end they are those of the state before it', async () => {
    const environments = someGames(4).map(() => createHousehold({ maxSteps: 3 }));
    const rollout = await collect(await policyFor(environments[0]), environments, someGames(4), asked);
    const { states, episode } = rollout.finals as FinalStates;
    expect([...episode]).toEqual([0, 1, 2, 3]);
    const featuresOf = (list: Rollout['states'], s: number): number[] => [
      ...list.actionFeatures.subarray(
        list.actionOffsets[list.rowOffsets[s]],
        list.actionOffsets[list.rowOffsets[s + 1]],
      ),
    ];
    for (let e = 0; e < 4; e++) {
      const last = rollout.episode.subarray(0, rollout.states.states).lastIndexOf(e);
      expect(featuresOf(states, e)).toEqual(featuresOf(rollout.states, last));
    }
  });

  test.each([2, 3, 5])('%i shares of the episodes merge to those of all at once, packed or not', async (shares) => {
    const policy = await policyFor(shortCartPole());
    const games = someGames(11);
    const create = (): Environment[] => games.map(shortCartPole);
    const whole = await collect(policy, create(), games, asked);
    const numbers = Array.from({ length: shares }, (_, k) => [...games.keys()].filter((e) => e % shares === k));
    const pieces: Rollout[] = [];
    for (const own of numbers) {
      const part = own.map((e) => games[e]);
      pieces.push(packRollout(await collect(policy, create(), part, { ...asked, numbers: own })));
    }
    const merged = mergeRollouts(pieces, numbers, games, policy.network.batch.shape, 18);
    const [a, b] = [whole, merged].map(({ finals }) => finals as FinalStates);
    expect([...b.episode]).toEqual([...a.episode]);
    expect(a.states.states).toBeGreaterThan(2);
    expect(b.states.vectors.slice(0, 4 * a.states.states)).toEqual(a.states.vectors.slice(0, 4 * a.states.states));
  });
});
