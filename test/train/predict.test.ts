import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { stateValues } from '../../src/engine/policy/values.ts';
import { createStateList, pushState } from '../../src/engine/states/stateList.ts';
import type { Environment } from '../../src/env/environment.ts';
import { collect } from '../../src/rollout/collect.ts';
import { predict } from '../../src/train/advantages.ts';
import { createNormalizers, scaledRewards } from '../../src/train/normalizers.ts';
import { shortCartPole } from '../env/control/shortCartPole.ts';
import { options, someGames } from '../rollout/shares.ts';

const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };

test('each truncated episode counts the value of the state that it ended in, each terminated one 0', async () => {
  const shown: ArrayLike<number>[] = [];
  const environments = Array.from({ length: 10 }, (_, e): Environment => {
    const environment = shortCartPole();
    return {
      ...environment,
      async step(action) {
        const step = await environment.step(action);
        shown[e] = step.truncated && !step.terminated ? Array.from(step.observation) : [];
        return step;
      },
    };
  });
  const { spec } = environments[0];
  const heads = { valueHead: true, separateValue: true };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes, ...heads });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  const rollout = await collect(policy, environments, someGames(10), { ...options, finals: true });
  const repeats = rollout.first.slice(0, rollout.states.states);
  const config = resolveConfig({ method: 'ppo', policy: 'mlp', normalizeRewards: true });
  const { last, values, reward } = predict(policy, rollout, repeats, null, config);

  const expected = shown.map((observation) => {
    if (observation.length === 0) return 0;
    const list = createStateList(policy.network.batch.shape);
    pushState(list, observation as number[], [0, 1]);
    return stateValues(policy, list, Int32Array.of(0))[0];
  });
  expect([...(last as Float32Array)]).toEqual(expected);
  const zeros = expected.filter((value) => value === 0).length;
  expect([zeros > 0, zeros < 10, new Set(expected).size > 3]).toEqual([true, true, true]);
  expect(values).toEqual(stateValues(policy, rollout.states, repeats));
  expect(reward).toBe(rollout.reward);

  const [own, other] = [createNormalizers(config, spec), createNormalizers(config, spec)].map(({ returns }) => returns);
  const scaled = predict(policy, rollout, repeats, own, config).reward;
  expect(scaled).toEqual(scaledRewards(other as NonNullable<typeof other>, rollout, 0.99));
  expect(predict(policy, { ...rollout, finals: null }, repeats, null, config).last).toBeNull();
});
