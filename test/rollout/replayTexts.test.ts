import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { collect } from '../../src/rollout/collect.ts';
import { replayTexts } from '../../src/rollout/replayTexts.ts';

const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
const policy = createPolicy(await createArena(), createHousehold().spec, { policy: 'attention', ...sizes });
policy.network.initialise(policy.weights, 3);
policy.network.prepare(policy.weights);
const games = [4, 4, 9].map((seed, rollout) => ({ seed, split: 'train', rollout }) as const);

test('texts are those that the environment stated when the episode was played', async () => {
  const said = new Map<string, { state: string; actions: readonly string[] }>();
  // Writes down what each environment states before each of its steps.
  const environments = games.map((_, e) => {
    const environment = createHousehold();
    let t = 0;
    const note = (): void => {
      said.set(`${e}/${t++}`, { state: environment.observationText(), actions: environment.actionTexts() });
    };
    const step = (action: number): ReturnType<typeof environment.step> => {
      note();
      return environment.step(action);
    };
    return { ...environment, step };
  });
  const options = { key: [1, 2], temperature: 1 } as const;
  const rollout = await collect(policy, environments, games, options);
  const wanted = [0, 5, 7, 30, rollout.states.states - 1];
  const texts = await replayTexts(createHousehold(), rollout, wanted);
  expect([...texts.keys()].sort((a, b) => a - b)).toEqual(wanted);
  for (const [s, text] of texts) expect(text).toEqual(said.get(`${rollout.episode[s]}/${rollout.step[s]}`));
});

test('an environment that plays another episode is an error', async () => {
  const rollout = await collect(policy, [createHousehold()], games.slice(0, 1), { key: [1, 2], temperature: 1 });
  const environment = { ...createHousehold(), actionTexts: () => ['wait'] };
  await expect(replayTexts(environment, rollout, [0])).rejects.toThrow(
    /^replayTexts: step 0 of episode 0 must have \d+ actions as when it was first played, got 1; check that environment household is deterministic$/,
  );
});
